/** What comes before an undo, whether it is performed or only shown: what is taken back, and the plan for it. */
import { placeOf, type Content, type EffectId, type EffectOutcome } from "@toka/kernel";
import { readChangesDocument } from "../gate/changes-document.ts";
import { readHistory, type LogReader, type SettledEffect } from "./history.ts";
import { planUndo, type UndoConflict, type UndoneEffect, type UndoPlan } from "./plan.ts";

/** What came of an undo, in words for a person. */
export interface UndoVerdict {
  readonly outcome: EffectOutcome;
  readonly code: string | null;
  readonly message: string | null;
}

/** Ends an undo before anything is settled. */
export class UndoStop extends Error {
  readonly verdict: UndoVerdict;
  readonly conflicts: readonly UndoConflict[];
  constructor(verdict: UndoVerdict, conflicts: readonly UndoConflict[] = []) {
    super(verdict.message ?? verdict.outcome);
    this.verdict = verdict;
    this.conflicts = conflicts;
  }
}

/**
 * Words an undo that cannot be done.
 * @returns the verdict
 */
export function failed(code: string, state: string): UndoVerdict {
  return { outcome: "failed", code, message: `Cannot undo: ${state}` };
}

/**
 * Plans an undo of effects of the log.
 *
 * @param log - of the vault
 * @param options - the effects, whether to merge, and what is called between two steps
 * @returns the plan, which may hold conflicts
 * @throws UndoStop when an effect changed nothing, was undone already, or what it changed cannot be read
 */
export async function prepareUndo(
  log: LogReader,
  options: { readonly effects: readonly EffectId[]; readonly merge: boolean; readonly onStep: () => void },
): Promise<UndoPlan> {
  const { effects, merge, onStep } = options;
  const undone = await readUndone(effects, { log, onStep });
  return planUndo(undone, { merge, payload: (content) => log.payload(content), onStep });
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
    if (effect === undefined) throw new UndoStop(failed("nothing_to_undo", `${id} is no effect that changed anything`));
    const undo = undoneBy.get(id);
    if (undo !== undefined)
      throw new UndoStop(failed("already_undone", `${id} was undone by ${undo.id} (entry ${undo.position}) already`));
    settled.push(effect);
  }
  settled.sort((one, other) => other.position - one.position);
  const undone: UndoneEffect[] = [];
  for (const effect of settled) {
    onStep();
    undone.push({ id: effect.id, changes: await changesOf(effect, log) });
  }
  return undone;
}

/**
 * Reads what an effect changed.
 *
 * @param effect - settled
 * @param log - of the vault
 * @returns its changes, none when it changed nothing
 * @throws UndoStop `changes_unreadable` when the log no longer holds the list
 */
export async function changesOf(
  effect: { readonly id: EffectId; readonly changes: Content | null },
  log: Pick<LogReader, "payload">,
): Promise<UndoneEffect["changes"]> {
  if (effect.changes === null) return [];
  const bytes = await log.payload(effect.changes);
  const recorded = bytes === undefined ? undefined : readChangesDocument(bytes);
  if (recorded !== undefined) return recorded;
  throw new UndoStop(failed("changes_unreadable", `the log holds no readable list of what ${effect.id} changed`));
}
