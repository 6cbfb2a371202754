/** Running benchmarks several times, each run a process of its own, and collecting the rows that they hand on. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCheck } from "../../gate/run-check.ts";
import { rowsIn } from "./baseline.ts";
import type { Measured } from "./compare.ts";
import { rowsVariable } from "./rows.ts";

/** The file of a benchmark. */
export interface Benchmark {
  readonly name: string;
  readonly path: string;
}

/**
 * Runs one benchmark to its end.
 *
 * @returns whether it ended with 0
 */
export async function runBenchmark({ name, path }: Benchmark): Promise<boolean> {
  const args = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning", path];
  return (await runCheck({ name, program: process.execPath, args })).failed === 0;
}

/**
 * Runs benchmarks turn by turn, so that a busy quarter of an hour falls on all of them. That one misses its target is no
 * matter here; one that hands on no rows has failed.
 *
 * @param benchmarks to run
 * @param rounds how often each
 * @returns the figures, by benchmark and name
 * @throws Error when a run hands on no rows
 */
export async function measure(benchmarks: readonly Benchmark[], rounds: number): Promise<Map<string, Measured>> {
  const figures = new Map<string, Measured>();
  const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
  const path = join(dir, "rows");
  process.env[rowsVariable] = path;
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const benchmark of benchmarks) {
        writeFileSync(path, "");
        await runBenchmark(benchmark);
        const text = readFileSync(path, "utf8").trim();
        if (text === "") throw new Error(`Cannot measure ${benchmark.name}: it ended without handing on a row`);
        for (const { name, better, samples } of rowsIn(text))
          add(figures, { name: `${benchmark.name}: ${name}`, figure: { better, runs: [samples] } });
      }
    }
  } finally {
    // An environment holds texts only: assigning undefined would leave the text "undefined".
    delete process.env[rowsVariable];
    rmSync(dir, { recursive: true, force: true });
  }
  return figures;
}

/**
 * Adds runs to the figures that there are.
 *
 * @param figures to be added to
 * @param more `name` of the figure, and its runs
 */
export function add(
  figures: Map<string, Measured>,
  { name, figure }: { readonly name: string; readonly figure: Measured },
): void {
  const before = figures.get(name)?.runs ?? [];
  figures.set(name, { better: figure.better, runs: [...before, ...figure.runs] });
}

/**
 * The benchmark that a figure belongs to.
 *
 * @param name as in `kernel: decide + apply`
 * @returns its name
 */
export function benchmarkOf(name: string): string {
  return name.slice(0, name.indexOf(": "));
}
