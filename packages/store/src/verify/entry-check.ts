/**
 * Checking one entry: its text is decided again from the operation and the stamp in it, and the text that comes out must be
 * the same, byte for byte. Only when it is not, the difference is looked for.
 */
import {
  decideWith,
  decodeEntry,
  encodeEntry,
  Newer,
  type Entry,
  type Operation,
  type Outcome,
  type Stamp,
} from "@toka/kernel";
import { leafDigest } from "../digest.ts";
import { rowOf } from "../entry-row.ts";
import { textOf } from "../failure.ts";
import { Undecidable, type ReplayedFamilies } from "../families/replayed.ts";
import type { Fold } from "../fold.ts";
import type { LogRow } from "../log.ts";
import { recordOf } from "../read-stamp.ts";
import type { LinkedEntry } from "./entries-part.ts";
import { differs, quoted } from "./finding.ts";
import { isTextOf, readAsked, type Asked, type QuickReader } from "./read-entry.ts";
import type { FoundEntry } from "./rows.ts";

/** What an entry is checked against. */
export interface CheckAgainst {
  /** Standing at the entry before; it is not moved. */
  readonly fold: Fold;
  readonly reader: QuickReader;
  /** What decides operations of families. */
  readonly families: ReplayedFamilies;
}

/** An entry that came out the same. */
export interface CheckedEntry {
  readonly entry: Entry;
  readonly row: LogRow;
  /** What a family answered was taken from the entry itself, since its bundle is not here. */
  readonly hashOnly: boolean;
}

/**
 * Checks the entry that follows a fold.
 *
 * @param linked the entry, in its place and with bytes that give its digest
 * @returns the entry and its row
 * @throws Differs
 */
export function checkEntry(linked: LinkedEntry, against: CheckAgainst): CheckedEntry {
  const { text, digest } = linked;
  const checked = checkText(text, { ...against, digest });
  compareColumns(linked, checked.row);
  return checked;
}

/**
 * Checks a text that is to be the entry behind a fold.
 *
 * @param text the entry as it is stored
 * @param against the fold, and the text's digest where it is known
 * @returns the entry and its row
 * @throws Differs
 */
export function checkText(
  text: string,
  { digest = leafDigest(text), ...against }: CheckAgainst & { readonly digest?: string },
): CheckedEntry {
  const { fold, reader, families } = against;
  let entry: Entry | undefined;
  try {
    // A text that is the encoding of what was read from it was read right, however quickly.
    const quick = reader.read(text);
    entry = quick === undefined ? undefined : decidedAgain(quick, { text, against });
    if (entry === undefined || quick === undefined || !isTextOf(entry, { text, quick }))
      entry = decidedSlowly(text, against);
  } catch (thrown) {
    if (!(thrown instanceof Undecidable)) throw thrown;
    entry = decodeEntry(text);
  }
  const row = rowOf({ entry, bytes: text, digest }, fold.head.timeMs);
  return { entry, row, hashOnly: families.isRecorded };
}

function decidedSlowly(text: string, against: CheckAgainst): Entry {
  const position = against.fold.head.position + 1;
  const present = presentOf(text, position);
  const entry = decidedAgain(readAsked(text, position), { text, against });
  const again = encodeEntry(entry);
  if (again !== text && again !== present) explain(text, entry);
  return entry;
}

/** An entry of older schemas in its present shape, which deciding it again must give; undefined when it cannot be read as a whole. */
function presentOf(text: string, position: number): string | undefined {
  try {
    return encodeEntry(decodeEntry(text));
  } catch (thrown) {
    if (thrown instanceof Newer)
      differs(position, `a newer Toka wrote it: ${thrown.path}: found ${thrown.found}, wanted ${thrown.wanted}`);
    return undefined;
  }
}

function decidedAgain(
  { operation, stamp }: Asked,
  { text, against }: { readonly text: string; readonly against: CheckAgainst },
): Entry {
  const { fold, families } = against;
  families.begin(text);
  const outcome = outcomeOf(operation, { stamp, fold, families });
  return { position: fold.head.position + 1, previous: fold.head.digest, stamp, operation, outcome };
}

function outcomeOf(
  operation: Operation,
  { stamp, fold, families }: { readonly stamp: Stamp; readonly fold: Fold; readonly families: ReplayedFamilies },
): Outcome {
  const position = fold.head.position + 1;
  let decision;
  try {
    decision = decideWith(fold.state, operation, { stamp, families });
  } catch (thrown) {
    if (thrown instanceof Undecidable) throw thrown;
    differs(position, `deciding it again fails: ${textOf(thrown)}`);
  }
  if ("refused" in decision) {
    if (!decision.recorded) differs(position, "it is recorded, and deciding it again counts it without recording it");
    return { refusal: decision.refused };
  }
  const { accepted, counts } = decision;
  return counts === undefined ? { events: accepted } : { events: accepted, counts };
}

function explain(text: string, wanted: Entry): never {
  const { position } = wanted;
  const found = recordOf(JSON.parse(text));
  if (found["position"] !== position) differs(position, `its bytes are those of position ${quoted(found["position"])}`);
  if (found["previous"] !== wanted.previous)
    differs(
      position,
      `it does not follow the entry before it: found previous ${quoted(found["previous"])}, wanted ${wanted.previous}`,
    );
  const recorded = JSON.stringify(found["outcome"]);
  const again = JSON.stringify(wanted.outcome);
  if (recorded !== again)
    differs(
      position,
      `its outcome is not the one that deciding it again gives: ${outcomeDifference(found["outcome"], wanted.outcome)}`,
    );
  differs(position, "its bytes are not in canonical form");
}

function outcomeDifference(recorded: unknown, again: Outcome): string {
  const [was, is] = [outcomeWord(recorded), outcomeWord(again)];
  if (was !== is) return `recorded is ${was}, decided is ${is}`;
  const before = JSON.stringify(recorded) ?? "nothing";
  const after = JSON.stringify(again);
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  const from = Math.max(0, at - 40);
  return `recorded is …${before.slice(from, at + 40)}…, decided is …${after.slice(from, at + 40)}…`;
}

function outcomeWord(outcome: unknown): string {
  const { refusal, events } = recordOf(outcome);
  if (refusal !== undefined) return `refused (${quoted(recordOf(refusal)["code"])})`;
  return Array.isArray(events) ? `accepted with ${events.length} events` : "neither accepted nor refused";
}

function compareColumns(found: FoundEntry, row: LogRow): void {
  for (const column of ["timeMs", "kind", "principal", "agent", "session", "outcome"] as const)
    if (found[column] !== row[column])
      differs(
        row.position,
        `its column "${column === "timeMs" ? "time_ms" : column}" is not what its bytes say: found ${quoted(found[column])}, wanted ${quoted(row[column])}`,
      );
}
