/** Codec of verification: what was asked, out of a text of which nothing is known yet. */
import { parseOperation, type Operation, type Stamp } from "@toka/kernel";
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

/** Reads texts that are most probably canonical, in half the time. */
export class QuickReader {
  readonly #stampEnds = new Map<string, Record<string, unknown>>();

  /**
   * The same as `readAsked`, of a canonical text.
   *
   * @returns what was asked; undefined when it takes a look at the whole text to tell
   */
  read(text: string): Asked | undefined {
    const asked = askedTextOf(text);
    const read = asked === undefined ? undefined : readStamp(this.#stampIn(asked.stamp));
    if (asked === undefined || read === undefined || "problem" in read) return undefined;
    try {
      return { operation: parseOperation(JSON.parse(asked.operation)), stamp: read.stamp };
    } catch {
      return undefined;
    }
  }

  #stampIn(text: string): Record<string, unknown> {
    const comma = text.indexOf(",");
    const end = text.slice(comma);
    let rest = this.#stampEnds.get(end);
    if (rest === undefined) {
      rest = recordOf(parsed(`{"timeMs":0${end}`));
      if (this.#stampEnds.size >= stampEndsMax) this.#stampEnds.clear();
      this.#stampEnds.set(end, rest);
    }
    const { principal, grant, causes, proof } = rest;
    return { timeMs: Number(text.slice(timeMark.length, comma)), principal, grant, causes, proof };
  }
}

const timeMark = '{"timeMs":';
