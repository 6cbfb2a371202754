/**
 * Reads amounts that a person wrote.
 */
import { parseSize, parseSpan } from "@toka/agent";
import { type AmountKind, type Amounts, amountsBy } from "@toka/kernel";

/** Amounts as words, by what is counted. */
export interface AmountWords {
  /** Processor time, such as `90s`. */
  readonly cpu?: string;
  /** Time on the wall, such as `2h`. */
  readonly wall?: string;
  /** Such as `512MB`. */
  readonly memory?: string;
  /** Bytes that are written, such as `1GB`. */
  readonly disk?: string;
  readonly toolCalls?: string;
  readonly tokens?: string;
  /** In units of the vault's currency, such as `2.50`. */
  readonly money?: string;
}

const readers: readonly (readonly [keyof AmountWords, AmountKind, (text: string) => number | undefined, string])[] = [
  ["cpu", "cpuMs", parseSpan, "a span such as 90s"],
  ["wall", "wallMs", parseSpan, "a span such as 2h"],
  ["memory", "memoryBytes", parseSize, "a size such as 512MB"],
  ["disk", "storedBytes", parseSize, "a size such as 1GB"],
  ["toolCalls", "toolCalls", parseCount, "a whole number"],
  ["tokens", "tokens", parseCount, "a whole number"],
  ["money", "moneyMicro", parseMoney, "an amount such as 2.50"],
];

/**
 * Reads amounts.
 *
 * @param words - as given; absent ones mean zero
 * @returns the amounts, or what is wrong with the first that cannot be read
 */
export function amountsFrom(words: AmountWords): { readonly amounts: Amounts } | { readonly problem: string } {
  const read = new Map<AmountKind, number>();
  for (const [word, kind, parse, wanted] of readers) {
    const text = words[word];
    if (text === undefined) continue;
    const amount = parse(text);
    if (amount === undefined) return { problem: `found ${text}, wanted ${wanted}` };
    read.set(kind, amount);
  }
  return { amounts: amountsBy((kind) => read.get(kind) ?? 0) };
}

/**
 * Reads a span of time.
 *
 * @param text - such as `15m` or `2h`
 * @returns milliseconds, or undefined when it is none
 */
export function spanFrom(text: string): number | undefined {
  return parseSpan(text);
}

function parseCount(text: string): number | undefined {
  return /^[0-9]{1,15}$/u.test(text) ? Number(text) : undefined;
}

/** Two numbers, so that no fraction is rounded on the way to millionths. */
function parseMoney(text: string): number | undefined {
  const [, whole, fraction = ""] = /^([0-9]{1,9})(?:\.([0-9]{1,6}))?$/u.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 1_000_000 + Number(fraction.padEnd(6, "0"));
}
