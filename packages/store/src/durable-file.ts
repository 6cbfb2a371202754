/** Replacing a small file so that a crash leaves the old content or the new, never a mixture. */
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces a file's content; durable when resolved. The caller sees to it that one writes at a time.
 *
 * @param path of the file; its folder exists
 * @param content what it holds afterwards: whole, or in pieces, each asked for when the one before is written
 * @throws the system's error; the old content is then still there
 */
export async function replaceFile(
  path: string,
  content: string | Iterable<Uint8Array> | AsyncIterable<string>,
): Promise<void> {
  const next = `${path}.next`;
  try {
    const file = await open(next, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (thrown) {
    await rm(next, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes the names in a folder durable.
 *
 * @throws the system's error
 */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
