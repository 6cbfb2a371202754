/** The kills of kill.test.ts, 200 of them. */
import { expect, test } from "vitest";

import { countEntries, runWithKills } from "./harness/kill.ts";
import { createRandom } from "./harness/repository.ts";

const seed = Number(process.env["TOKA_SEED"] ?? Date.now() % 1_000_000_000);
const sessions = 50;
const killsPerSession = 4;

test("toka up loses nothing and repeats nothing when its process is killed 200 times at random moments", async () => {
  const entries = await countEntries();
  const random = createRandom(seed);
  let between = 0;
  for (let session = 0; session < sessions; session += 1) {
    const killed = await runWithKills(random, { kills: killsPerSession, entries });
    between += killed.positions.filter((position) => position > 1 && position < killed.entries).length;
    process.stdout.write(
      `seed ${seed}, session ${session}: kills fell at entries ${killed.positions.join(", ")} of ${killed.entries}\n`,
    );
  }
  expect(between).toBeGreaterThanOrEqual(150);
}, 7_200_000);
