/** A thread that verifies: takes what it was started with and posts what it found, or the failure in pieces. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreFailure, textOf } from "../failure.ts";
import type { EntriesReport } from "./decider.ts";
import { Feed, type FeedEnd, type MouthEnd } from "./feed.ts";
import type { FamilyEngine } from "../families/engine.ts";
import { loadFamilyEngine } from "../families/load-engine.ts";
import { verifyHalf, type Half, type HalfFound, type Standing } from "./half.ts";
import type { PayloadsReport } from "./payloads-part.ts";
import { verifyDeciding, verifyHere, verifyReading, type VerifyOptions, type VerifyReport } from "./verify.ts";

/** What a thread is started with: one half; or without an end of a feed everything, with one its side of the feed. */
export type VerifyTask =
  | { readonly half: Half }
  | { readonly options: VerifyOptions; readonly end: FeedEnd | MouthEnd | undefined };

/** What a thread found. */
export type VerifyFound =
  | { readonly report: VerifyReport }
  | { readonly entries: EntriesReport }
  | { readonly payloads: PayloadsReport }
  /** Undefined when it could not be begun. */
  | { readonly half: HalfFound | undefined };

/** What a thread answers. */
export type VerifyAnswer =
  | VerifyFound
  /** Said first by a thread with a half. */
  | { readonly begun: Standing }
  | {
      readonly failure: {
        readonly code: StoreFailure["code"];
        readonly message: string;
        readonly retry: StoreFailure["retry"];
      };
    };

async function found(given: VerifyTask): Promise<VerifyFound> {
  if ("half" in given) return { half: halfFound({ ...given.half, engine: await loadFamilyEngine() }) };
  const { options, end } = given;
  if (end === undefined) return { report: await verifyHere(options) };
  if (end.end === "mouth") return { entries: await verifyDeciding(options, end) };
  return { payloads: await verifyReading(options, new Feed(end)) };
}

/** Whatever is wrong with a half is met again by who verifies in order. */
function halfFound(half: Half & { readonly engine: FamilyEngine }): HalfFound | undefined {
  try {
    return verifyHalf(half, (begun) => say({ begun }));
  } catch {
    return undefined;
  }
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

function say(said: VerifyAnswer): void {
  parentPort?.postMessage(said);
}

// The other side of this boundary is verify-vault.ts, which sends exactly this.
const task: VerifyTask = workerData;
say(await answer(task));
