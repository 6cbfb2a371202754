/**
 * Files that hold keys: for their owner alone, and refused when they are not.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";

import { replaceFile } from "@toka/store";

import { ServiceFailure, systemCode } from "./failure.ts";

/** Bytes of one such file: a few dozen keys, or a thousand secrets. */
const privateFileBytesMax = 64 * 1024 * 1024;

/** Permission bits of the group and of others. */
const othersMask = 0o077;

/**
 * Reads a private file.
 *
 * @param path - of the file; a symbolic link is not followed
 * @returns its text, or undefined when there is none
 * @throws a failure `private_file_open` when others may read or write it, `private_file_unreadable` when it is no regular file, is too
 *   large or cannot be read
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw unreadable(path, "it is no regular file");
      if ((stats.mode & othersMask) !== 0) {
        throw new ServiceFailure("private_file_open", {
          message: `Cannot use ${path}: its mode is 0${(stats.mode & 0o777).toString(8)}, wanted 0600; chmod 600 it, and make its keys anew if others could read it`,
        });
      }
      if (stats.size > privateFileBytesMax) throw unreadable(path, `it has more than ${privateFileBytesMax} bytes`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ServiceFailure) throw error;
    if (systemCode(error) === "ENOENT") return undefined;
    throw unreadable(path, systemCode(error) ?? "unknown error");
  }
}

/**
 * Replaces a private file as a whole, mode 0600: a crash leaves the old content or the new.
 *
 * @param path - of the file; its folder exists, and one process at a time writes there
 * @param text - what it holds afterwards
 * @throws a failure `private_file_unwritable`; the old content is then still there
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (cause) {
    throw new ServiceFailure("private_file_unwritable", {
      message: `Cannot write ${path}: ${systemCode(cause) ?? "unknown error"}`,
      retry: "later",
      cause,
    });
  }
}

function unreadable(path: string, state: string): ServiceFailure {
  return new ServiceFailure("private_file_unreadable", { message: `Cannot read ${path}: ${state}` });
}
