/** The odd seeds of the gate: the whole machine on a disk that fails, in lives that end at any moment. Two files, for two processors. */
import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { missedFaults, play, seedsFrom, tableOf } from "./seeds.ts";
import { makeTools } from "./tools.ts";

const tools = makeTools();
afterAll(() => rmSync(tools.dir, { recursive: true, force: true }));
const file = "sim/seeds-odd.test.ts";

test(
  "the machine keeps its promises when it is played from any of a thousand seeds",
  { timeout: 600_000 },
  async () => {
    const played = await play(seedsFrom(1, { count: 1_000, step: 2 }), { tools, file });
    process.stdout.write(tableOf(played));
    if (played.seeds > 1) expect(missedFaults(played)).toEqual([]);
  },
);

test("the machine keeps its promises when ten seeds ask for much", { timeout: 600_000 }, async () => {
  await play(seedsFrom(10_000_000 + 1, { count: 10, step: 2 }), { tools, file, operations: 1_500 });
});
