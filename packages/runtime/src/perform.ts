/**
 * The one place where effects are performed, whatever their kind: it composes the box that the kernel's decision allows, runs it under a
 * deadline and limits, and says what came of it. It changes nothing outside the run's own layer.
 */
import { amountOf, amountsBy, type AmountKind, type Amounts, type Effect, type EffectOutcome } from "@toka/kernel";
import { RuntimeFailure } from "./failure.ts";
import { composeBox } from "./gate/box.ts";
import {
  sealCodeResult,
  sealToolFailure,
  sealToolValue,
  type Seal,
  type SealedResult,
  type Verdict,
} from "./gate/run-result.ts";
import { learntFrom } from "./gate/learnt-from.ts";
import { afterBytesOf } from "./gate/changes-document.ts";
import { SandboxFailure, type Change, type SandboxResult } from "./sandbox/job.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { digestFolder } from "./tools/folder-digest.ts";
import type { Tool } from "./tools/tool.ts";
import type { LogReader } from "./undo/history.ts";
import { performUndo } from "./undo/perform-undo.ts";

/** What to perform, and with what. */
export interface EffectTask {
  readonly effect: Effect;
  /** The bytes behind its arguments; undefined when they were erased. */
  readonly arguments: Uint8Array | undefined;
  /** Digest of the requesting entry. */
  readonly idempotencyKey: string;
  /** The effect's tool as it is on disk; undefined when it is not there, and for code. */
  readonly tool: Tool | undefined;
  readonly layer: string;
  readonly hiddenPaths: readonly string[];
  readonly outputPaths: readonly string[];
  /** Time until the authority ends, ms; null when it does not end by itself. */
  readonly authorityMs: number | null;
}

/** How to perform. */
export interface Means {
  readonly sandbox: Sandbox;
  readonly seal: Seal;
  /** Where an undo reads what it takes back. */
  readonly log: LogReader;
  /** Ends the run; its reason says why. */
  readonly signal: AbortSignal;
  readonly onOutput: ((stream: "stdout" | "stderr", chunk: Uint8Array) => void) | undefined;
}

/** What came of an effect, before anything is settled. */
export interface Performance {
  readonly verdict: Verdict & { readonly outcome: EffectOutcome };
  readonly result: SealedResult;
  readonly usage: Amounts;
  /** What to bring into the tree; empty unless the outcome allows it. */
  readonly changes: readonly Change[];
}

/**
 * Performs one effect.
 * @returns what came of it; trouble with the sandbox is an outcome too, since the effect then did not happen
 * @throws whatever is no trouble of this effect alone
 */
export async function perform(task: EffectTask, means: Means): Promise<Performance> {
  const { effect } = task;
  if (effect.kind === "undo") return performUndo(task, { ...means, cut: cutter(task, means.signal) });
  const program = boxOf(task);
  if ("code" in program) return notPerformed(effect, { verdict: { outcome: "failed", ...program }, seal: means.seal });
  let run: SandboxResult;
  try {
    run = await means.sandbox.run(
      { ...program, layer: task.layer, ...(means.onOutput === undefined ? {} : { onOutput: means.onOutput }) },
      { signal: means.signal },
    );
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    // A run that is ended while its box is being made fails to make it.
    const cut = means.signal.aborted ? guessed(effect, abortedBy(means.signal, effect)) : undefined;
    const verdict = cut ?? { outcome: "failed", code: error.code, message: error.message };
    return notPerformed(effect, { verdict, seal: means.seal });
  }
  const verdict = judge(run, { task, signal: means.signal });
  return complete(run, { task, verdict, seal: means.seal });
}

/**
 * Says of an effect that it was not performed.
 * @returns an outcome without usage or changes
 */
export function notPerformed(
  effect: Effect,
  { verdict, seal }: { readonly verdict: Performance["verdict"]; readonly seal: Seal },
): Performance {
  const result =
    effect.kind === "code"
      ? sealCodeResult(undefined, { verdict, seal })
      : sealToolFailure(undefined, { verdict, seal });
  return { verdict, result, usage: {}, changes: [] };
}

/**
 * Says of a performance that its changes cannot be brought into the tree.
 * @returns the same usage with another outcome, and no changes
 */
export function withoutChanges(
  performance: Performance,
  { effect, verdict, seal }: { readonly effect: Effect; readonly verdict: Performance["verdict"]; readonly seal: Seal },
): Performance {
  return {
    ...notPerformed(effect, { verdict, seal }),
    usage: amountsBy((kind) => (kind === "storedBytes" ? 0 : amountOf(performance.usage, kind))),
  };
}

/** An undo runs in no box, so that its deadline is looked at between its steps. */
function cutter(task: EffectTask, signal: AbortSignal): () => Performance["verdict"] | undefined {
  const startedMs = performance.now();
  const wallMs = wallMsOf(task);
  return () => {
    if (signal.aborted) return abortedBy(signal, task.effect);
    return performance.now() - startedMs > wallMs ? overdue(task) : undefined;
  };
}

function wallMsOf({ effect, authorityMs }: EffectTask): number {
  return authorityMs === null ? effect.timeoutMs : Math.min(effect.timeoutMs, authorityMs);
}

function boxOf(task: EffectTask): ReturnType<typeof composeBox> {
  const { effect, tool } = task;
  if (task.arguments === undefined)
    return { code: "arguments_missing", message: "Cannot perform the effect: its arguments were erased" };
  if (effect.kind === "tool") {
    if (tool === undefined)
      return {
        code: "tool_not_here",
        message: `Cannot run tool ${effect.tool ?? ""}: it is not among the tools of this process`,
      };
    const problem = programProblem(tool, effect.program);
    if (problem !== undefined)
      return { code: "program_changed", message: `Cannot run tool ${tool.description.name}: ${problem}` };
  }
  return composeBox(effect, {
    arguments: task.arguments,
    idempotencyKey: task.idempotencyKey,
    tool,
    hiddenPaths: task.hiddenPaths,
    outputPaths: task.outputPaths,
    wallMs: Math.max(1, wallMsOf(task)),
  });
}

/** What was allowed is the program that was registered when it was asked for, so it is digested again just before it runs. */
function programProblem(tool: Tool, allowed: string | null): string | undefined {
  try {
    const found = digestFolder(tool.program.folder);
    return found === allowed ? undefined : `its files have the digest ${found}, allowed was ${allowed ?? "none"}`;
  } catch (error) {
    return error instanceof RuntimeFailure || error instanceof Error ? error.message : "its files cannot be read";
  }
}

function judge(
  run: SandboxResult,
  { task, signal }: { readonly task: EffectTask; readonly signal: AbortSignal },
): Performance["verdict"] {
  const { effect } = task;
  const cut = cutShort(run, { task, signal });
  if (cut !== undefined) return guessed(effect, cut);
  if (run.dropped.some((dropped) => dropped.reason === "tree_changed_meanwhile")) {
    return {
      outcome: "conflict",
      code: "tree_changed",
      message: `Cannot bring the changes into the tree: ${firstDropped(run)} changed while the program ran`,
    };
  }
  if (run.dropped.length > 0) {
    return {
      outcome: "failed",
      code: "write_dropped",
      message: `Cannot bring the changes into the tree: ${firstDropped(run)} may not be written (${run.dropped[0]?.reason ?? ""})`,
    };
  }
  if (!("code" in run.exit))
    return {
      outcome: "failed",
      code: run.exit.signal,
      message: `Cannot use the result: the program was ended by ${run.exit.signal}`,
    };
  const { code } = run.exit;
  if (code === 0) return { outcome: "succeeded", code: "0", message: null };
  return { outcome: "failed", code: String(code), message: exitMessage(code) };
}

function cutShort(
  run: SandboxResult,
  { task, signal }: { readonly task: EffectTask; readonly signal: AbortSignal },
): Performance["verdict"] | undefined {
  switch (run.ended) {
    case "exited":
      return undefined;
    case "aborted":
      return abortedBy(signal, task.effect);
    case "deadline":
      return overdue(task);
    default:
      return {
        outcome: "limit",
        code: run.ended,
        message: `Cannot finish the program: it reached its limit of ${limitWords[run.ended]}`,
      };
  }
}

function overdue({ authorityMs, effect }: EffectTask): Performance["verdict"] {
  if (authorityMs !== null && authorityMs < effect.timeoutMs)
    return { outcome: "aborted", code: "grant_expired", message: `Cannot finish ${workOf(effect)}: grant expired` };
  return {
    outcome: "timed-out",
    code: "deadline",
    message: `Cannot finish ${workOf(effect)}: its time of ${Math.min(effect.timeoutMs, amountOf(effect.reserve, "wallMs") || effect.timeoutMs)} ms is over`,
  };
}

/** What an effect that can be done only once did until it was cut short is anybody's guess, and is never guessed at. */
function guessed({ sideEffect }: Effect, cut: Performance["verdict"]): Performance["verdict"] {
  return sideEffect === "external" || sideEffect === "privileged" ? { ...cut, outcome: "unknown" } : cut;
}

function workOf({ kind }: Effect): string {
  return kind === "undo" ? "the undo" : "the program";
}

function abortedBy(signal: AbortSignal, effect: Effect): Performance["verdict"] {
  const code = typeof signal.reason === "string" ? signal.reason : "aborted";
  return { outcome: "aborted", code, message: `Cannot finish ${workOf(effect)}: ${code.replaceAll("_", " ")}` };
}

const limitWords: Readonly<Record<"cpu" | "memory" | "output" | "written", string>> = {
  cpu: "processor time",
  memory: "memory",
  output: "output",
  written: "written bytes",
};

function exitMessage(code: number): string {
  if (code === 127) return "Cannot run the program: it was not found in the box, or itself ended with code 127";
  if (code === 126) return "Cannot run the program: it cannot be started in the box, or itself ended with code 126";
  return `Cannot use the result: the program ended with code ${code}`;
}

function firstDropped(run: SandboxResult): string {
  const more = run.dropped.length > 1 ? ` and ${run.dropped.length - 1} more` : "";
  return `${run.dropped[0]?.path ?? ""}${more}`;
}

function complete(
  run: SandboxResult,
  { task, verdict, seal }: { readonly task: EffectTask; readonly verdict: Performance["verdict"]; readonly seal: Seal },
): Performance {
  const { effect } = task;
  const clean = run.ended === "exited" && run.dropped.length === 0 && "code" in run.exit;
  // A tool's call is all or nothing. A person's program may well end with 1 and have done its work.
  const applies = verdict.outcome === "succeeded" || (effect.kind === "code" && clean);
  const changes = applies ? run.changes : [];
  const learnt = clean ? learntFrom(run, task) : undefined;
  const result =
    effect.kind === "code"
      ? sealCodeResult(run, { verdict, seal, ...(learnt === undefined ? {} : { learnt }) })
      : verdict.outcome === "succeeded"
        ? sealToolValue(run, seal)
        : sealToolFailure(run, { verdict, seal });
  return { verdict, result, usage: usageOf(run, { effect, storedBytes: afterBytesOf(changes) }), changes };
}

function usageOf(
  run: SandboxResult,
  { effect, storedBytes }: { readonly effect: Effect; readonly storedBytes: number },
): Amounts {
  const measured: { readonly [Kind in AmountKind]?: number } = {
    cpuMs: run.usage.cpuMs,
    wallMs: run.usage.wallMs,
    toolCalls: effect.kind === "tool" ? 1 : 0,
    memoryBytes: run.usage.memoryPeakBytes,
    storedBytes,
  };
  return amountsBy((kind) => Math.max(0, Math.ceil(measured[kind] ?? 0)));
}
