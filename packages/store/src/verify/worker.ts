/** The thread that verifies one part: takes what it was started with and posts what it found, or the failure in pieces. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreFailure, textOf } from "../failure.ts";
import { verifyEntries, type EntriesReport } from "./entries-part.ts";
import { verifyPayloads, type PayloadsReport } from "./payloads-part.ts";
import type { VerifyOptions } from "./verify.ts";

/** What a thread is started with. */
export interface VerifyTask {
  readonly part: "entries" | "payloads";
  readonly options: VerifyOptions;
}

/** What a thread answers. */
export type VerifyAnswer =
  | { readonly entries: EntriesReport }
  | { readonly payloads: PayloadsReport }
  | {
      readonly failure: {
        readonly code: StoreFailure["code"];
        readonly message: string;
        readonly retry: StoreFailure["retry"];
      };
    };

async function answer({ part, options }: VerifyTask): Promise<VerifyAnswer> {
  try {
    if (part === "entries") return { entries: await verifyEntries(options) };
    return { payloads: verifyPayloads(options.dir) };
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
