/** The arithmetic of budgets, written out kind by kind: held against the same in a loop, with every kind alone at its bound. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amountKinds, type AmountKind } from "../src/budget/amounts.ts";
import * as figures from "../src/budget/figures.ts";

type Figures = figures.Figures;

const most = 2 ** 52;
const figure = fc.oneof(fc.constantFrom(0, 1, 99, 100, 101, most - 1, most), fc.nat(1_000));
const any: fc.Arbitrary<Figures> = fc
  .tuple(...amountKinds.map(() => figure))
  .map((values) => by((_kind, index) => values[index] ?? 0));

function by(of: (kind: AmountKind, index: number) => number): Figures {
  return figures.figuresOf(Object.fromEntries(amountKinds.map((kind, index) => [kind, of(kind, index)])));
}

/** All kinds alike but one. */
function but(kind: AmountKind, value: number, others: number): Figures {
  return by((one) => (one === kind ? value : others));
}

describe("figures", () => {
  test("are added and subtracted kind by kind, held between nothing and 2^52", () => {
    fc.assert(
      fc.property(any, any, (left, right) => {
        expect(figures.plus(left, right)).toEqual(by((kind) => Math.min(most, left[kind] + right[kind])));
        expect(figures.less(left, right)).toEqual(by((kind) => Math.max(0, left[kind] - right[kind])));
      }),
      { seed: 11 },
    );
  });

  test("become amounts without the zeros, in the order of the kinds, and come back the same", () => {
    fc.assert(
      fc.property(any, (given) => {
        const amounts = figures.amountsOf(given);
        expect(Object.entries(amounts)).toEqual(
          amountKinds.filter((kind) => given[kind] !== 0).map((kind) => [kind, given[kind]]),
        );
        expect(figures.figuresOf(amounts)).toEqual(given);
      }),
      { seed: 12 },
    );
    expect(figures.noFigures).toEqual(by(() => 0));
  });

  test.each(amountKinds)("are compared in %s, whatever the other kinds are", (kind) => {
    const equal = by(() => 5);
    expect(
      figures.same(
        equal,
        by(() => 5),
      ),
    ).toBe(true);
    for (const value of [4, 6]) expect(figures.same(equal, but(kind, value, 5))).toBe(false);
    expect(figures.within(equal, but(kind, 5, 9))).toBe(true);
    expect(figures.within(equal, but(kind, 4, 9))).toBe(false);
    expect(figures.within(but(kind, 6, 0), equal)).toBe(false);
  });

  test.each(amountKinds)("reach a share in %s alone, from the very figure on, and never by nothing", (kind) => {
    const of = but(kind, 50, 1_000);
    const at = (value: number): boolean => figures.reaches(but(kind, value, 0), { percent: 80, of });
    expect([39, 40, 41].map(at)).toEqual([false, true, true]);
    // Of what was allotted nothing, a share is nothing: reached by what is spent, not by what is not.
    const nothing = by(() => 0);
    expect(figures.reaches(nothing, { percent: 80, of: nothing })).toBe(false);
    expect(figures.reaches(but(kind, 1, 0), { percent: 80, of: nothing })).toBe(true);
  });

  test.each([
    [0, 80, 0],
    [100, 80, 80],
    [101, 80, 81],
    [1, 80, 1],
    [1, 0, 0],
  ])("of %d have a share of %d percent that is rounded up to %d", (whole, percent, share) => {
    expect(figures.share(whole, percent)).toBe(share);
  });
});
