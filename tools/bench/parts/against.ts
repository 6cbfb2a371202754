/** Comparing the benchmarks with a stored baseline, and storing one. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { root } from "../../gate/place.ts";
import { readBaseline, writeBaseline } from "./baseline.ts";
import { comparedAll, fails, type Comparison, type Measured } from "./compare.ts";
import { add, benchmarkOf, measure, type Benchmark } from "./rounds.ts";

/** What is compared, with what. */
export interface Against {
  readonly benchmarks: readonly Benchmark[];
  /** Path of the baseline. */
  readonly path: string;
  /** How often each benchmark runs. */
  readonly rounds: number;
}

/**
 * Measures, and prints how each figure stands to the baseline. Benchmarks with a figure that fails are run as often again, and
 * all their runs count together: only what stays is a regression.
 *
 * @returns whether all figures were kept
 * @throws Error when there is no baseline, or a benchmark measures nothing
 */
export async function compareWith({ benchmarks, path, rounds }: Against): Promise<boolean> {
  const stored = readBaseline(path);
  const ran = new Set(benchmarks.map(({ name }) => name));
  const was = new Map([...stored.figures].filter(([name]) => ran.has(benchmarkOf(name))));
  const is = await measure(benchmarks, rounds);
  const doubtful = new Set(
    comparedAll(was, is)
      .filter(isDoubtful)
      .map(({ name }) => benchmarkOf(name)),
  );
  if (doubtful.size > 0) {
    say(`\nmeasured again, to tell a regression from a busy moment: ${[...doubtful].join(", ")}`);
    const again = benchmarks.filter(({ name }) => doubtful.has(name));
    for (const [name, figure] of await measure(again, rounds)) add(is, { name, figure });
  }
  const comparisons = comparedAll(was, is);
  say(`\nagainst ${path}`);
  for (const [name, taken] of stored.taken) if (ran.has(name)) say(`  ${name}: ${taken}`);
  say(`here: ${whereAndWhen()}\n`);
  for (const comparison of comparisons) say(lineOf(comparison));
  const failed = comparisons.filter(fails);
  say(failed.length === 0 ? "\nno figure has become worse" : `\n${failed.map(complaint).join("\n")}`);
  return failed.length === 0;
}

/**
 * Measures and stores the figures; those of benchmarks that did not run stay as they are.
 *
 * @throws Error when a benchmark measures nothing, or the file there is no baseline
 */
export async function saveTo({ benchmarks, path, rounds }: Against, exists: boolean): Promise<void> {
  const before = exists
    ? readBaseline(path)
    : { taken: new Map<string, string>(), figures: new Map<string, Measured>() };
  const [figures, taken] = [new Map(before.figures), new Map(before.taken)];
  const measured = await measure(benchmarks, rounds);
  const ran = new Set(benchmarks.map(({ name }) => name));
  for (const name of ran) taken.set(name, whereAndWhen());
  for (const name of figures.keys()) if (ran.has(benchmarkOf(name))) figures.delete(name);
  for (const [name, figure] of measured) figures.set(name, figure);
  writeBaseline(path, { taken, figures });
  say(`\nsaved ${measured.size} figures to ${path}`);
}

function isDoubtful(comparison: Comparison): boolean {
  return fails(comparison) && comparison.verdict !== "missing";
}

function lineOf({ name, verdict, was, is, loss, bound }: Comparison): string {
  const of = `${figure(was)} was, ${figure(is)} is`;
  const by = verdict === "new" || verdict === "missing" ? "" : `, ${change(loss)} (noise ${percent(bound)})`;
  return `${verdict.padEnd(8)}${name}: ${of}${by}`;
}

function complaint({ name, verdict, was, is, loss, bound }: Comparison): string {
  if (verdict === "missing") return `Cannot pass ${name}: it is in the baseline and was not measured`;
  const seen = `found ${figure(is)}, wanted ${figure(was)}`;
  return verdict === "worse"
    ? `Cannot pass ${name}: it is ${percent(loss)} worse, and ${percent(bound)} would be noise: ${seen}`
    : `Cannot judge ${name}: its rounds differ so much that a loss of ${percent(bound)} would be noise: ${seen}; measure on a quieter machine, or with more --rounds`;
}

function change(loss: number): string {
  return loss > 0 ? `${percent(loss)} worse` : `${percent(-loss)} better`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

function figure(value: number): string {
  return value === 0 ? "nothing" : String(Number(value.toPrecision(3)));
}

function whereAndWhen(): string {
  const processors = cpus();
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  const day = new Date().toISOString().slice(0, 10);
  const model = processors[0]?.model.trim() ?? "";
  return `${model === "" ? "an unnamed processor" : model}, ${processors.length} cores, Node ${process.versions.node}, commit ${commit}, ${day}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
