/** Numbers and names as people read them. The same input gives the same text on every machine: no locale is asked. */

/** A path as the inputs write it. */
export interface WrittenPath {
  readonly path: string;
  readonly pathBytes?: string | undefined;
}

/**
 * Writes a whole number.
 * @returns digits in groups of three
 */
export function number(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/gu, ",");
}

/**
 * Writes a number of bytes.
 * @returns a size such as `1.4 MiB`
 */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? number(amount) : amount.toFixed(amount < 10 ? 1 : 0)} ${units[unit] ?? "B"}`;
}

/**
 * Writes a share.
 * @returns a percentage such as `12.3 %`, and `< 0.1 %` for what is not nothing
 */
export function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}

/**
 * Writes a count of things.
 * @returns for example `1 file` or `2 files`
 */
export function counted(amount: number, thing: string): string {
  return `${number(amount)} ${thing}${amount === 1 ? "" : "s"}`;
}

/**
 * Makes a name safe to look at: what is invisible, breaks lines or turns the direction of writing is escaped.
 * @returns one line of visible characters; a backslash of the name itself is doubled
 */
export function visible(name: string): string {
  return name.replaceAll("\\", "\\\\").replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, escapedCharacter);
}

/**
 * Makes a path safe to look at.
 * @returns as `visible`; bytes that are not UTF-8 stay escaped as `\xff`
 */
export function visiblePath({ path, pathBytes }: WrittenPath): string {
  // The tools escaped the odd bytes already: doubling those backslashes would hide them.
  return pathBytes === undefined
    ? visible(path)
    : path
        .split(/(\\x[0-9a-f]{2})/u)
        .map((part, index) => (index % 2 === 1 ? part : visible(part)))
        .join("");
}

/**
 * The day of a moment.
 * @returns the first ten characters of an ISO 8601 text, or "unknown"
 */
export function day(moment: string | null): string {
  return moment !== null && /^\d{4}-\d{2}-\d{2}/u.test(moment) ? moment.slice(0, 10) : "unknown";
}

function escapedCharacter(character: string): string {
  const known: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return known[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
