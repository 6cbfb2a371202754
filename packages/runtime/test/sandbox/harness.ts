/**
 * Runs the cases as whoever starts it, and prints one JSON line for each. The tests start it as root
 * and as a plain user, so that both halves run the very same cases.
 */
import { cases } from "./cases.ts";
import { makeWorld } from "./world.ts";

const wanted = process.argv[2] === undefined ? undefined : new RegExp(process.argv[2]);
const world = await makeWorld();
try {
  for (const one of cases) {
    if (wanted !== undefined && !wanted.test(one.name)) continue;
    if (one.only !== undefined && one.only !== world.startedBy) continue;
    const started = performance.now();
    const reason = one.skip?.(world);
    let problem: string | undefined;
    if (reason === undefined) {
      try {
        await one.run(world);
      } catch (error) {
        problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
    }
    const ms = Math.round(performance.now() - started);
    process.stdout.write(`${JSON.stringify({ name: one.name, skipped: reason, problem, ms })}\n`);
  }
} finally {
  await world.close();
}
