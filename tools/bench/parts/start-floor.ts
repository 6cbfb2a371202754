/** The floor of what starts as a process of its own: Node with nothing to do. */
import { spawnSync } from "node:child_process";

const starts = 5;

/**
 * How long Node takes here, right now, to start and to end.
 *
 * @returns milliseconds, the least of a few starts
 * @throws Error when it does not start
 */
export function startFloor(): number {
  let least = Infinity;
  for (let start = 0; start < starts; start += 1) {
    const from = performance.now();
    const { status } = spawnSync(process.execPath, ["--eval", "0"], { stdio: "ignore" });
    if (status !== 0) throw new Error(`Cannot measure: an empty Node ended with ${String(status)}`);
    least = Math.min(least, performance.now() - from);
  }
  return least;
}
