/** Reads back what a run that did not succeed said, from the result that the gate settled it with (run-result.ts writes it). */

/** What a run said of why it did not succeed. Guests' text as it was: whoever shows it makes it safe to show. */
export interface FailureReport {
  /** The gate's own words, "Cannot <do what>: <state>"; null when it had none. */
  readonly message: string | null;
  /** The last lines that are not blank of standard error, or of standard output when that was silent; oldest first. */
  readonly lastLines: readonly string[];
}

/** Lines of a report; programs say last what went wrong. */
const linesMax = 3;
/** Characters of a line. */
const lineCharsMax = 400;

/**
 * Reads the result of an effect that was settled without success.
 * @param result - the payload of the settlement's result, of a tool or of a program
 * @returns what it said; undefined when the bytes are no such result
 */
export function readFailure(result: Uint8Array): FailureReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(result));
  } catch {
    return undefined;
  }
  const failure = fieldOf(value, "$failure");
  if (failure !== undefined) return report(failure, [fieldOf(failure, "diagnostics"), fieldOf(failure, "output")]);
  if (fieldOf(value, "ended") === undefined) return undefined;
  return report(value, [fieldOf(fieldOf(value, "stderr"), "text"), fieldOf(fieldOf(value, "stdout"), "text")]);
}

function report(of: unknown, streams: readonly unknown[]): FailureReport {
  const message = fieldOf(of, "message");
  const lines = streams.map(lastLines).find((found) => found.length > 0) ?? [];
  return { message: typeof message === "string" ? message : null, lastLines: lines };
}

function lastLines(text: unknown): readonly string[] {
  if (typeof text !== "string") return [];
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-linesMax)
    .map((line) => (line.length <= lineCharsMax ? line : `${line.slice(0, lineCharsMax - 1)}…`));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
