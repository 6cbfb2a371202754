/** Reads what the launcher's tracer wrote down about a program (`learn.pl`). */
import { dirname } from "node:path";
import type { Fact, FactKind } from "./job.ts";

/** A record as it came: paths in the box need not be UTF-8. */
export interface RawFact {
  readonly kind: string;
  readonly path: Uint8Array;
}

const kinds: readonly FactKind[] = [
  "see",
  "list",
  "link",
  "may",
  "write",
  "create",
  "either",
  "entry",
  "exec",
  "folder",
];

/**
 * Reads records.
 *
 * @param records - in the order of the report
 * @returns the facts, or null when there were more than the tracer keeps: it then leaves out the record `done`
 */
export function factsOf(records: readonly RawFact[]): readonly Fact[] | null {
  if (!records.some(({ kind }) => kind === "done")) return null;
  return records.flatMap(({ kind: word, path: bytes }) => {
    const kind = kinds.find((one) => one === word);
    return kind === undefined ? [] : [{ kind, path: utf8(bytes), folder: readablePart(bytes) }];
  });
}

/** The path up to the first name that is not UTF-8. */
function readablePart(bytes: Uint8Array): string {
  const whole = utf8(bytes);
  if (whole !== undefined) return whole;
  return dirname(`${new TextDecoder().decode(bytes).replace(/\uFFFD.*$/su, "")}x`);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
