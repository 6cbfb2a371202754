/** The process dies at any moment, and the next one goes on where it stood. */
import { expect, test } from "vitest";

import { countEntries, runWithKills } from "./harness/kill.ts";
import { createRandom } from "./harness/repository.ts";

const seed = Number(process.env["TOKA_SEED"] ?? 20_261_121);
const sessions = 7;
const killsPerSession = 3;

test("toka up loses nothing and repeats nothing when its process is killed 21 times at random moments", async () => {
  const entries = await countEntries();
  const random = createRandom(seed);
  const positions: string[] = [];
  let between = 0;
  for (let session = 0; session < sessions; session += 1) {
    const killed = await runWithKills(random, { kills: killsPerSession, entries });
    between += killed.positions.filter((position) => position > 1 && position < killed.entries).length;
    positions.push(`${killed.positions.join(", ")} of ${killed.entries}`);
  }
  process.stdout.write(`kills with seed ${seed} fell at entries ${positions.join("; ")}\n`);
  expect(between).toBeGreaterThanOrEqual(15);
}, 600_000);
