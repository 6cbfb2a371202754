/**
 * Reads what was learnt from a run out of its result.
 */
import type { Amounts } from "@toka/kernel";
import { z } from "zod";

import type { LearntGrant } from "./api.ts";

const shape = z.object({
  learnt: z
    .object({ permissions: z.array(z.string()), programs: z.array(z.string()), widened: z.array(z.string()) })
    .nullish(),
});

/**
 * Reads a result of a program.
 *
 * @param payload - as the gate sealed it; undefined when it was erased
 * @param usage - of the same settlement
 * @returns undefined when nothing was to be learnt; null when the program did more than can be written down
 */
export function learntIn(payload: Uint8Array | undefined, usage: Amounts): LearntGrant | null | undefined {
  if (payload === undefined) return undefined;
  const { learnt } = shape.parse(JSON.parse(Buffer.from(payload).toString("utf8")));
  return learnt === undefined || learnt === null ? learnt : { ...learnt, usage };
}
