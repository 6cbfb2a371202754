/**
 * Takes back what effects changed, in the caller's name: the effects are found, an effect of kind `undo` is asked for under the caller's
 * own grant, and the gate does the rest. With a dry run, the plan alone is shown.
 */
import { type Caller, type Content, type EffectId, type MachinePort } from "@toka/kernel";
import {
  type Change,
  changesOf,
  type ChangeHistory,
  claimsOfPaths,
  encodeUndoArguments,
  prepareUndo,
  type Runtime,
  type SettledEffect,
  UndoStop,
} from "@toka/runtime";

import { budgetOf } from "../exec.ts";
import { ServiceFailure } from "../failure.ts";
import type { UndoAnswer, UndoneChange, UndoRequest } from "./answers.ts";
import { blockedPaths } from "./blocked-paths.ts";
import { changeKind } from "./change-kind.ts";
import { diffsOfPlan, diffsOfSettled, type MayRead } from "./diffs.ts";
import { settlementOf, type UndoSettlement } from "./settlement.ts";
import { findTarget, type UndoTarget } from "./target.ts";

/** What one undo may take, ms: hashing and writing many thousands of files fits well within it. */
const timeoutMs = 600_000;

/** What undoing needs. */
export interface UndoParts {
  readonly machine: MachinePort;
  /** Absent in a process that only reads: then there are dry runs alone. */
  readonly runtime: Pick<Runtime, "whenApplied"> | undefined;
  readonly caller: Caller;
  /** Whether the caller may see what a path holds. */
  readonly mayRead: MayRead;
}

/**
 * Undoes.
 *
 * @param request - what to undo, and how
 * @param parts - machine, gate and who asks
 * @returns what was done, or would be, or why not
 * @throws a failure when nothing of that name can be undone
 */
export async function undo(request: UndoRequest, parts: UndoParts): Promise<UndoAnswer> {
  const target = await findTarget(request.target, parts.machine);
  return request.dryRun ? plan(request, { target, parts }) : perform(request, { target, parts });
}

interface Aim {
  readonly target: UndoTarget;
  readonly parts: UndoParts;
}

async function plan({ merge, diff }: UndoRequest, { target, parts }: Aim): Promise<UndoAnswer> {
  const { machine, mayRead } = parts;
  const { effects, history } = target;
  try {
    const planned = await prepareUndo(machine, { effects, merge, onStep: () => undefined });
    if (planned.conflicts.length > 0) {
      const conflicts = await blockedPaths(planned.conflicts, { history, effects, machine });
      return { type: "conflict", position: null, effects, conflicts };
    }
    const diffs = diff ? await diffsOfPlan(planned.changes, { machine, mayRead }) : new Map<string, string>();
    const merged = new Set(planned.changes.filter((change) => change.merged).map(({ path }) => path));
    const changes = planned.changes.map((change) => shown(change, { merged, diffs }));
    return { type: "planned", effects, effect: null, position: null, changes, kept: planned.kept };
  } catch (error) {
    if (!(error instanceof UndoStop)) throw error;
    const { outcome, code, message } = error.verdict;
    return { type: "stopped", outcome, code, message: message ?? outcome, position: null };
  }
}

function shown(
  { path, before, after }: Change,
  of: { readonly merged: ReadonlySet<string>; readonly diffs: ReadonlyMap<string, string> },
): UndoneChange {
  const change = changeKind({ before, after });
  return { path, change, before, after, merged: of.merged.has(path), diff: of.diffs.get(path) ?? null };
}

async function perform(request: UndoRequest, { target, parts }: Aim): Promise<UndoAnswer> {
  const { machine, runtime, mayRead } = parts;
  if (runtime === undefined) {
    throw new ServiceFailure("vault_read_only", { message: "Cannot undo: this process only reads the vault" });
  }
  const { effects, history } = target;
  const asked = await ask(request, { target, parts });
  if ("refusal" in asked) return { type: "refused", ...asked };
  const settlement = await settlementOf(asked.effect, { machine, after: asked.position });
  // Whoever is told that it is done finds it done.
  await runtime.whenApplied();
  const { position } = settlement;
  if (settlement.conflicts.length > 0) {
    const conflicts = await blockedPaths(settlement.conflicts, { history, effects, machine });
    return { type: "conflict", position, effects, conflicts };
  }
  if (settlement.outcome !== "succeeded") return stopped(settlement);
  const changes = await changesOf({ id: asked.effect, changes: settlement.changes }, machine);
  const images = await undoneImages(target, machine);
  const diffs = request.diff ? await diffsOfSettled(changes, { machine, images, mayRead }) : new Map<string, string>();
  const merged = new Set(settlement.merged);
  return {
    type: "undone",
    effects,
    effect: asked.effect,
    position,
    changes: changes.map((change) => shown(change, { merged, diffs })),
    kept: settlement.kept,
  };
}

function stopped({ outcome, code, message, position }: UndoSettlement): UndoAnswer {
  return { type: "stopped", outcome, code, message: message ?? `the undo came to ${outcome}`, position };
}

type Asked =
  | { readonly effect: EffectId; readonly position: number }
  | Pick<Extract<UndoAnswer, { type: "refused" }>, "refusal" | "position">;

async function ask(request: UndoRequest, { target, parts }: Aim): Promise<Asked> {
  const { machine, caller } = parts;
  const { effects } = target;
  const { paths, bytes } = await extentOf(target, machine);
  const sealed = machine.seal(encodeUndoArguments({ merge: request.merge }));
  const receipt = await machine.submit(
    {
      type: "effect.request",
      kind: "undo",
      label: "undo",
      agent: null,
      task: null,
      step: null,
      tool: null,
      undoes: effects,
      arguments: sealed.content,
      claims: claimsOfPaths(paths),
      reserve: { wallMs: timeoutMs, storedBytes: bytes },
      budget: await budgetOf(caller, machine),
      timeoutMs,
      inputs: [],
    },
    { caller, payloads: [sealed] },
  );
  const { outcome, position } = receipt;
  if ("refusal" in outcome) return { refusal: outcome.refusal, position };
  const effect = outcome.events.find((event) => event.type === "effect.requested")?.effect;
  if (effect === undefined || position === null)
    throw new ServiceFailure("fault", { message: "Cannot undo: requesting made no effect" });
  return { effect, position };
}

/** Every path that may change, and at most how many bytes are written there. */
async function extentOf(
  { effects, history }: UndoTarget,
  machine: MachinePort,
): Promise<{ readonly paths: readonly string[]; readonly bytes: number }> {
  const paths = new Set<string>();
  let bytes = 0;
  for (const effect of settledOf(effects, history)) {
    for (const { path, before } of await changesOf(effect, machine)) {
      paths.add(path);
      bytes += before?.type === "file" ? before.size : 0;
    }
  }
  return { paths: [...paths], bytes };
}

/** Where the log keeps the bytes that an undo wrote, by digest. */
async function undoneImages(
  { effects, history }: UndoTarget,
  machine: MachinePort,
): Promise<Parameters<typeof diffsOfSettled>[1]["images"]> {
  const images = new Map<string, Content>();
  for (const effect of settledOf(effects, history)) {
    for (const { before, image } of await changesOf(effect, machine)) {
      if (before?.type === "file" && image !== null) images.set(before.digest, image);
    }
  }
  return images;
}

function settledOf(effects: readonly EffectId[], history: ChangeHistory): readonly SettledEffect[] {
  return effects.flatMap((id) => history.effects.get(id) ?? []);
}
