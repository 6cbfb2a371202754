/** Fifty thousand odd seeds: the long half of the simulation for one processor. TOKA_SIM_FROM plays others than last time. */
import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { missedFaults, play, seedsFrom, tableOf } from "./seeds.ts";
import { makeTools } from "./tools.ts";

const tools = makeTools();
afterAll(() => rmSync(tools.dir, { recursive: true, force: true }));

test("the machine keeps its promises when it is played from any of fifty thousand seeds", async () => {
  const from = Number(process.env["TOKA_SIM_FROM"] ?? 100_000);
  const count = Number(process.env["TOKA_SIM_COUNT"] ?? 50_000);
  const file = "sim/seeds-odd.test.ts";
  const played = await play(seedsFrom(from + 1, { count, step: 2 }), { tools, file });
  process.stdout.write(tableOf(played));
  if (played.seeds > 1) expect(missedFaults(played)).toEqual([]);
});
