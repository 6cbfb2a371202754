/** The thread that verifies one part: takes what it was started with and posts what it found, or the failure in pieces. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreFailure, textOf } from "../failure.ts";
import { verifyParts, type PartReports, type PartsWanted, type VerifyOptions } from "./verify.ts";

/** What a thread is started with. */
export interface VerifyTask {
  readonly wanted: PartsWanted;
  readonly options: VerifyOptions;
}

/** What a thread answers. */
export type VerifyAnswer =
  | { readonly reports: PartReports }
  | {
      readonly failure: {
        readonly code: StoreFailure["code"];
        readonly message: string;
        readonly retry: StoreFailure["retry"];
      };
    };

async function answer({ wanted, options }: VerifyTask): Promise<VerifyAnswer> {
  try {
    return { reports: await verifyParts(options, wanted) };
  } catch (thrown) {
    if (!(thrown instanceof StoreFailure))
      throw new Error(`Cannot verify the vault: ${textOf(thrown)}`, { cause: thrown });
    const { code, message, retry } = thrown;
    return { failure: { code, message, retry } };
  }
}

// The other side of this boundary is verify-vault.ts, which sends exactly this.
const task: VerifyTask = workerData;
parentPort?.postMessage(await answer(task));
