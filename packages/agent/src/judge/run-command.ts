/** A command check: one program run in the box as an effect of the judge, which may read and write nothing else. */
import type { BudgetId, Caller, EffectId, EventType, MachinePort, Receipt, RecordedEntry } from "@toka/kernel";
import type { Folders } from "../compile.ts";
import { isJson, jsonAt, type Json } from "../definition/template.ts";
import type { Clock } from "../run/clock.ts";
import { failuresInRowMax, failureWaitMs, isPassing } from "../run/submit.ts";
import type { CheckResult } from "./check-file.ts";

/** What a command is run with. */
export interface CommandOptions {
  readonly machine: MachinePort;
  readonly clock: Clock;
  readonly judge: Caller;
  /** A budget that the judge holds. */
  readonly budget: BudgetId;
  readonly folders: Folders;
  /** The same for every attempt at this check, so that a crash does not run it beside itself. */
  readonly label: string;
  readonly signal: AbortSignal;
}

/** What a command is and what it must come to. */
export interface Command {
  readonly argv: readonly string[];
  readonly exit: number;
  readonly timeoutMs: number;
}

/** Memory that a command check may use, bytes. */
const commandMemoryBytes = 536_870_912;
/** Characters of the program's output that are kept as evidence; the whole output is a payload of its own. */
const outputCharsMax = 400;

/**
 * Runs a command in the box, reading the workspace and the output folder, and compares its exit code.
 * @returns the verdict; refused or not started is not met
 * @throws a failure of the machine, or an abort when `signal` ends the wait
 */
export async function checkCommand(command: Command, options: CommandOptions): Promise<CheckResult> {
  const shown = { argv: [...command.argv] };
  const answer = await request(command, options);
  if ("refused" in answer)
    return {
      met: false,
      found: { ...shown, refused: answer.refused, position: answer.position },
      why: `it was refused: ${answer.refused}`,
    };
  const settled = await settlement(answer.effect, { ...options, after: answer.after });
  if (settled === undefined) return { met: false, found: shown, why: "its outcome is unknown" };
  const { operation, position } = settled.entry;
  if (operation.type === "approval.answer")
    return { met: false, found: { ...shown, position }, why: `it was not approved: ${operation.reason}` };
  if (operation.type === "approval.expire")
    return { met: false, found: { ...shown, position }, why: "nobody approved it in time" };
  if (operation.type !== "effect.settle")
    return { met: false, found: { ...shown, position }, why: "its outcome was given up" };
  const result = operation.result === null ? undefined : parse(await options.machine.payload(operation.result));
  const output = result === undefined ? undefined : jsonAt(result, ["stdout", "text"]);
  const found = {
    ...shown,
    position,
    outcome: operation.outcome,
    exit: operation.code,
    ...(typeof output === "string" ? { stdout: output.slice(0, outputCharsMax).toWellFormed() } : {}),
  };
  const exit = result === undefined ? undefined : jsonAt(result, ["exit", "code"]);
  if (exit === command.exit || (exit === undefined && operation.code === String(command.exit)))
    return { met: true, found, why: null };
  return { met: false, found, why: `it ended with ${operation.code ?? operation.outcome}, wanted ${command.exit}` };
}

type Asked =
  | { readonly effect: EffectId; readonly after: number }
  | { readonly refused: string; readonly position: number | null };

// Asking twice would run it twice, so after a lost answer the log is looked at before it is asked for again.
async function request(command: Command, options: CommandOptions): Promise<Asked> {
  const { machine, clock, judge, label, signal } = options;
  for (let failures = 1; ; failures += 1) {
    const known = await machine.view((state) => {
      for (const effect of state.effects.values()) {
        const same = effect.kind === "code" && effect.principal === judge.principal && effect.label === label;
        if (same && effect.status !== "owed") return { effect: effect.id, after: state.head.position };
      }
      return null;
    });
    // Asked for before a crash and not settled: the runtime performs it, and this waits for the same settlement.
    if (known !== null) return known;
    try {
      return asked(await submit(command, options));
    } catch (error) {
      if (!isPassing(error) || failures >= failuresInRowMax || signal.aborted) throw error;
      await clock.reach(clock.nowMs() + failureWaitMs, { signal });
    }
  }
}

async function submit(command: Command, { machine, judge, budget, folders, label }: CommandOptions): Promise<Receipt> {
  const { argv, timeoutMs } = command;
  const given = machine.seal(JSON.stringify({ argv, cwd: folders.output, env: {} }));
  return await machine.submit(
    {
      type: "effect.request",
      kind: "code",
      label,
      agent: null,
      task: null,
      step: null,
      tool: null,
      arguments: given.content,
      claims: [...new Set([`fs.read:${below(folders.workspace)}`, `fs.read:${below(folders.output)}`])],
      reserve: { cpuMs: timeoutMs, wallMs: timeoutMs, memoryBytes: commandMemoryBytes },
      budget,
      timeoutMs,
      inputs: [],
    },
    { caller: judge, payloads: [given] },
  );
}

function asked({ outcome, position }: Receipt): Asked {
  if ("refusal" in outcome) return { refused: outcome.refusal.code, position };
  for (const event of outcome.events) {
    if (event.type === "effect.requested" || event.type === "approval.requested")
      return { effect: event.effect, after: position ?? 0 };
  }
  return { refused: "not_requested", position };
}

function below(folder: string): string {
  return folder === "/" ? "/**" : `${folder}/**`;
}

const endings: ReadonlySet<EventType> = new Set<EventType>([
  "effect.settled",
  "effect.abandoned",
  "approval.denied",
  "approval.expired",
]);

async function settlement(
  effect: EffectId,
  { machine, after, signal }: CommandOptions & { readonly after: number },
): Promise<RecordedEntry | undefined> {
  const over = new AbortController();
  try {
    for await (const recorded of machine.watch(after, { signal: AbortSignal.any([signal, over.signal]) })) {
      const { outcome } = recorded.entry;
      if (!("events" in outcome)) continue;
      for (const event of outcome.events) {
        if (event.type === "effect.owed" && event.effect === effect) return undefined;
        if (endings.has(event.type) && "effect" in event && event.effect === effect) return recorded;
      }
    }
  } finally {
    over.abort();
  }
  throw signal.reason instanceof Error ? signal.reason : new DOMException("Cannot judge: stopped", "AbortError");
}

function parse(bytes: Uint8Array | undefined): Json | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
