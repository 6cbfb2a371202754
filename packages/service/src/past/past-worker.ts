/** The thread that looks at the past: takes one question, and posts the answer or the failure in pieces. */
import { parentPort, workerData } from "node:worker_threads";

import { forkVault, type Forked, type ForkOptions, lookAtPast, replayUnder } from "@toka/store";

import { failureOf } from "../http/failure-body.ts";
import type { FailureBody } from "../http/wire.ts";
import { allAreas } from "../state/read-state.ts";
import type { PastState, ReplayReport, ReplayRequest, StateDiff } from "./answers.ts";
import { diffOf, textsOf } from "./diff.ts";

/** What is asked: the state after an entry, what differs between two, a stretch decided again, or a vault that goes on from one. */
export type PastQuestion =
  | { readonly type: "state"; readonly at: number }
  | { readonly type: "diff"; readonly from: number; readonly to: number }
  | ({ readonly type: "replay" } & ReplayRequest)
  | ({ readonly type: "fork"; readonly at: number } & Pick<ForkOptions, "into" | "knownVaults" | "moves">);

/** What the thread is started with. */
export interface PastTask {
  readonly question: PastQuestion;
  readonly options: Pick<ForkOptions, "dir" | "key" | "head">;
}

/** What is answered. */
export type PastAnswer = PastState | StateDiff | ReplayReport | Forked;

/** What the thread posts. */
export type PastPosted = { readonly answer: PastAnswer } | { readonly failure: FailureBody };

async function answer({ question, options }: PastTask): Promise<PastAnswer> {
  if (question.type === "fork") return forkVault(question.at, { ...options, ...question });
  if (question.type === "replay") return replayUnder(question.at, { ...options, ...question });
  if (question.type === "state") return lookAtPast(question.at, { ...options, look: allAreas });
  const from = await lookAtPast(question.from, { ...options, look: textsOf });
  return diffOf(from, await lookAtPast(question.to, { ...options, look: textsOf }));
}

// The other side of this boundary is read-past.ts, which sends exactly this.
const task: PastTask = workerData;
const posted: PastPosted = await answer(task).then(
  (found) => ({ answer: found }),
  (error: unknown) => ({ failure: failureOf(error) }),
);
parentPort?.postMessage(posted);
