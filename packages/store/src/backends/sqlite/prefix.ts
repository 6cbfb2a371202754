/**
 * The beginning that a fork shares with its parent, read where it lies: the parent's file is attached for reading only, and a
 * temporary view joins its entries and checkpoints up to there with the fork's own. So whatever selects from `entries` reads one
 * log. Payloads are not joined: a fork stores those that its own entries name.
 *
 * A parent may be a fork itself. What cannot be had is said, and the fork's own entries can be read all the same.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DatabaseSync } from "node:sqlite";
import { textOf } from "../../failure.ts";
import { forksDeepMax } from "../../limits.ts";
import { readParentFile, type Parent } from "../../fork/parent-file.ts";
import { applicationId, baseOf } from "./schema.ts";

/** A log that holds a part of the beginning. */
export interface PrefixPart {
  /** As what it is attached. */
  readonly name: string;
  /** Folder of that vault. */
  readonly folder: string;
  /** Entries from behind `after` up to `upTo` are read from it. */
  readonly after: number;
  readonly upTo: number;
  /** Public keys that signed for it up to there. */
  readonly keys: readonly string[];
}

/** The beginning of a log that is not its own. */
export interface Prefix {
  /** Entries that are the parent's; 0 for a log that is whole. */
  readonly base: number;
  /** Where they lie, the last part first; none when some cannot be read. */
  readonly parts: readonly PrefixPart[];
  /** Why they cannot be read, if so. */
  readonly missing: string | undefined;
}

/** A log without a parent. */
const whole: Prefix = { base: 0, parts: [], missing: undefined };

/**
 * Joins a log with the beginning that it shares.
 *
 * @param db a connection to the log, outside of a transaction
 * @param path of its file
 * @returns what was joined
 */
export function attachPrefix(db: DatabaseSync, path: string): Prefix {
  const base = baseOf(db);
  if (base === 0) return whole;
  const parts: PrefixPart[] = [];
  const checkpoints: string[] = [];
  let folder = dirname(path);
  for (let upTo = base; upTo > 0;) {
    const name = `parent${parts.length + 1}`;
    const attached = attachParent(db, { name, folder, upTo, deep: parts.length });
    if ("missing" in attached) return { base, parts: [], missing: attached.missing };
    const { parent, after } = attached;
    folder = parent.path;
    parts.push({ name, folder, after, upTo, keys: parent.keys });
    checkpoints.push(`SELECT size, note FROM ${name}.checkpoints WHERE size <= ${parent.checkpoint}`);
    upTo = after;
  }
  // As a writer will have it: changing it later would drop the views.
  db.exec("PRAGMA temp_store = MEMORY");
  const entries = parts.map(({ name, upTo }) => `SELECT * FROM ${name}.entries WHERE position <= ${upTo}`);
  db.exec(`CREATE TEMP VIEW entries AS ${[...entries, "SELECT * FROM main.entries"].join(" UNION ALL ")}`);
  const own = "SELECT size, note FROM main.checkpoints";
  db.exec(`CREATE TEMP VIEW checkpoints AS ${[...checkpoints, own].join(" UNION ALL ")}`);
  return { base, parts, missing: undefined };
}

/** Attaches the log that ends where another begins, if it is the one that is meant. */
function attachParent(
  db: DatabaseSync,
  options: { readonly name: string; readonly folder: string; readonly upTo: number; readonly deep: number },
): { readonly parent: Parent; readonly after: number } | { readonly missing: string } {
  const { name, folder, upTo, deep } = options;
  if (deep >= forksDeepMax) return { missing: `more than ${forksDeepMax} forks lie one in another` };
  const parent = readParentFile(folder);
  if ("missing" in parent) return parent;
  const file = join(parent.path, "log.db");
  const said = `the log of its parent ${parent.vault}, ${file},`;
  if (parent.position !== upTo) return { missing: `${said} is not said to be shared up to entry ${upTo}` };
  if (!existsSync(file)) return { missing: `${said} is not there` };
  try {
    db.prepare(`ATTACH ? AS ${name}`).run(`${pathToFileURL(file).href}?mode=ro`);
    if (db.prepare(`PRAGMA ${name}.application_id`).get()?.["application_id"] !== applicationId)
      return { missing: `${said} is no log of Toka` };
    const after = baseOf(db, name);
    const found = db.prepare(`SELECT digest FROM ${name}.entries WHERE position = ?`).get(upTo)?.["digest"];
    if (found !== parent.digest || after >= upTo)
      return { missing: `${said} has another entry ${upTo} than the one that was shared` };
    return { parent, after };
  } catch (thrown) {
    return { missing: `${said} cannot be read: ${textOf(thrown)}` };
  }
}
