/**
 * Performs an effect of kind `undo`: works out what it does to the tree and writes it into a layer. What is then settled and applied is
 * settled and applied like the changes of any run, so that a crash in the middle ends as it does there.
 */
import { excess, type Amounts, type Effect } from "@toka/kernel";
import { afterBytesOf } from "../gate/changes-document.ts";
import type { Seal, SealedResult } from "../gate/run-result.ts";
import type { Change } from "../sandbox/job.ts";
import type { LogReader } from "./history.ts";
import type { UndoConflict } from "./plan.ts";
import { failed, prepareUndo, UndoStop, type UndoVerdict } from "./prepare-undo.ts";
import { writeUndoLayer } from "./undo-layer.ts";
import { decodeUndoArguments } from "./undo-request.ts";

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
  if (asked === undefined) throw new UndoStop(failed("arguments_invalid", "its arguments cannot be read"));
  const onStep = (): void => {
    const verdict = cut();
    if (verdict !== undefined) throw new UndoStop(verdict);
  };
  const plan = await prepareUndo(log, { effects: effect.undoes ?? [], merge: asked.merge, onStep });
  if (plan.conflicts.length > 0) throw inConflict(plan.conflicts);
  const beyond = plan.changes.find(({ path }) => excess(effect.claims, [`fs.write:${path}`]).length > 0);
  if (beyond !== undefined) throw new UndoStop(failed("beyond_claims", `${beyond.path} is not among what it claims`));
  const missing = await writeUndoLayer(layer, {
    changes: plan.changes,
    means: { payload: (content) => log.payload(content), onStep },
  });
  if (missing.length > 0) throw new UndoStop(failed("image_missing", `the log no longer holds ${missing.join(", ")}`));
  const changes = plan.changes.map(({ path, before, after }) => ({ path, before, after }));
  const merged = plan.changes.filter((change) => change.merged).map(({ path }) => path);
  return { changes, told: { merged, kept: plan.kept } };
}

/** The system's errors, such as that of a full disk, are this effect's trouble; anything else is a bug, and nobody's outcome. */
function stopOf(error: unknown): UndoStop {
  if (error instanceof UndoStop) return error;
  if (error instanceof Error && "code" in error) return new UndoStop(failed("undo_failed", error.message));
  throw error;
}

function inConflict(conflicts: readonly UndoConflict[]): UndoStop {
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : "";
  const [first] = conflicts;
  const message = `Cannot undo: ${first?.path ?? ""}${more} stands otherwise than the effect left it: ${first?.message ?? ""}`;
  return new UndoStop({ outcome: "conflict", code: "path_changed", message }, conflicts);
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
