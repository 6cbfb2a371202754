/** Codec of the stored baseline, and of the rows that benchmarks hand on. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Measured } from "./compare.ts";
import type { Row } from "./rows.ts";

/** Figures as they were once, and where. */
export interface Baseline {
  /** Where and when, by benchmark: processor, cores, Node, commit and day. For people, never compared. */
  readonly taken: ReadonlyMap<string, string>;
  /** By benchmark and name, as in `kernel: decide + apply`. */
  readonly figures: ReadonlyMap<string, Measured>;
}

/** Digits of a sample that are kept: more would be noise. */
const digits = 4;

/**
 * Reads a baseline.
 *
 * @returns the baseline
 * @throws Error when the file is none
 */
export function readBaseline(path: string): Baseline {
  const wrong = (state: string): Error => new Error(`Cannot compare with ${path}: ${state}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (thrown) {
    throw wrong(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const { taken, figures } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (!isRecord(taken) || !isRecord(figures)) throw wrong('wanted {"taken": …, "figures": …}; make one with --save');
  const read = new Map<string, Measured>();
  for (const [name, figure] of Object.entries(figures)) {
    const { better, runs } = (figure ?? {}) as Record<string, unknown>;
    if ((better !== "more" && better !== "less") || !Array.isArray(runs) || runs.length === 0 || !runs.every(isSamples))
      throw wrong(`the figure "${name}" is malformed`);
    read.set(name, { better, runs: runs as readonly (readonly number[])[] });
  }
  return { taken: new Map(Object.entries(taken).map(([name, text]) => [name, String(text)])), figures: read };
}

/**
 * Writes a baseline over the one before.
 *
 * @throws the system's error
 */
export function writeBaseline(path: string, { taken, figures }: Baseline): void {
  const lines = [...figures]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { better, runs }]) => {
      const kept = runs.map((samples) => samples.map((sample) => Number(sample.toPrecision(digits))));
      // A line for each run: what changed can be read in a diff.
      const listed = kept.map((samples) => `        ${JSON.stringify(samples)}`).join(",\n");
      return `    ${JSON.stringify(name)}: {\n      "better": "${better}",\n      "runs": [\n${listed}\n      ]\n    }`;
    });
  const where = JSON.stringify(Object.fromEntries([...taken].toSorted(([a], [b]) => (a < b ? -1 : 1))), null, 2);
  writeFileSync(
    path,
    `{\n  "taken": ${where.replaceAll("\n", "\n  ")},\n  "figures": {\n${lines.join(",\n")}\n  }\n}\n`,
  );
}

/**
 * Reads what one run of a benchmark handed on.
 *
 * @param text one line of JSON
 * @returns its rows
 * @throws Error when it handed on something else
 */
export function rowsIn(text: string): readonly Row[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows) || rows.length === 0) throw new Error("Cannot read rows: there are none");
  return rows.map((row: unknown) => {
    const { name, better, samples } = (row ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || (better !== "more" && better !== "less") || !isSamples(samples))
      throw new Error(`Cannot read the row "${String(name)}": it is malformed`);
    return { name, better, samples };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSamples(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((sample) => Number.isFinite(sample) && sample > 0);
}
