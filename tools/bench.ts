/**
 * Runs the benchmarks: every file in `tools/bench`, or those named as arguments (`./toka bench sandbox`), one after
 * the other so that none measures another's load. Ends with 1 when one of them does.
 *
 * `--against baseline` (or a path) compares each figure with the stored one and ends with 1 when one has become worse;
 * `--save` stores the figures, in the baseline or in `--to PATH`. `--rounds N` says how often each benchmark then runs.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compareWith, saveTo } from "./bench/parts/against.ts";
import { runBenchmark, type Benchmark } from "./bench/parts/rounds.ts";
import { root } from "./gate/place.ts";

const folder = join(root, "tools", "bench");
const baseline = join(folder, "baseline.json");
const roundsMax = 100;
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.slice(0, -".ts".length))
  .toSorted();

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 2;
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      against: { type: "string" },
      save: { type: "boolean", default: false },
      to: { type: "string" },
      rounds: { type: "string", default: "3" },
    },
  });
  const benchmarks = benchmarksOf(positionals);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 2 || rounds > roundsMax)
    throw new Error(`Cannot measure ${values.rounds} rounds: wanted 2 to ${roundsMax}`);
  if (values.save && values.against !== undefined)
    throw new Error("Cannot save and compare at once: found --save and --against, wanted one of them");
  if (values.to !== undefined && !values.save) throw new Error("Cannot take --to: it goes with --save");
  if (values.against !== undefined) {
    const path = values.against === "baseline" ? baseline : resolve(values.against);
    return compareWith({ benchmarks, path, rounds });
  }
  if (values.save) {
    const path = values.to === undefined ? baseline : resolve(values.to);
    await saveTo({ benchmarks, path, rounds }, existsSync(path));
    return true;
  }
  let passed = true;
  for (const benchmark of benchmarks) passed = (await runBenchmark(benchmark)) && passed;
  return passed;
}

function benchmarksOf(named: readonly string[]): readonly Benchmark[] {
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`Cannot run the benchmark ${unknown.join(", ")}: known are ${known.join(", ")}`);
  return (named.length === 0 ? known : named).map((name) => ({ name, path: join(folder, `${name}.ts`) }));
}
