/**
 * What a process does with the layers that an earlier one left, before it performs anything.
 *
 * The log says what each layer is: of a settled effect with changes, the mark of an unfinished apply; of any other, the remains of a run
 * that did not count.
 */
import { placeOf, type Content, type EffectId, type MachinePort } from "@toka/kernel";
import { RuntimeFailure } from "../failure.ts";
import { discardLayer } from "../sandbox/layer.ts";
import { readChangesDocument } from "./changes-document.ts";
import { layerOf, leftoverLayers, prepareLayersFolder } from "./layers.ts";
import { applyFromLayer, type SettlementMeans } from "./settlement.ts";

/** Entries read at once while looking for a settlement. */
const pageEntries = 1000;

/**
 * Redoes the applies that were cut short and discards every other leftover layer.
 * @param layersDir - the folder of layers; made when missing
 * @param means - of settling
 * @throws RuntimeFailure `changes_unreadable` when the log's own list of changes is gone; the layer then stays
 */
export async function recoverLayers(layersDir: string, means: SettlementMeans): Promise<void> {
  prepareLayersFolder(layersDir);
  // In the order of the log: a later effect may have changed what an earlier one wrote.
  const leftovers = leftoverLayers(layersDir).toSorted(
    (left, right) => placeOf(left).position - placeOf(right).position,
  );
  for (const effect of leftovers) {
    const layer = layerOf(layersDir, effect);
    const changes = await settledChanges(means.machine, effect);
    if (changes === undefined) {
      discardLayer(layer);
      continue;
    }
    const bytes = await means.machine.payload(changes);
    if (bytes === undefined) {
      // Erased: what was still to be written goes with it.
      discardLayer(layer);
      continue;
    }
    const recorded = readChangesDocument(bytes);
    if (recorded === undefined) {
      throw new RuntimeFailure(`Cannot finish the changes of ${effect}: the log holds no readable list of them`, {
        code: "changes_unreadable",
        retry: "never",
      });
    }
    await means.tree.exclusive(() => applyFromLayer(recorded, { effect, layer, means }));
  }
}

/** @returns the content of an effect's changes when it is settled with some */
async function settledChanges(machine: MachinePort, effect: EffectId): Promise<Content | undefined> {
  const { live, head } = await machine.view((state) => ({
    live: state.effects.has(effect),
    head: state.head.position,
  }));
  if (live) return undefined;
  for (let after = placeOf(effect).position; after < head;) {
    const page = await machine.read(after, { limit: pageEntries });
    const last = page.at(-1);
    if (last === undefined) return undefined;
    for (const { entry } of page) {
      const { operation, outcome } = entry;
      if (operation.type !== "effect.settle" || operation.effect !== effect || !("events" in outcome)) continue;
      if (operation.outcome === "unknown") continue;
      return operation.changes ?? undefined;
    }
    after = last.entry.position;
  }
  return undefined;
}
