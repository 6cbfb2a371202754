/**
 * Performs an effect of kind `undo`: works out what it does to the tree and writes it into a layer. What is then settled and applied is
 * settled and applied like the changes of any run, so that a crash in the middle ends as it does there.
 */
import {
  excess,
  placeOf,
  type Amounts,
  type Content,
  type Effect,
  type EffectId,
  type EffectOutcome,
} from "@toka/kernel";
import { afterBytesOf, readChangesDocument } from "../gate/changes-document.ts";
import type { Seal, SealedResult } from "../gate/run-result.ts";
import type { Change } from "../sandbox/job.ts";
import { readHistory, type LogReader, type SettledEffect } from "./history.ts";
import { planUndo, type UndoConflict, type UndoneEffect } from "./plan.ts";
import { writeUndoLayer } from "./undo-layer.ts";
import { decodeUndoArguments } from "./undo-request.ts";

/** What came of the effect, in words for a person. */
export interface UndoVerdict {
  readonly outcome: EffectOutcome;
  readonly code: string | null;
  readonly message: string | null;
}

/** What came of an undo, before anything is settled. */
export interface UndoPerformance {
  readonly verdict: UndoVerdict;
  readonly result: SealedResult;
  readonly usage: Amounts;
  readonly changes: readonly Change[];
}

/** What an undo is performed with. */
export interface UndoMeans {
  readonly log: LogReader;
  readonly seal: Seal;
  /** Why the effect may go on no longer; undefined while it may. */
  readonly cut: () => UndoVerdict | undefined;
}

/** One undo to perform. */
export interface UndoTask {
  readonly effect: Effect;
  /** The bytes behind its arguments; undefined when they were erased. */
  readonly arguments: Uint8Array | undefined;
  readonly layer: string;
}

/** Conflicts that a result names; far more than anybody reads. */
const conflictsMax = 10_000;

/** Ends an undo before anything is settled. */
class Stop extends Error {
  readonly verdict: UndoVerdict;
  readonly conflicts: readonly UndoConflict[];
  constructor(verdict: UndoVerdict, conflicts: readonly UndoConflict[] = []) {
    super(verdict.message ?? verdict.outcome);
    this.verdict = verdict;
    this.conflicts = conflicts;
  }
}

/**
 * Performs one undo, up to the layer.
 * @returns what came of it; trouble with the layer is an outcome too, since nothing is settled by then
 * @throws whatever is no trouble of this effect alone
 */
export async function performUndo(task: UndoTask, means: UndoMeans): Promise<UndoPerformance> {
  const startedMs = performance.now();
  const done = (verdict: UndoVerdict, of: Omit<UndoPerformance, "verdict" | "usage">): UndoPerformance => {
    const usage = { wallMs: Math.ceil(performance.now() - startedMs), storedBytes: afterBytesOf(of.changes) };
    return { verdict, usage, ...of };
  };
  try {
    const { changes, told } = await prepare(task, means);
    const result = means.seal(JSON.stringify({ undone: task.effect.undoes ?? [], ...told }));
    return done(
      { outcome: "succeeded", code: null, message: null },
      { result: { content: result.content, payloads: [result] }, changes },
    );
  } catch (error) {
    const { verdict, conflicts } = stopOf(error);
    return done(verdict, { result: sealStop(verdict, { conflicts, seal: means.seal }), changes: [] });
  }
}

async function prepare(
  { effect, arguments: bytes, layer }: UndoTask,
  { log, cut }: UndoMeans,
): Promise<{ readonly changes: readonly Change[]; readonly told: object }> {
  const asked = bytes === undefined ? undefined : decodeUndoArguments(bytes);
  if (asked === undefined) throw new Stop(failed("arguments_invalid", "its arguments cannot be read"));
  const onStep = (): void => {
    const verdict = cut();
    if (verdict !== undefined) throw new Stop(verdict);
  };
  const payload = (content: Content): Promise<Uint8Array | undefined> => log.payload(content);
  const undone = await readUndone(effect.undoes ?? [], { log, onStep });
  const plan = await planUndo(undone, { merge: asked.merge, payload, onStep });
  if (plan.conflicts.length > 0) throw inConflict(plan.conflicts);
  const beyond = plan.changes.find(({ path }) => excess(effect.claims, [`fs.write:${path}`]).length > 0);
  if (beyond !== undefined) throw new Stop(failed("beyond_claims", `${beyond.path} is not among what it claims`));
  const missing = await writeUndoLayer(layer, { changes: plan.changes, means: { payload, onStep } });
  if (missing.length > 0) throw new Stop(failed("image_missing", `the log no longer holds ${missing.join(", ")}`));
  const changes = plan.changes.map(({ path, before, after }) => ({ path, before, after }));
  const merged = plan.changes.filter((change) => change.merged).map(({ path }) => path);
  return { changes, told: { merged, kept: plan.kept } };
}

/** Reads what is to be taken back, the newest first, and makes sure that it can be taken back at all. */
async function readUndone(
  effects: readonly EffectId[],
  { log, onStep }: { readonly log: LogReader; readonly onStep: () => void },
): Promise<readonly UndoneEffect[]> {
  const first = Math.min(...effects.map((effect) => placeOf(effect).position));
  const { effects: known, undoneBy } = await readHistory(log, first - 1);
  const settled: SettledEffect[] = [];
  for (const id of effects) {
    const effect = known.get(id);
    if (effect === undefined) throw new Stop(failed("nothing_to_undo", `${id} is no effect that changed anything`));
    const undo = undoneBy.get(id);
    if (undo !== undefined)
      throw new Stop(failed("already_undone", `${id} was undone by ${undo.id} (entry ${undo.position}) already`));
    settled.push(effect);
  }
  settled.sort((one, other) => other.position - one.position);
  const undone: UndoneEffect[] = [];
  for (const { id, changes } of settled) {
    onStep();
    undone.push({ id, changes: changes === null ? [] : await readChanges(log, { effect: id, changes }) });
  }
  return undone;
}

async function readChanges(
  log: LogReader,
  { effect, changes }: { readonly effect: EffectId; readonly changes: Content },
): Promise<UndoneEffect["changes"]> {
  const bytes = await log.payload(changes);
  const recorded = bytes === undefined ? undefined : readChangesDocument(bytes);
  if (recorded !== undefined) return recorded;
  throw new Stop(failed("changes_unreadable", `the log holds no readable list of what ${effect} changed`));
}

/** The system's errors, such as that of a full disk, are this effect's trouble; anything else is a bug, and nobody's outcome. */
function stopOf(error: unknown): Stop {
  if (error instanceof Stop) return error;
  if (error instanceof Error && "code" in error) return new Stop(failed("undo_failed", error.message));
  throw error;
}

function failed(code: string, state: string): UndoVerdict {
  return { outcome: "failed", code, message: `Cannot undo: ${state}` };
}

function inConflict(conflicts: readonly UndoConflict[]): Stop {
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : "";
  const [first] = conflicts;
  const message = `Cannot undo: ${first?.path ?? ""}${more} stands otherwise than the effect left it: ${first?.message ?? ""}`;
  return new Stop({ outcome: "conflict", code: "path_changed", message }, conflicts);
}

function sealStop(
  verdict: UndoVerdict,
  { conflicts, seal }: { readonly conflicts: readonly UndoConflict[]; readonly seal: Seal },
): SealedResult {
  const listed = conflicts.slice(0, conflictsMax);
  const $failure = { ...verdict, conflicts: listed, conflictsTotal: conflicts.length };
  const result = seal(JSON.stringify({ $failure }));
  return { content: result.content, payloads: [result] };
}
