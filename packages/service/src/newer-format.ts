/** Files of a newer Toka: told from damaged ones, for whose remedy would throw away what is only not known yet. */

/**
 * What is wrong with a file whose format is newer than is known.
 *
 * @param text - of the file
 * @param known - the newest format that is known
 * @returns it in words, or undefined when the file is not of a newer format
 */
export function newerFormat(text: string, known: number): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format !== "number" || !Number.isSafeInteger(format) || format <= known) return undefined;
  return `a newer Toka wrote it: found format ${format}, wanted ${known}; use that Toka or a newer one`;
}
