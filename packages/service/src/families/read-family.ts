/**
 * Reads a family out of a vault: its row, its rows, and what its bundle says of itself.
 */
import { type Content, familyRowsOf, type MachinePort } from "@toka/kernel";

import { ServiceFailure } from "../failure.ts";
import { suggestion } from "../on-demand.ts";
import { familyRow, stateRowsMax } from "../state/read-state.ts";
import type { FamilyAnswer, FamilyShapes } from "./answers.ts";

/**
 * Reads a family at the durable head.
 *
 * @param machine - of the vault
 * @param prefix - of the family
 * @returns the family
 * @throws a failure `family_unknown` when none of that prefix is enabled
 */
export async function readFamily(
  machine: Pick<MachinePort, "view" | "payload">,
  prefix: string,
): Promise<FamilyAnswer> {
  const found = await machine.view((state) => {
    const family = state.families.get(prefix);
    if (family === undefined) return { names: [...state.families.keys()] };
    const rows = familyRowsOf(state, prefix);
    const shown = rows.slice(0, stateRowsMax);
    const { position } = state.head;
    return { position, family: familyRow(state, family), total: rows.length, shown, bundle: { ...family.bundle } };
  });
  if ("names" in found)
    throw new ServiceFailure("family_unknown", {
      message: `Cannot show the family ${prefix}: none of that prefix is enabled${suggestion(prefix, found.names)}`,
    });
  const { shown, bundle, ...rest } = found;
  const rows = shown.map(([key, value]) => ({ key, value: valueOf(value) }));
  return { ...rest, description: await shapesOf(machine, bundle), rows };
}

function valueOf(canonical: string): unknown {
  return JSON.parse(canonical);
}

async function shapesOf(machine: Pick<MachinePort, "payload">, bundle: Content): Promise<FamilyShapes | null> {
  const bytes = await machine.payload(bundle);
  if (bytes === undefined) return null;
  const { readBundle } = await import("@toka/store");
  const read = await readBundle(bytes);
  // One that the log has enabled and that describes nothing any more shows nothing; what it decides, its calls say.
  if ("problem" in read) return null;
  const { operations, events } = read.description;
  return { operations, events };
}
