/** Every moment at which a host can end: a small course of events, ended at each of its steps, by a kill and by a loss of power. */
import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { simulate } from "./simulate.ts";
import { makeTools } from "./tools.ts";

const tools = makeTools();
afterAll(() => rmSync(tools.dir, { recursive: true, force: true }));

test.each([{ power: false }, { power: true }])(
  "the machine keeps its promises when its host ends at any step (power lost: $power)",
  { timeout: 300_000 },
  async ({ power }) => {
    let ended = 0;
    for (let step = 0; ; step += 1) {
      const { counts } = await simulate(7, { tools, operations: 12, crash: { step, power } });
      if (counts.of("life ends: killed") === 0) break;
      ended += 1;
    }
    // From the first look at the disk to the last sync.
    expect(ended).toBeGreaterThan(150);
  },
);
