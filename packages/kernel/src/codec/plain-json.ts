/**
 * Plain data as text: JSON in one encoding, of what every engine writes alike. Keys stand in the order of their UTF-16 units, but for
 * those that are array indexes, which every engine puts first; numbers are whole.
 */
import { fixedLimits } from "../limits.ts";

/**
 * Writes plain data in its one encoding.
 *
 * @param text JSON
 * @returns the same data, or undefined when it is no JSON, nests deeper than 16, or holds a fraction, a number beyond ±(2^53 − 1), a
 *   key `__proto__` or broken Unicode
 */
export function canonicalJson(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const plain = plainOf(value, 0);
  return plain === undefined ? undefined : JSON.stringify(plain.value);
}

type Plain = { readonly value: unknown } | undefined;

function plainOf(value: unknown, depth: number): Plain {
  if (value === null || typeof value === "boolean") return { value };
  // Adding 0 turns -0, which JSON cannot write, into 0.
  if (typeof value === "number") return Number.isSafeInteger(value) ? { value: value + 0 } : undefined;
  if (typeof value === "string") return value.isWellFormed() ? { value } : undefined;
  if (typeof value !== "object" || depth >= fixedLimits.familyDepthMax) return undefined;
  return Array.isArray(value) ? plainList(value, depth) : plainRecord(value, depth);
}

function plainList(items: readonly unknown[], depth: number): Plain {
  const out: unknown[] = [];
  for (const item of items) {
    const plain = plainOf(item, depth + 1);
    if (plain === undefined) return undefined;
    out.push(plain.value);
  }
  return { value: out };
}

function plainRecord(record: object, depth: number): Plain {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))) {
    const plain = key === "__proto__" || !key.isWellFormed() ? undefined : plainOf(item, depth + 1);
    if (plain === undefined) return undefined;
    out[key] = plain.value;
  }
  return { value: out };
}
