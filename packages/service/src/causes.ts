/**
 * The causal graph of the log: each entry names those that led to it, and an index tells which ones name it.
 */
import type { MachinePort, RecordedEntry } from "@toka/kernel";

import { ServiceFailure } from "./failure.ts";

/** Entries of one answer: beyond it the graph is one for a program, which asks for each entry on its own. */
const relativesMax = 10_000;
/** Consequences of one entry read at once. */
const pageEntries = 1000;

/**
 * The entries that led to one, or that it led to, directly or by others; the entry itself is the last or the first of them.
 *
 * @param machine - of the vault
 * @param asked - which entry, and in which direction
 * @returns them, the oldest first
 * @throws a failure `no_such_entry`, or `too_many_entries` beyond 10,000
 */
export async function relatives(
  machine: Pick<MachinePort, "read" | "find">,
  { of, which }: { readonly of: number; readonly which: "causes" | "consequences" },
): Promise<readonly RecordedEntry[]> {
  const first = await entryAt(machine, of);
  if (first === undefined)
    throw new ServiceFailure("no_such_entry", {
      message: `Cannot read the ${which} of entry ${of}: there is no such entry`,
    });
  const found = new Map([[of, first]]);
  const next = [first];
  for (let recorded = next.pop(); recorded !== undefined; recorded = next.pop()) {
    const near =
      which === "causes" ? await causesOf(machine, recorded) : await consequencesOf(machine, recorded.entry.position);
    for (const one of near) {
      if (found.has(one.entry.position)) continue;
      if (found.size >= relativesMax)
        throw new ServiceFailure("too_many_entries", {
          message: `Cannot read the ${which} of entry ${of}: there are more than ${relativesMax}; ask for those of one among them`,
        });
      found.set(one.entry.position, one);
      next.push(one);
    }
  }
  return [...found.values()].toSorted((left, right) => left.entry.position - right.entry.position);
}

async function causesOf(
  machine: Pick<MachinePort, "read">,
  { entry }: RecordedEntry,
): Promise<readonly RecordedEntry[]> {
  const causes = await Promise.all(entry.stamp.causes.map(async (position) => entryAt(machine, position)));
  return causes.filter((one) => one !== undefined);
}

async function consequencesOf(machine: Pick<MachinePort, "find">, cause: number): Promise<readonly RecordedEntry[]> {
  const found: RecordedEntry[] = [];
  for (let after = 0; found.length <= relativesMax;) {
    const page = await machine.find({ cause }, { after, limit: pageEntries });
    found.push(...page);
    if (page.length < pageEntries) break;
    after = page.at(-1)?.entry.position ?? after;
  }
  return found;
}

async function entryAt(machine: Pick<MachinePort, "read">, position: number): Promise<RecordedEntry | undefined> {
  const [recorded] = position < 1 ? [] : await machine.read(position - 1, { limit: 1 });
  return recorded?.entry.position === position ? recorded : undefined;
}
