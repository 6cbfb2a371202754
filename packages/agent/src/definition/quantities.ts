/** Reads the amounts that people write in agent files: sizes, spans of time, shares of a processor. */

const sizeUnits: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
const spanUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The form of a size. */
export const sizePattern: RegExp = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)(B|KB|MB|GB)$/u;
/** The form of a span of time. */
export const spanPattern: RegExp = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/u;
/** The form of a share of a processor. */
export const sharePattern: RegExp = /^([0-9]{1,4})%$/u;

/**
 * Reads a size such as `512MB` (a KB is 1,024 bytes).
 * @returns bytes, or undefined when the text is no size
 */
export function parseSize(text: string): number | undefined {
  return parseWith(text, { pattern: sizePattern, units: sizeUnits });
}

/**
 * Reads a span of time such as `1h`, `30s` or `250ms`.
 * @returns milliseconds, or undefined when the text is no span
 */
export function parseSpan(text: string): number | undefined {
  return parseWith(text, { pattern: spanPattern, units: spanUnits });
}

/**
 * Reads a share of one processor such as `50%`.
 * @returns per cent, or undefined when the text is no share
 */
export function parseShare(text: string): number | undefined {
  const found = sharePattern.exec(text);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

function parseWith(
  text: string,
  { pattern, units }: { readonly pattern: RegExp; readonly units: Readonly<Record<string, number>> },
): number | undefined {
  const found = pattern.exec(text);
  const unit = found?.[2] === undefined ? undefined : units[found[2]];
  if (found?.[1] === undefined || unit === undefined) return undefined;
  return Math.round(Number(found[1]) * unit);
}
