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
 * @returns true when some kind of `spent` is there and not below that of `threshold`
 */
export function reaches(spent: Figures, threshold: Figures): boolean {
  return (
    (spent.tokens > 0 && spent.tokens >= threshold.tokens) ||
    (spent.moneyMicro > 0 && spent.moneyMicro >= threshold.moneyMicro) ||
    (spent.cpuMs > 0 && spent.cpuMs >= threshold.cpuMs) ||
    (spent.wallMs > 0 && spent.wallMs >= threshold.wallMs) ||
    (spent.toolCalls > 0 && spent.toolCalls >= threshold.toolCalls) ||
    (spent.networkBytes > 0 && spent.networkBytes >= threshold.networkBytes) ||
    (spent.memoryBytes > 0 && spent.memoryBytes >= threshold.memoryBytes) ||
    (spent.storedBytes > 0 && spent.storedBytes >= threshold.storedBytes)
  );
}

/**
 * A share of each kind, rounded up.
 *
 * @param percent from 0 to 100
 * @returns the shares
 */
export function share(of: Figures, percent: number): Figures {
  return {
    tokens: Math.ceil((of.tokens / 100) * percent),
    moneyMicro: Math.ceil((of.moneyMicro / 100) * percent),
    cpuMs: Math.ceil((of.cpuMs / 100) * percent),
    wallMs: Math.ceil((of.wallMs / 100) * percent),
    toolCalls: Math.ceil((of.toolCalls / 100) * percent),
    networkBytes: Math.ceil((of.networkBytes / 100) * percent),
    memoryBytes: Math.ceil((of.memoryBytes / 100) * percent),
    storedBytes: Math.ceil((of.storedBytes / 100) * percent),
  };
}

// 2^52.
const figureMax = 4_503_599_627_370_496;
