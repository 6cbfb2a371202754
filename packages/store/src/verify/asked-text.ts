/**
 * Where stamp and operation stand in the text of an entry, found without reading the outcome, which is half of it.
 *
 * It is a guess that canonical texts fulfil, and nothing is believed because of it: who decides again encodes the entry from
 * what was read here and compares it with the text, piece by piece and byte for byte, and a text that differs is read in full.
 */
import type { Content } from "@toka/kernel";
import { contentsOf } from "../contents.ts";
import { recordOf } from "../read-stamp.ts";

/** The texts of stamp and operation. */
export interface AskedText {
  readonly stamp: string;
  readonly operation: string;
  /** Where the text of the stamp begins. */
  readonly stampAt: number;
  /** Where that of the outcome begins. */
  readonly outcomeAt: number;
}

const stampMark = ',"stamp":';
const operationMark = ',"operation":';
// In an operation this follows only a string, never an object, so the first one that opens an object is the entry's own.
const outcomeMark = ',"outcome":{"';

/**
 * Cuts stamp and operation out of the text of an entry.
 *
 * @returns their texts, which need not be JSON, or undefined when the text is not laid out like an entry
 */
export function askedTextOf(text: string): AskedText | undefined {
  const stampAt = text.indexOf(stampMark);
  const operationAt = text.indexOf(operationMark, stampAt);
  const outcomeAt = text.indexOf(outcomeMark, operationAt);
  if (stampAt < 0 || operationAt < 0 || outcomeAt < 0) return undefined;
  return {
    stamp: text.slice(stampAt + stampMark.length, operationAt),
    operation: text.slice(operationAt + operationMark.length, outcomeAt),
    stampAt: stampAt + stampMark.length,
    outcomeAt: outcomeAt + outcomeMark.length - '{"'.length,
  };
}

/**
 * The contents that the operation in the text of an entry names, found without reading JSON wherever that is sure: outside of
 * a string no other thing can be written like the beginning of a content, and inside of one its quotes would be escaped.
 *
 * @param text of an entry; of one that is not in its one encoding, which verification finds elsewhere, it may give anything
 * @returns the contents in their order, or undefined when the text is no JSON
 */
export function contentsIn(text: string): readonly Content[] | undefined {
  let at = text.indexOf(contentMark);
  // Most entries name one content, and many none.
  if (at < 0) return [];
  const outcomeAt = text.indexOf(outcomeMark);
  // The mark of the outcome twice: one of them stands in the operation.
  if (outcomeAt < 0 || text.includes(outcomeMark, outcomeAt + 1)) return contentsRead(text);
  const found: Content[] = [];
  for (; at >= 0 && at < outcomeAt; at = text.indexOf(contentMark, at + 1)) {
    const from = at + contentMark.length;
    const to = text.indexOf(sizeMark, from);
    const end = text.indexOf("}", to);
    if (to < 0 || end < 0) return contentsRead(text);
    found.push({ commitment: text.slice(from, to), size: Number(text.slice(to + sizeMark.length, end)) });
  }
  return found;
}

function contentsRead(text: string): readonly Content[] | undefined {
  const whole = parsed(text);
  return whole === undefined ? undefined : contentsOf(recordOf(recordOf(whole)["operation"]));
}

const contentMark = '{"commitment":"';
const sizeMark = '","size":';

/**
 * Reads JSON.
 *
 * @returns the value, or undefined when the text is none
 */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
