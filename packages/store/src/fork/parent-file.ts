/**
 * The file `parent` in the folder of a fork: where the log lies whose beginning it shares, and how far.
 *
 * It is not evidence: what it says is held against the fork's own first entry, and what is found there against the tree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDigest } from "../digest.ts";
import { textOf } from "../failure.ts";

/** The vault that a fork comes from. */
export interface Parent {
  /** Real path of its folder. It may be changed when the parent was moved. */
  readonly path: string;
  /** `vault-…`, as it is called up to there. */
  readonly vault: string;
  /** Entries shared. */
  readonly position: number;
  /** Of the last of them. */
  readonly digest: string;
  /** Public keys that signed its checkpoints up to there, in the text form of signed notes. */
  readonly keys: readonly string[];
  /** Its last checkpoint among the entries shared when the fork was made; a later one may be of the same size. */
  readonly checkpoint: number;
}

/** Why a parent cannot be read. */
export interface NoParent {
  readonly missing: string;
}

const name = "parent";
const format = 1;

/**
 * Writes the file, once and for all.
 *
 * @param folder of the fork
 * @param parent what it says
 */
export function writeParentFile(folder: string, parent: Parent): void {
  writeFileSync(join(folder, name), `${JSON.stringify({ format, ...parent }, null, 2)}\n`, {
    mode: 0o600,
    flag: "wx",
    flush: true,
  });
}

/**
 * Reads the file.
 *
 * @param folder of the fork
 * @returns what it says, or why that is not known
 */
export function readParentFile(folder: string): Parent | NoParent {
  try {
    return parentIn(JSON.parse(readFileSync(join(folder, name), "utf8")));
  } catch (thrown) {
    return { missing: `its file ${join(folder, name)} cannot be read: ${textOf(thrown)}` };
  }
}

function parentIn(value: unknown): Parent {
  const found: Record<string, unknown> = typeof value === "object" && value !== null ? { ...value } : {};
  const { path, vault, position, digest, keys, checkpoint } = found;
  if (found["format"] !== format) throw new Error(`its format is not ${format}`);
  if (typeof path !== "string" || typeof vault !== "string" || typeof digest !== "string" || !isDigest(digest))
    throw new Error("it names no parent");
  if (!isPosition(position) || !isPosition(checkpoint)) throw new Error("it names no position");
  if (!Array.isArray(keys)) throw new Error("it names no keys");
  return { path, vault, position, digest, keys: keys.map(String), checkpoint };
}

function isPosition(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
