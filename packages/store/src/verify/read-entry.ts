/** Codec of verification: what was asked, out of a text of which nothing is known yet. */
import { encodeOutcome, fixedLimits, parseOperation, type Entry, type Operation, type Stamp } from "@toka/kernel";
import { textOf } from "../failure.ts";
import { readStamp, recordOf } from "../read-stamp.ts";
import { askedTextOf, parsed } from "./asked-text.ts";
import { differs } from "./finding.ts";

/** What an entry says was asked. */
export interface Asked {
  readonly operation: Operation;
  readonly stamp: Stamp;
}

/**
 * Operation and stamp as the text has them; that nothing else stands in it shows when it is encoded again.
 *
 * @param position at which it stands
 * @returns what was asked
 * @throws Differs when the text is no entry
 */
export function readAsked(text: string, position: number): Asked {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    differs(position, `its bytes are not JSON: ${textOf(thrown)}`);
  }
  const { operation, stamp } = recordOf(value);
  const read = readStamp(stamp);
  if ("problem" in read) differs(position, `its stamp is malformed: ${read.problem}`);
  try {
    return { operation: parseOperation(operation), stamp: read.stamp };
  } catch (thrown) {
    differs(position, `its operation is malformed: ${textOf(thrown)}`);
  }
}

/** Remembered ends of stamps: an agent's differ in the time alone, so that a few thousand serve a crew of as many. */
const stampEndsMax = 4_096;

/** What the quick reading of a text gives. */
export interface QuickAsked extends Asked {
  /**
   * Whether, between these two places, nothing stands but the one encoding of the stamp, that of the operation, and the keys
   * of operation and outcome.
   */
  readonly canonical: boolean;
  /** Where the text of the stamp begins. */
  readonly stampAt: number;
  /** Where that of the outcome begins. */
  readonly outcomeAt: number;
}

/** A stamp with whether it was read from its one encoding. */
interface ReadStamp {
  readonly stamp: Stamp;
  readonly canonical: boolean;
}

/** Reads texts that are most probably canonical, in half the time. */
export class QuickReader {
  /** By the one encoding of what follows the time: stamps at the time 0. */
  readonly #stampEnds = new Map<string, Stamp>();

  /**
   * The same as `readAsked`, of a canonical text.
   *
   * @returns what was asked; undefined when it takes a look at the whole text to tell
   */
  read(text: string): QuickAsked | undefined {
    const asked = askedTextOf(text);
    const read = asked === undefined ? undefined : this.#stampIn(asked.stamp);
    if (asked === undefined || read === undefined) return undefined;
    try {
      const operation = parseOperation(JSON.parse(asked.operation));
      const canonical = read.canonical && JSON.stringify(operation) === asked.operation;
      return { operation, stamp: read.stamp, canonical, stampAt: asked.stampAt, outcomeAt: asked.outcomeAt };
    } catch {
      return undefined;
    }
  }

  #stampIn(text: string): ReadStamp | undefined {
    const comma = text.indexOf(",");
    const digits = text.slice(timeMark.length, comma);
    const timeMs = Number(digits);
    if (!isTime(timeMs)) return undefined;
    const end = this.#stampEnd(text.slice(comma));
    if (end === undefined) return undefined;
    const { principal, grant, causes, proof } = end.stamp;
    const canonical = end.canonical && comma > 0 && text.startsWith(timeMark) && String(timeMs) === digits;
    return { stamp: { timeMs, principal, grant, causes, proof }, canonical };
  }

  #stampEnd(end: string): ReadStamp | undefined {
    const known = this.#stampEnds.get(end);
    if (known !== undefined) return { stamp: known, canonical: true };
    const { principal, grant, causes, proof } = recordOf(parsed(`{"timeMs":0${end}`));
    const read = readStamp({ timeMs: 0, principal, grant, causes, proof });
    if ("problem" in read) return undefined;
    // Its keys are in order, and what it holds is nothing that could be written in two ways, so this is as an entry has it.
    const written = JSON.stringify(read.stamp).slice(timeMark.length + 1);
    if (written !== end) return { stamp: read.stamp, canonical: false };
    if (this.#stampEnds.size >= stampEndsMax) this.#stampEnds.clear();
    // Not the piece of the entry's text, which would keep all of it in memory.
    this.#stampEnds.set(written, read.stamp);
    return { stamp: read.stamp, canonical: true };
  }
}

/**
 * Whether `encodeEntry` gives exactly a text: compared piece by piece, since what was read quickly need not be put together
 * again for it.
 *
 * @param entry of the operation and the stamp that were read, and of an outcome from elsewhere
 * @param read `text`, and what `quick` reading gave for it
 * @returns true when every piece is the same and nothing else stands in the text
 */
export function isTextOf(
  { position, previous, outcome }: Entry,
  { text, quick }: { readonly text: string; readonly quick: QuickAsked },
): boolean {
  const { canonical, stampAt, outcomeAt } = quick;
  const before = `{"position":${position},"previous":"${previous}","stamp":`;
  if (!canonical || before.length !== stampAt || !text.startsWith(before)) return false;
  const after = encodeOutcome(outcome);
  return outcomeAt + after.length + 1 === text.length && text.startsWith(after, outcomeAt) && text.endsWith("}");
}

function isTime(timeMs: number): boolean {
  return Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= fixedLimits.timeMsMax;
}

const timeMark = '{"timeMs":';
