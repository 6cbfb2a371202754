/**
 * Checking the lookup index: it is derived and proves nothing, but a row left out of it would hide an entry from whoever
 * asks for an agent's. One that cannot be read or follows another log is rebuilt when the vault is opened, and is no
 * difference.
 */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { DatabaseSync } from "node:sqlite";
import { lookupFields, lookupVersion, payloadKey } from "../backends/sqlite/lookups.ts";
import { differs } from "./finding.ts";

const remedy = "the log is whole; delete lookup.db, and it is made again";

/**
 * Compares the index with the entries it covers.
 *
 * @param db the log, in the transaction that verifies it
 * @param path of `lookup.db`
 * @throws Differs when an entry or a payload cannot be found by it, or something is found that is not there
 */
export function checkLookups(db: DatabaseSync, path: string): void {
  const covered = existsSync(path) ? attach(db, path) : undefined;
  if (covered === undefined) return;
  for (const field of lookupFields) checkField(db, { field, covered: covered.entries });
  checkPayloads(db, covered.payloads);
}

function checkField(db: DatabaseSync, { field, covered }: { readonly field: string; readonly covered: number }): void {
  const wanted = number(db, `SELECT count(${field}) AS found FROM main.entries WHERE position <= ${covered}`);
  const listed = `FROM lookup.postings l, json_each(l.positions) j`;
  const right = number(
    db,
    `SELECT count(DISTINCT e.position) AS found ${listed} JOIN main.entries e ON e.position = j.value AND e.${field} = l.value
     WHERE l.field = '${field}' AND l.first = json_extract(l.positions, '$[0]')`,
  );
  const all = number(db, `SELECT count(*) AS found ${listed} WHERE l.field = '${field}'`);
  if (right !== wanted || all !== wanted)
    differs(0, `the lookup index finds ${right} entries by ${field}, and there are ${wanted}: ${remedy}`);
}

function checkPayloads(db: DatabaseSync, covered: number): void {
  const wanted = number(db, `SELECT count(*) AS found FROM main.payloads WHERE id <= ${covered}`);
  let right = 0;
  const rows = db.prepare("SELECT k.key, p.commitment FROM lookup.payload_keys k JOIN main.payloads p ON p.id = k.id");
  for (const { key, commitment } of rows.iterate())
    if (typeof commitment === "string" && payloadKey(commitment) === key) right += 1;
  if (right !== wanted) differs(0, `the lookup index finds ${right} payloads, and there are ${wanted}: ${remedy}`);
}

/** How far the index has followed this log, or undefined when it is to be made again anyway. */
function attach(db: DatabaseSync, path: string): { readonly entries: number; readonly payloads: number } | undefined {
  try {
    db.prepare("ATTACH ? AS lookup").run(`${pathToFileURL(path).href}?mode=ro`);
    if (db.prepare("PRAGMA lookup.user_version").get()?.["user_version"] !== lookupVersion) return undefined;
    const entries = mark(db, "entries");
    const payloads = mark(db, "payloads");
    const fits =
      matches(db, { at: entries, sql: "SELECT digest AS found FROM main.entries WHERE position = ?" }) &&
      matches(db, { at: payloads, sql: "SELECT commitment AS found FROM main.payloads WHERE id = ?" });
    return fits ? { entries: entries.at, payloads: payloads.at } : undefined;
  } catch {
    return undefined;
  }
}

interface Mark {
  readonly at: number;
  readonly digest: unknown;
}

function mark(db: DatabaseSync, name: "entries" | "payloads"): Mark {
  const row = db.prepare("SELECT at, digest FROM lookup.marks WHERE name = ?").get(name);
  return { at: Number(row?.["at"] ?? 0), digest: row?.["digest"] };
}

function matches(db: DatabaseSync, { at, sql }: { readonly at: Mark; readonly sql: string }): boolean {
  return at.at === 0 || db.prepare(sql).get(at.at)?.["found"] === at.digest;
}

function number(db: DatabaseSync, sql: string): number {
  return Number(db.prepare(sql).get()?.["found"]);
}
