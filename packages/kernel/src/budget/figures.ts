/**
 * Figures: amounts with every kind written out, as budgets keep them.
 *
 * The books are the busiest part of the kernel. All figures have the same keys in the same order, and the arithmetic is written out
 * kind by kind, because engines run that many times faster than a loop over names.
 */
import type { AmountKind, Amounts } from "./amounts.ts";

/** An amount of every kind, zeros included. */
export type Figures = { readonly [Kind in AmountKind]: number };

/** Nothing of anything. */
export const noFigures: Figures = figuresOf({});

/**
 * Writes out every kind.
 *
 * @returns the same amounts as figures
 */
export function figuresOf(amounts: Amounts): Figures {
  return {
    tokens: amounts.tokens ?? 0,
    moneyMicro: amounts.moneyMicro ?? 0,
    cpuMs: amounts.cpuMs ?? 0,
    wallMs: amounts.wallMs ?? 0,
    toolCalls: amounts.toolCalls ?? 0,
    networkBytes: amounts.networkBytes ?? 0,
    memoryBytes: amounts.memoryBytes ?? 0,
    storedBytes: amounts.storedBytes ?? 0,
  };
}

/**
 * Adds, kind by kind. Each sum is held at 2^52: far beyond any allotment, and still exact.
 *
 * @returns the sums
 */
export function plus(left: Figures, right: Figures): Figures {
  return {
    tokens: Math.min(figureMax, left.tokens + right.tokens),
    moneyMicro: Math.min(figureMax, left.moneyMicro + right.moneyMicro),
    cpuMs: Math.min(figureMax, left.cpuMs + right.cpuMs),
    wallMs: Math.min(figureMax, left.wallMs + right.wallMs),
    toolCalls: Math.min(figureMax, left.toolCalls + right.toolCalls),
    networkBytes: Math.min(figureMax, left.networkBytes + right.networkBytes),
    memoryBytes: Math.min(figureMax, left.memoryBytes + right.memoryBytes),
    storedBytes: Math.min(figureMax, left.storedBytes + right.storedBytes),
  };
}

/**
 * Subtracts, kind by kind, never below zero.
 *
 * @returns the differences
 */
export function less(left: Figures, right: Figures): Figures {
  return {
    tokens: Math.max(0, left.tokens - right.tokens),
    moneyMicro: Math.max(0, left.moneyMicro - right.moneyMicro),
    cpuMs: Math.max(0, left.cpuMs - right.cpuMs),
    wallMs: Math.max(0, left.wallMs - right.wallMs),
    toolCalls: Math.max(0, left.toolCalls - right.toolCalls),
    networkBytes: Math.max(0, left.networkBytes - right.networkBytes),
    memoryBytes: Math.max(0, left.memoryBytes - right.memoryBytes),
    storedBytes: Math.max(0, left.storedBytes - right.storedBytes),
  };
}

/**
 * Compares.
 *
 * @returns true when every kind is the same
 */
export function same(left: Figures, right: Figures): boolean {
  return (
    left.tokens === right.tokens &&
    left.moneyMicro === right.moneyMicro &&
    left.cpuMs === right.cpuMs &&
    left.wallMs === right.wallMs &&
    left.toolCalls === right.toolCalls &&
    left.networkBytes === right.networkBytes &&
    left.memoryBytes === right.memoryBytes &&
    left.storedBytes === right.storedBytes
  );
}

/**
 * Compares.
 *
 * @returns true when no kind of `small` is above that of `large`
 */
export function within(small: Figures, large: Figures): boolean {
  return (
    small.tokens <= large.tokens &&
    small.moneyMicro <= large.moneyMicro &&
    small.cpuMs <= large.cpuMs &&
    small.wallMs <= large.wallMs &&
    small.toolCalls <= large.toolCalls &&
    small.networkBytes <= large.networkBytes &&
    small.memoryBytes <= large.memoryBytes &&
    small.storedBytes <= large.storedBytes
  );
}

/**
 * Compares.
 *
 * @param spent figures
 * @param share a share of others, `percent` from 0 to 100
 * @returns true when some kind of `spent` is there and not below that share
 */
export function reaches(spent: Figures, { percent, of }: { readonly percent: number; readonly of: Figures }): boolean {
  return (
    (spent.tokens > 0 && spent.tokens >= share(of.tokens, percent)) ||
    (spent.moneyMicro > 0 && spent.moneyMicro >= share(of.moneyMicro, percent)) ||
    (spent.cpuMs > 0 && spent.cpuMs >= share(of.cpuMs, percent)) ||
    (spent.wallMs > 0 && spent.wallMs >= share(of.wallMs, percent)) ||
    (spent.toolCalls > 0 && spent.toolCalls >= share(of.toolCalls, percent)) ||
    (spent.networkBytes > 0 && spent.networkBytes >= share(of.networkBytes, percent)) ||
    (spent.memoryBytes > 0 && spent.memoryBytes >= share(of.memoryBytes, percent)) ||
    (spent.storedBytes > 0 && spent.storedBytes >= share(of.storedBytes, percent))
  );
}

/**
 * A share of one figure, rounded up.
 *
 * @param percent from 0 to 100
 * @returns the share
 */
export function share(figure: number, percent: number): number {
  return Math.ceil((figure / 100) * percent);
}

/**
 * Leaves the zeros out.
 *
 * @returns the same figures as canonical amounts
 */
export function amountsOf(figures: Figures): Amounts {
  const out: { [Kind in AmountKind]?: number } = {};
  if (figures.tokens !== 0) out.tokens = figures.tokens;
  if (figures.moneyMicro !== 0) out.moneyMicro = figures.moneyMicro;
  if (figures.cpuMs !== 0) out.cpuMs = figures.cpuMs;
  if (figures.wallMs !== 0) out.wallMs = figures.wallMs;
  if (figures.toolCalls !== 0) out.toolCalls = figures.toolCalls;
  if (figures.networkBytes !== 0) out.networkBytes = figures.networkBytes;
  if (figures.memoryBytes !== 0) out.memoryBytes = figures.memoryBytes;
  if (figures.storedBytes !== 0) out.storedBytes = figures.storedBytes;
  return out;
}

// 2^52.
const figureMax = 4_503_599_627_370_496;
