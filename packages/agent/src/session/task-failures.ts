/** Why attempts at tasks failed: what the agent gave as reason, and what the call said that failed. */
import type { Content, EffectId, Entry, KernelEvent, MachinePort, TaskId } from "@toka/kernel";
import type { FailureReport } from "@toka/runtime";

/** The call that an attempt failed over. Texts are the guest's as they were: whoever shows them makes them safe. */
export interface FailedCall {
  readonly tool: string | null;
  readonly step: string | null;
  /** Such as `failed`, `timed-out` or `limit`. */
  readonly outcome: string;
  /** Exit code of the program, or the limit that was hit. */
  readonly code: string | null;
  readonly message: string | null;
  /** The last lines of its standard error. */
  readonly lastLines: readonly string[];
  /** The entry that settled it. */
  readonly position: number;
}

/** One attempt at a task that failed. */
export interface TaskFailure {
  readonly task: string;
  readonly reason: string;
  /** In words; null when none were given, or they were erased. */
  readonly message: string | null;
  /** The entry that says so. */
  readonly position: number;
  /** Null when the attempt failed over no call, for instance because a request was refused. */
  readonly call: FailedCall | null;
}

/** Reads what a call that failed said from its result; undefined when the bytes are no such result. */
export type ReadFailure = (result: Uint8Array) => FailureReport | undefined;

/** A failed attempt whose texts are not looked up yet. */
export interface NotedFailure extends Omit<TaskFailure, "message" | "call"> {
  readonly message: Content | null;
  readonly call: NotedCall | null;
}

interface NotedCall extends Omit<FailedCall, "tool" | "message" | "lastLines"> {
  readonly effect: EffectId;
  readonly result: Content | null;
}

/** What is noted while entries are read. */
export interface FailureNotes {
  readonly failures: NotedFailure[];
  /** The call that failed last in the attempt under way at each task. */
  readonly calls: Map<TaskId, NotedCall>;
}

/**
 * Notes what an event says of a failure; others leave the notes as they are.
 * @param notes - changed in place
 */
export function noteFailure(
  { failures, calls }: FailureNotes,
  { entry, event }: { readonly entry: Entry; readonly event: KernelEvent },
): void {
  const { operation, position } = entry;
  if (event.type === "effect.settled" && event.task !== null) {
    if (operation.type !== "effect.settle" || event.outcome === "succeeded") return;
    const { effect, outcome, step } = event;
    calls.set(event.task, { effect, step, outcome, code: operation.code, result: operation.result, position });
  }
  if (event.type === "task.started") calls.delete(event.task);
  if (event.type === "task.failed" || event.type === "task.timed-out") {
    failures.push({
      task: event.key,
      reason: event.type === "task.failed" ? event.reason : "timed-out",
      message: operation.type === "task.fail" ? operation.message : null,
      position,
      call: calls.get(event.task) ?? null,
    });
  }
}

/**
 * Looks up the texts of a failure.
 * @returns the failure in words
 */
export async function tellFailure(
  { call, ...noted }: NotedFailure,
  {
    machine,
    readFailure,
    toolOf,
  }: {
    readonly machine: Pick<MachinePort, "payload">;
    readonly readFailure: ReadFailure;
    readonly toolOf: (effect: EffectId) => string | null;
  },
): Promise<TaskFailure> {
  const said = noted.message === null ? undefined : await machine.payload(noted.message);
  const failure = { ...noted, message: said === undefined ? null : new TextDecoder().decode(said) };
  if (call === null) return { ...failure, call };
  const { effect, result, ...rest } = call;
  const bytes = result === null ? undefined : await machine.payload(result);
  const report = bytes === undefined ? undefined : readFailure(bytes);
  const { message, lastLines } = report ?? { message: null, lastLines: [] };
  return { ...failure, call: { tool: toolOf(effect), ...rest, message, lastLines } };
}
