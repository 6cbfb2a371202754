/**
 * Where stamp and operation stand in the text of an entry, found without reading the outcome, which is half of it.
 *
 * It is a guess that canonical texts fulfil, and nothing is believed because of it: who decides again encodes the entry from
 * what was read here and compares it with the text, piece by piece and byte for byte, and a text that differs is read in full.
 */
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
 * The operation in the text of an entry, as it stands there.
 *
 * @returns the operation, or undefined when the text is no JSON
 */
export function operationIn(text: string): object | undefined {
  const asked = askedTextOf(text);
  const cut = asked === undefined ? undefined : parsed(asked.operation);
  if (cut !== undefined) return recordOf(cut);
  const whole = parsed(text);
  return whole === undefined ? undefined : recordOf(recordOf(whole)["operation"]);
}

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
