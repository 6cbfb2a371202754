/**
 * A witness that is a file, on another disk or in somebody else's folder: it holds the last checkpoint, and never goes back.
 */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";

import { replaceFile } from "@toka/store";

import { type Handed, type Handing, reasonOf } from "./handing.ts";

/** Bytes of a checkpoint with many cosignatures; a larger file is something else. */
const noteBytesMax = 65_536;

/** Lines that say which log it is, how many entries it has, and its root. */
const headLines = 3;

/**
 * Keeps a checkpoint in a file, in the place of an older one of the same log.
 *
 * @param path - absolute
 * @param handed - the checkpoint
 * @returns what came of it; a file that holds something else, or a checkpoint that this one does not continue, stays as it is
 */
export async function keepInFile(path: string, { head, since }: Handed): Promise<Handing> {
  try {
    const reason = existsSync(path) ? await objection(path, { head, since }) : undefined;
    if (reason !== undefined) return { type: "failed", reason };
    await replaceFile(path, head.note);
    return { type: "kept", cosignatures: "" };
  } catch (error) {
    return { type: "failed", reason: reasonOf(error) };
  }
}

async function objection(path: string, { head, since }: Handed): Promise<string | undefined> {
  const { size: bytes } = await stat(path);
  const held = bytes > noteBytesMax ? "" : await readFile(path, "utf8");
  const [origin, size] = held.split("\n");
  if (origin !== head.note.split("\n")[0] || !/^[1-9]\d{0,15}$/u.test(size ?? ""))
    return "the file holds something else than a checkpoint of this log, and was left as it is";
  const entries = Number(size);
  if (entries > head.size) return `the file holds a checkpoint of ${entries} entries, and the log has ${head.size}`;
  const { from } = await since(entries);
  if (headOf(from) === headOf(held)) return undefined;
  return `the log was rewritten: its first ${entries} entries are not those of the checkpoint in the file`;
}

function headOf(note: string): string {
  return note.split("\n").slice(0, headLines).join("\n");
}
