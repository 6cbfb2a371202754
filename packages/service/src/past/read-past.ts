/**
 * Reads the past of a vault on a thread of its own, so that nobody who has operations decided waits for it.
 */
import { Worker } from "node:worker_threads";

import type { MachinePort } from "@toka/kernel";

import { ServiceFailure } from "../failure.ts";
import { failureFrom } from "../http/failure-body.ts";
import type { Forked } from "@toka/store";

import type { PastState, ReplayReport, ReplayRequest, StateDiff } from "./answers.ts";
import type { PastAnswer, PastPosted, PastQuestion, PastTask } from "./past-worker.ts";

/** Questions that wait while one is answered: each takes a thread and the memory of a state for a second or three. */
const waitingMax = 16;

/** Looks at the past of one vault. */
export interface Past {
  /**
   * @param at - an entry
   * @returns everything that lived after it
   * @throws a failure `position_beyond` when the log is shorter, `vault_damaged` when its files are not its own
   */
  readonly state: (at: number) => Promise<PastState>;
  /**
   * @param from - an entry
   * @param to - another, before or after it
   * @returns what differs after the second from what was after the first
   * @throws a failure as above
   */
  readonly diff: (from: number, to: number) => Promise<StateDiff>;
  /**
   * @param request - a stretch, and what is supposed
   * @returns what would have come out otherwise
   * @throws a failure as above
   */
  readonly replay: (request: ReplayRequest) => Promise<ReplayReport>;
  /**
   * @param of - the entry to go on from, and the new vault
   * @returns the fork
   * @throws a failure as above, or `vault_exists`
   */
  readonly fork: (of: Omit<Extract<PastQuestion, { readonly type: "fork" }>, "type">) => Promise<Forked>;
}

/**
 * Makes the past of a vault readable: one question after the other.
 *
 * @param dir - folder of the vault
 * @param parts - its machine, and a signal that ends what is under way
 * @returns the past
 */
export function createPast(
  dir: string,
  { machine, closing }: { readonly machine: Pick<MachinePort, "view" | "read">; readonly closing: AbortSignal },
): Past {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const ask = async (question: PastQuestion): Promise<PastAnswer> => {
    if (waiting >= waitingMax)
      throw new ServiceFailure("past_busy", {
        message: `Cannot read the past of the vault: ${waiting} questions about it wait already`,
        retry: "later",
      });
    waiting += 1;
    const before = last;
    const answer = (async () => {
      await before;
      return onThread({ question, options: { dir, ...(await vouchedBy(machine)) } }, closing);
    })();
    last = answer.catch(() => {});
    return answer.finally(() => (waiting -= 1));
  };
  return {
    state: async (at) => stateIn(await ask({ type: "state", at })),
    fork: async (of) => forkIn(await ask({ type: "fork", ...of })),
    replay: async (request) => reportIn(await ask({ type: "replay", ...request })),
    diff: async (from, to) => diffIn(await ask({ type: "diff", from, to })),
  };
}

/** What this process knows of the log, against which the files are held. */
async function vouchedBy(machine: Pick<MachinePort, "view" | "read">): Promise<Omit<PastTask["options"], "dir">> {
  const { position, key } = await machine.view((state) => ({
    position: state.head.position,
    key: state.vault?.keys.findLast(({ purpose }) => purpose === "checkpoint")?.publicKey ?? "",
  }));
  const [recorded] = await machine.read(position - 1, { limit: 1 });
  return { key, head: { position, digest: recorded?.digest ?? "" } };
}

async function onThread(task: PastTask, closing: AbortSignal): Promise<PastAnswer> {
  closing.throwIfAborted();
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const name = import.meta.url.endsWith(".ts") ? "past-worker.ts" : "past-worker.js";
  const worker = new Worker(new URL(name, import.meta.url), {
    workerData: task,
    // It prints nothing; and joined to this process's own output it would make that non-blocking for everybody.
    stdout: true,
    stderr: true,
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
  const end = (): void => void worker.terminate();
  closing.addEventListener("abort", end, { once: true });
  try {
    const posted = await new Promise<PastPosted>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(ended(closing)));
    });
    if ("failure" in posted) throw failureFrom(posted.failure);
    return posted.answer;
  } finally {
    closing.removeEventListener("abort", end);
    await worker.terminate();
  }
}

function ended(closing: AbortSignal): ServiceFailure {
  return new ServiceFailure("past_unread", {
    message: `Cannot read the past of the vault: ${closing.aborted ? "the process lets go of the vault" : "its thread ended without an answer"}`,
    retry: "later",
  });
}

function stateIn(answer: PastAnswer): PastState {
  if ("agents" in answer) return answer;
  throw new Error("Cannot read the past: the thread answered another question");
}

function diffIn(answer: PastAnswer): StateDiff {
  if ("changes" in answer) return answer;
  throw new Error("Cannot read the past: the thread answered another question");
}

function reportIn(answer: PastAnswer): ReplayReport {
  if ("divergences" in answer) return answer;
  throw new Error("Cannot replay the log: the thread answered another question");
}

function forkIn(answer: PastAnswer): Forked {
  if ("abandoned" in answer) return answer;
  throw new Error("Cannot fork the vault: the thread answered another question");
}
