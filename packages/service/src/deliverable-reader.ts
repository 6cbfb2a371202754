/**
 * Reads what an agent delivered, for the judge: a regular file at exactly the path that was named, and nothing that a link leads to.
 */
import { constants } from "node:fs";
import { open, readlink } from "node:fs/promises";

import { systemCode } from "./failure.ts";
import { liesIn, outputsFolder } from "./places.ts";

/**
 * Reads a file for judging.
 *
 * A guest wrote the folder, so a link in it may lead anywhere: the last part is not followed, and the opened file must lie where its
 * path says. What lies in the vault beside the deliverables is none: the evidence would carry the key into the log.
 *
 * @param path - absolute and normalised
 * @param options - how many bytes to read at most, and the vault folder
 * @returns the size of the file and its first bytes, or undefined when there is no such regular file
 * @throws a system error when it is there and cannot be read
 */
export async function readDeliverable(
  path: string,
  options: { readonly bytesMax: number; readonly vault: string },
): Promise<{ readonly size: number; readonly bytes: Uint8Array } | undefined> {
  if (liesIn(path, options.vault) && !liesIn(path, outputsFolder(options.vault))) return undefined;
  let file;
  try {
    // Without waiting, so that a pipe with no writer cannot hold the judge up.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (absent.includes(systemCode(error))) return undefined;
    throw error;
  }
  try {
    const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
    if (!isFile || (await readlink(`/proc/self/fd/${file.fd}`)) !== path) return undefined;
    const bytes = new Uint8Array(Math.min(size, options.bytesMax));
    let filled = 0;
    while (filled < bytes.byteLength) {
      const { bytesRead } = await file.read(bytes, filled, bytes.byteLength - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { size, bytes: bytes.subarray(0, filled) };
  } finally {
    await file.close();
  }
}

const absent: readonly (string | undefined)[] = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EISDIR"];
