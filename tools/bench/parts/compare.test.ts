/** The comparison with a baseline, on made-up rounds. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compared, comparedAll, fails, type Measured } from "./compare.ts";

const samplesPerRun = 5;

/** A reproducible number from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

interface MadeUp {
  readonly noise?: number;
  readonly drift?: number;
  readonly seed?: number;
  readonly better?: "more" | "less";
}

/** Three runs about a middle, each sample off by up to `noise` of it and each run as a whole by up to `drift`. */
function rounds(middle: number, { noise = 0, drift = 0, seed = 1, better = "more" }: MadeUp): Measured {
  const random = randomFrom(seed);
  const off = (by: number): number => 1 + by * (2 * random() - 1);
  return {
    better,
    runs: Array.from({ length: 3 }, () => {
      const here = middle * off(drift);
      return Array.from({ length: samplesPerRun }, () => here * off(noise));
    }),
  };
}

const rows: readonly (readonly [string, Measured | undefined, Measured | undefined, string])[] = [
  ["the same figure", rounds(1, {}), rounds(1, {}), "kept"],
  ["a loss of a twentieth without noise", rounds(1, {}), rounds(0.95, {}), "kept"],
  ["a loss of a fifth without noise", rounds(1, {}), rounds(0.8, {}), "worse"],
  ["a fifth more of what should be little", rounds(1, { better: "less" }), rounds(1.26, { better: "less" }), "worse"],
  ["a fifth less of what should be little", rounds(1, { better: "less" }), rounds(0.8, { better: "less" }), "better"],
  ["a gain of a third", rounds(1, {}), rounds(1.33, {}), "better"],
  ["a loss of a quarter in 3 % of noise", rounds(1, { noise: 0.03 }), rounds(0.75, { noise: 0.03, seed: 2 }), "worse"],
  ["a loss of a seventh where whole runs drift by 10 %", runsAt(0.9, 1, 1.1), runsAt(0.77, 0.86, 0.95), "kept"],
  ["a loss of half where whole runs drift by 5 %", runsAt(0.95, 1, 1.05), runsAt(0.47, 0.5, 0.53), "worse"],
  ["one run of three far off, two alike", runsAt(1, 1, 1), runsAt(0.5, 1, 1), "unsure"],
  ["rounds all over the place", runsAt(1, 1, 1), runsAt(0.3, 1, 3), "unsure"],
  ["a figure that is measured no more", rounds(1, {}), undefined, "missing"],
  ["a figure that is new", undefined, rounds(1, {}), "new"],
];

test.each(rows)("a comparison says what it sees when there is %s", (_name, was, is, verdict) => {
  const comparison = compared("row", { was, is });
  expect(comparison.verdict).toBe(verdict);
  expect(fails(comparison)).toBe(["worse", "unsure", "missing"].includes(verdict));
});

test("a comparison names the loss and the noise when a figure is worse", () => {
  const { loss, bound, was, is } = compared("row", { was: rounds(2, {}), is: rounds(1.5, {}) });
  expect([loss, bound, was, is].map((value) => Number(value.toFixed(6)))).toEqual([0.25, 0.1, 2, 1.5]);
});

test("a figure of the same machine is never worse for noise of up to a twentieth alone", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000),
      fc.nat(1_000_000),
      fc.double({ min: 0, max: 0.05, noNaN: true }),
      (one, other, noise) => {
        const [was, is] = [one, other].map((seed) => rounds(1, { noise, drift: noise / 2, seed }));
        expect(compared("row", { was, is }).verdict).not.toBe("worse");
      },
    ),
    { seed: 7, numRuns: 2_000 },
  );
});

test("a loss of a third always fails when the noise is up to a fiftieth", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000),
      fc.nat(1_000_000),
      fc.double({ min: 0, max: 0.02, noNaN: true }),
      (one, other, noise) => {
        const was = rounds(1, { noise, drift: noise, seed: one });
        const is = rounds(0.66, { noise, drift: noise, seed: other });
        expect(compared("row", { was, is }).verdict).toBe("worse");
      },
    ),
    { seed: 7, numRuns: 2_000 },
  );
});

test("all figures are compared when one side has names that the other lacks", () => {
  const was = new Map([
    ["b", rounds(1, {})],
    ["a", rounds(1, {})],
  ]);
  const is = new Map([
    ["c", rounds(1, {})],
    ["a", rounds(0.5, {})],
  ]);
  expect(comparedAll(was, is).map(({ name, verdict }) => [name, verdict])).toEqual([
    ["a", "worse"],
    ["b", "missing"],
    ["c", "new"],
  ]);
});

function runsAt(...middles: readonly number[]): Measured {
  return { better: "more", runs: middles.map((middle) => [middle, middle, middle]) };
}
