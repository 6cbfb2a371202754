/** The thread that verifies: takes the options it was started with and posts the report, or the failure in parts. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreFailure, textOf } from "../failure.ts";
import { verifyHere, type VerifyOptions, type VerifyReport } from "./verify.ts";

/** What the thread answers. */
export type VerifyAnswer =
  | { readonly report: VerifyReport }
  | {
      readonly failure: {
        readonly code: StoreFailure["code"];
        readonly message: string;
        readonly retry: StoreFailure["retry"];
      };
    };

async function answer(asked: VerifyOptions): Promise<VerifyAnswer> {
  try {
    return { report: await verifyHere(asked) };
  } catch (thrown) {
    if (!(thrown instanceof StoreFailure))
      throw new Error(`Cannot verify the vault: ${textOf(thrown)}`, { cause: thrown });
    const { code, message, retry } = thrown;
    return { failure: { code, message, retry } };
  }
}

// The other side of this boundary is verify-vault.ts, which sends exactly this.
const options: VerifyOptions = workerData;
parentPort?.postMessage(await answer(options));
