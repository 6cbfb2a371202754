/** The floor of what the processor bounds: fixed work of the kind that Toka does, without any of its code. */
import { hash } from "node:crypto";
import { processorTimer } from "./processor-time.ts";

const records = 40_000;
const record = {
  position: 123_456,
  previous: `sha256:${"q".repeat(43)}`,
  stamp: { timeMs: 1_790_000_000_000, principal: "agent-17-0", grant: "grant-17-0", causes: [1, 2, 3] },
  operation: { type: "effect.request", label: "walk-files for catalogue", claims: ["fs.read:/srv/repository/**"] },
  outcome: { events: [{ type: "effect.requested", schema: 1, effect: "effect-18-0", amounts: { wallMs: 60_000 } }] },
};

/** How fast the processor is right now: records a second, by the clock and by its own time. */
export interface ProcessorFloor {
  readonly rate: number;
  readonly processorRate: number;
}

/**
 * How often a second this processor writes a record as JSON, hashes it and reads it again, right now.
 *
 * @returns records a second
 * @throws Error when nothing was written, which cannot be measured
 */
export function processorFloor(): ProcessorFloor {
  let length = 0;
  const [from, processorMs] = [performance.now(), processorTimer()];
  for (let done = 0; done < records; done += 1) {
    const text = JSON.stringify({ ...record, position: done });
    length += hash("sha256", text).length + (JSON.parse(text) === null ? 0 : 1);
  }
  if (length === 0) throw new Error("Cannot measure the processor: nothing was written");
  return {
    rate: (records * 1_000) / (performance.now() - from),
    processorRate: (records * 1_000) / processorMs(),
  };
}
