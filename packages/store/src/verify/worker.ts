/** A thread that verifies: takes what it was started with and posts what it found, or the failure in pieces. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreFailure, textOf } from "../failure.ts";
import type { EntriesReport } from "./decider.ts";
import { Feed, type FeedEnd, type MouthEnd } from "./feed.ts";
import type { PayloadsReport } from "./payloads-part.ts";
import { verifyDeciding, verifyHere, verifyReading, type VerifyOptions, type VerifyReport } from "./verify.ts";

/** What a thread is started with: without an end of a feed it does everything. */
export interface VerifyTask {
  readonly options: VerifyOptions;
  readonly end: FeedEnd | MouthEnd | undefined;
}

/** What a thread found. */
export type VerifyFound =
  | { readonly report: VerifyReport }
  | { readonly entries: EntriesReport }
  | { readonly payloads: PayloadsReport };

/** What a thread answers. */
export type VerifyAnswer =
  | VerifyFound
  | {
      readonly failure: {
        readonly code: StoreFailure["code"];
        readonly message: string;
        readonly retry: StoreFailure["retry"];
      };
    };

async function found({ options, end }: VerifyTask): Promise<VerifyFound> {
  if (end === undefined) return { report: await verifyHere(options) };
  if (end.end === "mouth") return { entries: verifyDeciding(options, end) };
  return { payloads: await verifyReading(options, new Feed(end)) };
}

async function answer(given: VerifyTask): Promise<VerifyAnswer> {
  try {
    return await found(given);
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
