/** Reads the amounts that people write in manifests: sizes such as `512MB` and spans of time such as `60s`. */

const sizeUnits: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
const spanUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const quantity = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)(B|KB|MB|GB|ms|s|m|h)$/u;

/**
 * Reads a size such as `512MB`; a KB is 1,024 bytes.
 * @returns bytes, or undefined when the text is no size
 */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, sizeUnits);
}

/**
 * Reads a span of time such as `60s` or `250ms`.
 * @returns milliseconds, or undefined when the text is no span
 */
export function parseSpan(text: string): number | undefined {
  return parseQuantity(text, spanUnits);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const found = quantity.exec(text);
  const unit = found?.[2] === undefined ? undefined : units[found[2]];
  return found?.[1] === undefined || unit === undefined ? undefined : Math.round(Number(found[1]) * unit);
}
