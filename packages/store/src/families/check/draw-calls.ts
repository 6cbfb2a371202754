/** Calls for a family, drawn by chance from what it says its operations take: the same seed draws the same calls. */
import type { FamilyDescription } from "../engine.ts";

/** One call. */
export interface DrawnCall {
  readonly verb: string;
  /** JSON. */
  readonly body: string;
}

/**
 * Draws calls.
 *
 * @param description - of the family
 * @param options - how many, and the seed, a whole number
 * @returns the calls; none when the family has no operations
 */
export function drawCalls(
  { operations }: FamilyDescription,
  { seed, count }: { readonly seed: number; readonly count: number },
): readonly DrawnCall[] {
  const draw = chanceOf(seed);
  const one = <T>(of: readonly T[]): T | undefined => of[Math.floor(draw() * of.length)];
  const calls: DrawnCall[] = [];
  for (let index = 0; index < count; index += 1) {
    // All in turn, so that none is left out.
    const [verb, shape] = Object.entries(operations)[index % Object.keys(operations).length] ?? [];
    if (verb === undefined || shape === undefined) break;
    const body: Record<string, unknown> = {};
    for (const [key, kind] of Object.entries(shape)) {
      if (kind.endsWith("?") && draw() < 0.5) continue;
      body[key] = one(valuesOf[kind.replace(/\?$/u, "")] ?? []);
    }
    calls.push({ verb, body: JSON.stringify(body) });
  }
  return calls;
}

/** Few, so that calls meet each other's rows, and the ends of what each kind takes. */
const valuesOf: Readonly<Record<string, readonly unknown[]>> = {
  name: ["a", "b", "b", "a.b", "A-1@x", "n".repeat(64)],
  text: ["", "a", "two words", '\u{1F600}\u0000"\\', "t".repeat(1000)],
  integer: [0, -1, 1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  positive: [1, 1, 2, 3, 10, 1000, Number.MAX_SAFE_INTEGER],
  boolean: [false, true],
};

/** Mulberry32. Source: Tommy Ettinger, public domain. */
function chanceOf(seed: number): () => number {
  let state = Math.trunc(seed) % 4_294_967_296;
  return () => {
    state = (state + 0x6d2b79f5) % 4_294_967_296;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
