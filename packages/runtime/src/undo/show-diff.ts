/** The comparison of texts, loaded when somebody asks for one. */

/**
 * Compares what stood at a path with what is to stand there.
 *
 * @param before - the bytes before; undefined when no file stood there
 * @param after - the bytes after; undefined when no file stands there
 * @returns the hunks of a unified diff; undefined when a side is no text, or they are too long or differ too much
 */
export async function showDiff(
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
): Promise<string | undefined> {
  const { hunksOfDiff } = await import("./line-diff.ts");
  return hunksOfDiff(before, after);
}
