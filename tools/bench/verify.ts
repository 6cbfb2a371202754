/** Entries a second that verification decides again, on a vault that the repo-care mix has filled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyVault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { run, settle } from "./parts/machine-world.ts";
import { processorFloor } from "./parts/processor-floor.ts";
import { processorTimer } from "./parts/processor-time.ts";
import { handOn, median } from "./parts/rows.ts";

const agents = 1_000;
const entriesMin = 150_000;
const rounds = 5;
const wanted = { 1: 60_000, 2: 100_000 } as const;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
try {
  const vault = await benchVault(dir);
  const world = await settle(vault.machine, agents);
  const scripts = world.lanes(500);
  while ((await vault.machine.head()).position < entriesMin)
    await run(world, { scripts, untilMs: performance.now() + 500 });
  await vault.close();
  const options = { dir: vault.dir, knownVaults: join(dir, "known-vaults") };
  const rates: Record<1 | 2, number[]> = { 1: [], 2: [] };
  const processor: Record<1 | 2, number[]> = { 1: [], 2: [] };
  const ratios: Record<1 | 2, number[]> = { 1: [], 2: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const threads of [1, 2] as const) {
      const floor = processorFloor();
      const [from, processorMs] = [performance.now(), processorTimer()];
      const report = await verifyVault({ ...options, threads });
      const rate = (report.entries * 1_000) / (performance.now() - from);
      if (!report.ok) throw new Error(`Cannot measure: the vault does not verify: ${report.firstBad?.reason}`);
      rates[threads].push(rate);
      processor[threads].push((report.entries * 1_000) / processorMs());
      // Two threads may cost more of the processor than one as long as they are done earlier.
      ratios[threads].push(threads === 1 ? (processor[1].at(-1) ?? 0) / floor.processorRate : rate / floor.rate);
    }
  }
  let met = true;
  for (const threads of [1, 2] as const) {
    const rate = median(rates[threads]);
    const best = Math.round(Math.max(...rates[threads])).toLocaleString("en");
    const perSecond = Math.round(median(processor[threads])).toLocaleString("en");
    process.stdout.write(
      `verified entries, each with its payloads, ${nameOf(threads)}: ${Math.round(rate).toLocaleString("en")}/s, best round ${best}/s, ${perSecond} for a second of processor time (wanted ${wanted[threads].toLocaleString("en")}/s)\n`,
    );
    met &&= rate >= wanted[threads];
  }
  handOn(([1, 2] as const).map((threads) => ({ name: nameOf(threads), better: "more", samples: ratios[threads] })));
  process.exitCode = met ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function nameOf(threads: 1 | 2): string {
  return threads === 1 ? "one thread" : "two threads";
}
