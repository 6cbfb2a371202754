/**
 * Durable entries a second through a machine on SQLite with `synchronous = FULL`, on the repo-care mix with 1,000 live
 * agents, grants and budgets; beside the raw floor of the same minute and bytes: a plain file with one fdatasync an append
 * for one caller, and one for all who wait for a hundred.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchVault } from "./parts/bench-vault.ts";
import type { Script } from "./parts/mix.ts";
import { run, settle, type MachineWorld } from "./parts/machine-world.ts";
import { rawGroup, rawOne } from "./parts/raw-floor.ts";
import { handOn } from "./parts/rows.ts";

const agents = 1_000;
const roundMs = 2_000;
const rounds = 5;
/** Mean size of an entry of the mix with its share of a payload: the floor writes as much. */
const bytes = 1_100;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
try {
  const vault = await benchVault(dir);
  const world = await settle(vault.machine, agents);
  const floor = { path: join(dir, "floor"), bytes, forMs: roundMs / 2 };
  // Lanes share no agent, so the one caller has a lane of its own.
  const [first, ...others] = world.lanes(101);
  if (first === undefined) throw new Error("Cannot measure: there is no lane");
  const one = await compare(world, { scripts: [first], floor: async () => rawOne(floor) });
  const hundred = await compare(world, { scripts: others, floor: () => rawGroup(100, floor) });
  await vault.close();
  print("one caller", { ...one, wanted: "0.7 x raw" });
  print("100 callers", { ...hundred, wanted: "0.25 x raw and 25,000/s" });
  handOn([
    { name: "one caller", better: "more", samples: one.ratios },
    { name: "100 callers", better: "more", samples: hundred.ratios },
  ]);
  process.exitCode = one.ratio >= 0.7 && hundred.ratio >= 0.25 && hundred.rate >= 25_000 ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Medians over rounds, each with its own floor directly before it. */
async function compare(
  world: MachineWorld,
  { scripts, floor }: { readonly scripts: readonly Script<never>[]; readonly floor: () => Promise<number> },
): Promise<{
  readonly rate: number;
  readonly raw: number;
  readonly ratio: number;
  readonly ratios: readonly number[];
}> {
  await run(world, { scripts, untilMs: performance.now() + 500 });
  const seen: { rate: number; raw: number; ratio: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const raw = await floor();
    const from = performance.now();
    const answered = await run(world, { scripts, untilMs: from + roundMs });
    const rate = (answered * 1_000) / (performance.now() - from);
    seen.push({ rate, raw, ratio: rate / raw });
  }
  const median = (of: (one: (typeof seen)[number]) => number): number =>
    seen.map(of).toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? 0;
  return {
    rate: median((one) => one.rate),
    raw: median((one) => one.raw),
    ratio: median((one) => one.ratio),
    ratios: seen.map((one) => one.ratio),
  };
}

function print(
  name: string,
  {
    rate,
    raw,
    ratio,
    wanted,
  }: { readonly rate: number; readonly raw: number; readonly ratio: number; readonly wanted: string },
): void {
  const figure = (value: number): string => Math.round(value).toLocaleString("en");
  process.stdout.write(
    `durable entries, ${name}, ${agents} live agents: ${figure(rate)}/s, raw floor ${figure(raw)}/s, ratio ${ratio.toFixed(2)} (wanted ${wanted})\n`,
  );
}
