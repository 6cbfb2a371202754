/**
 * Amounts of what budgets count: whole numbers by kind, an absent kind meaning zero.
 *
 * Canonical amounts list the kinds in the order of `amountKinds` and leave zeros out, so that equal amounts have equal bytes.
 */

/** The kinds, in canonical order. Money is in millionths of the vault's currency unit, times in ms, the rest in units or bytes. */
export const amountKinds: readonly AmountKind[] = [
  "tokens",
  "moneyMicro",
  "cpuMs",
  "wallMs",
  "toolCalls",
  "networkBytes",
  "memoryBytes",
  "storedBytes",
];

/** What a budget counts. `memoryBytes` is a level, given back when the effect is over; the others are flows, spent. */
export type AmountKind =
  | "tokens"
  | "moneyMicro"
  | "cpuMs"
  | "wallMs"
  | "toolCalls"
  | "networkBytes"
  | "memoryBytes"
  | "storedBytes";

/** Whole numbers >= 0 by kind; absent means 0. */
export type Amounts = { readonly [Kind in AmountKind]?: number };

/** Nothing of anything. */
export const noAmounts: Amounts = {};

/**
 * One kind's amount.
 *
 * @returns 0 when it is absent
 */
export function amountOf(amounts: Amounts, kind: AmountKind): number {
  return amounts[kind] ?? 0;
}

/**
 * Builds canonical amounts from a function of the kind.
 *
 * @param of the amount of a kind; zero leaves the kind out
 * @returns canonical amounts
 */
export function amountsBy(of: (kind: AmountKind) => number): Amounts {
  const out: { [Kind in AmountKind]?: number } = {};
  for (const kind of amountKinds) {
    const amount = of(kind);
    if (amount !== 0) out[kind] = amount;
  }
  return out;
}

/**
 * Adds, kind by kind.
 *
 * @returns the sums, canonical
 */
export function addAmounts(left: Amounts, right: Amounts): Amounts {
  return amountsBy((kind) => amountOf(left, kind) + amountOf(right, kind));
}

/**
 * Subtracts, kind by kind, never below zero.
 *
 * @returns the differences, canonical
 */
export function lessAmounts(left: Amounts, right: Amounts): Amounts {
  return amountsBy((kind) => Math.max(0, amountOf(left, kind) - amountOf(right, kind)));
}

/**
 * Tells whether nothing of any kind is there.
 *
 * @returns true for amounts without a positive kind
 */
export function isNothing(amounts: Amounts): boolean {
  return amountKinds.every((kind) => amountOf(amounts, kind) === 0);
}
