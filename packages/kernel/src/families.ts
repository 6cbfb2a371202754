/**
 * Families: operations that a domain brings along. What decides one is a bundle of code that the log names by its digest; it runs
 * behind this port, and what it may come to is bounded and checked here, so that the kernel itself stays without foreign code.
 *
 * An event of a family carries what it wrote to the family's own rows. So the fold needs no bundle; only deciding does.
 * Source: docs/decisions/0032-families.md.
 */
import { canonicalJson } from "./codec/plain-json.ts";
import type { FamilyHappened } from "./events/family.ts";
import type { FamilyAnswer, FamilyCalling, FamilyHappening, FamilyTrouble, FamilyWrite } from "./family-port.ts";
import { fixedLimits } from "./limits.ts";
import type { PlainRefusal } from "./refusal.ts";
import type { Family } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/**
 * Tells whether a text can name a family, one of its operations or one of its events.
 *
 * @returns true for small letters, digits and `-`, beginning with a letter, at most 31
 */
export function isFamilyName(text: string): boolean {
  return namePattern.test(text);
}

/**
 * Tells whether a text can be the key of a row.
 *
 * @returns true for letters, digits and `_ . - + @ : /`, at most 128
 */
export function isRowKey(text: string): boolean {
  return keyPattern.test(text);
}

/**
 * The rows of a family.
 *
 * @returns key and canonical JSON of each, sorted by key
 */
export function familyRowsOf(state: KernelState, family: string): readonly (readonly [key: string, value: string])[] {
  const prefix = `${family}/`;
  const rows: [string, string][] = [];
  for (const { id, value } of state.familyRows.values())
    if (id.startsWith(prefix)) rows.push([id.slice(prefix.length), value]);
  return rows.sort(([left], [right]) => (left < right ? -1 : 1));
}

/**
 * Takes in a bundle's answer.
 *
 * @param row of the family
 * @param given its answer, which is believed in nothing
 * @returns the events, or the refusal
 */
export function answered(
  row: Family,
  given: { readonly answer: FamilyAnswer; readonly read: FamilyCalling["read"] },
): { readonly accepted: readonly FamilyHappened[] } | { readonly refused: PlainRefusal } {
  const { id: family, version } = row;
  const { answer, read } = given;
  const failed = (reason: FamilyTrouble, message: string): { readonly refused: PlainRefusal } => ({
    refused: { code: "family_failed", family, version, reason, message: message.slice(0, fixedLimits.textCharsMax) },
  });
  if ("absent" in answer) return { refused: { code: "family_absent", family, program: row.program } };
  if ("failed" in answer) return failed(answer.failed, answer.message);
  if ("refused" in answer) {
    const { code, detail } = answer.refused;
    if (!refusalPattern.test(code) || !isBody(detail, fixedLimits.familyDetailCharsMax)) {
      return failed("answer", "a refusal without a code of its own, or with too much beside it");
    }
    return { refused: { code: "family_refused", family, version, reason: code, detail } };
  }
  const wrong = problemOf(answer.events);
  if (wrong !== undefined) return failed("answer", wrong);
  const full = overfull(row, { events: answer.events, read });
  if (full !== undefined) return { refused: full };
  return {
    accepted: answer.events.map(({ name, body, writes }) => ({
      type: "family.happened",
      schema: 1,
      family,
      version,
      name,
      body,
      writes: writes.map(({ key, value }) => ({ key, value })),
    })),
  };
}

/**
 * By how much a write changes rows and characters of a family.
 *
 * @returns what is added to each
 */
export function growthOf(
  write: FamilyWrite,
  before: string | undefined,
): { readonly rows: number; readonly chars: number } {
  const { key, value } = write;
  const was = before === undefined ? 0 : key.length + before.length;
  const is = value === null ? 0 : key.length + value.length;
  return { rows: (value === null ? 0 : 1) - (before === undefined ? 0 : 1), chars: is - was };
}

function problemOf(events: readonly FamilyHappening[]): string | undefined {
  const { familyEventsMax, familyWritesMax, familyBodyCharsMax, familyRowCharsMax } = fixedLimits;
  if (events.length < 1 || events.length > familyEventsMax)
    return `${events.length} events, wanted 1 to ${familyEventsMax}`;
  if (events.reduce((sum, { writes }) => sum + writes.length, 0) > familyWritesMax)
    return `more than ${familyWritesMax} rows written`;
  for (const { name, body, writes } of events) {
    if (!isFamilyName(name)) return "an event without a name of small letters, digits and -";
    if (!isBody(body, familyBodyCharsMax))
      return `an event ${name} that is no JSON of at most ${familyBodyCharsMax} characters`;
    for (const { key, value } of writes) {
      if (!isRowKey(key)) return "a row whose key is not of letters, digits and _ . - + @ : /, at most 128";
      if (value !== null && !isBody(value, familyRowCharsMax))
        return `a row that is no JSON of at most ${familyRowCharsMax} characters`;
    }
  }
  return undefined;
}

function isBody(text: string, max: number): boolean {
  return text.length <= max && canonicalJson(text) === text;
}

function overfull(
  row: Family,
  { events, read }: { readonly events: readonly FamilyHappening[]; readonly read: FamilyCalling["read"] },
): PlainRefusal | undefined {
  const written = new Map<string, string | null>();
  let { rows, chars } = row;
  for (const { writes } of events) {
    for (const write of writes) {
      const before = written.has(write.key) ? (written.get(write.key) ?? undefined) : read(write.key);
      const growth = growthOf(write, before);
      rows += growth.rows;
      chars += growth.chars;
      written.set(write.key, write.value);
    }
  }
  const { familyRowsMax, familyCharsMax } = fixedLimits;
  if (rows > familyRowsMax) return { code: "limit_reached", limit: "familyRowsMax", max: familyRowsMax };
  if (chars > familyCharsMax) return { code: "limit_reached", limit: "familyCharsMax", max: familyCharsMax };
  return undefined;
}

const namePattern = /^[a-z][a-z0-9-]{0,30}$/;
const keyPattern = /^[A-Za-z0-9_.+@:/-]{1,128}$/;
const refusalPattern = /^[a-z][a-z0-9_]{0,63}$/;
