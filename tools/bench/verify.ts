/** Entries a second that verification decides again, on a vault that the repo-care mix has filled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyVault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { run, settle } from "./parts/machine-world.ts";

const agents = 1_000;
const entriesMin = 150_000;
const wanted = 100_000;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
try {
  const vault = await benchVault(dir);
  const world = await settle(vault.machine, agents);
  const scripts = world.lanes(500);
  while ((await vault.machine.head()).position < entriesMin)
    await run(world, { scripts, untilMs: performance.now() + 500 });
  await vault.close();
  const options = { dir: vault.dir, knownVaults: join(dir, "known-vaults") };
  const rates: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const from = performance.now();
    const report = await verifyVault(options);
    rates.push((report.entries * 1_000) / (performance.now() - from));
    if (!report.ok) throw new Error(`Cannot measure: the vault does not verify: ${report.firstBad?.reason}`);
  }
  const median = rates.toSorted((left, right) => left - right)[1] ?? 0;
  process.stdout.write(
    `verified entries, each with its payloads: ${Math.round(median).toLocaleString("en")}/s (wanted ${wanted.toLocaleString("en")}/s)\n`,
  );
  process.exitCode = median >= wanted ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
