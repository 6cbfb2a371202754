/** Tools of somebody who changes a vault behind its back: with a text editor, or with the vault's own key. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Entry } from "@toka/kernel";
import { schemaObjects } from "../src/backends/sqlite/schema.ts";
import { originOf, signCheckpoint } from "../src/checkpoint.ts";
import { leafDigest, zeroDigest } from "../src/digest.ts";
import { rowOf } from "../src/entry-row.ts";
import { Fold } from "../src/fold.ts";
import { signerOf } from "../src/note.ts";

/** Changes the database with its triggers out of the way, and puts them back exactly as they were. */
export function tamper(dir: string, change: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(dir, "log.db"));
  // Whoever tampers need not survive a crash, and the suite does this a thousand times.
  db.exec("PRAGMA synchronous = OFF; BEGIN");
  const triggers = Object.entries(schemaObjects).filter(([, sql]) => sql.startsWith("CREATE TRIGGER"));
  for (const [name] of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  for (const [, sql] of triggers) db.exec(sql);
  db.exec("COMMIT");
  db.close();
}

/** Every row of a table. */
export function rowsOf(dir: string, sql: string): readonly Record<string, unknown>[] {
  const db = new DatabaseSync(join(dir, "log.db"), { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

/** An entry as JSON, to be changed in place. */
export type OpenEntry = { -readonly [Key in keyof Entry]: Entry[Key] };

/** How a log is forged: what becomes of its entries, of the state digests in its checkpoints, and of the key. */
export interface Forgery {
  readonly entries?: (entries: OpenEntry[]) => void;
  readonly stateDigest?: (honest: string, size: number) => string;
  /** A private key to sign with instead of the vault's own. */
  readonly key?: string;
}

/**
 * Rewrites the whole log so that everything that can be computed fits again: every later digest and `previous`, every
 * column, the tree, and every checkpoint with its state digest, signed with the vault's right key or with another.
 */
export function forge(dir: string, forgery: Forgery): void {
  if (forgery.key !== undefined) writeFileSync(join(dir, "key"), forgery.key);
  const pem = readFileSync(join(dir, "key"), "utf8");
  tamper(dir, (db) => {
    const entries = db
      .prepare("SELECT bytes FROM entries ORDER BY position")
      .all()
      .map((row) => JSON.parse(String(row["bytes"])) as OpenEntry);
    forgery.entries?.(entries);
    const sizes = db
      .prepare("SELECT size FROM checkpoints ORDER BY size")
      .all()
      .map((row) => Number(row["size"]));
    db.exec("DELETE FROM entries; DELETE FROM checkpoints");
    const fold = new Fold();
    let signed = 0;
    let believable = true;
    for (const entry of entries) {
      entry.previous = fold.head.digest;
      const bytes = JSON.stringify(entry);
      const row = rowOf({ entry, bytes, digest: leafDigest(bytes) }, fold.head.timeMs);
      const { position, digest, timeMs, kind, principal, agent, session, outcome } = row;
      db.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
        position,
        digest,
        timeMs,
        kind,
        principal,
        agent,
        session,
        outcome,
        bytes,
      );
      believable = believable && applied(fold, entry);
      fold.advance(row);
      if (!sizes.includes(position)) continue;
      const vault = vaultOf(entries);
      const state = forgery.stateDigest?.(fold.stateDigest(), position) ?? fold.stateDigest();
      const checkpoint = { origin: originOf(vault), size: position, root: fold.tree.root(), state, previous: signed };
      db.prepare("INSERT INTO checkpoints VALUES (?, ?)").run(
        position,
        signCheckpoint(checkpoint, signerOf(originOf(vault), pem)),
      );
      signed = position;
    }
  });
}

/** A forger takes over what the entries claim; once they contradict each other, nobody could. */
function applied(fold: Fold, entry: Entry): boolean {
  try {
    fold.apply(entry);
    return true;
  } catch {
    return false;
  }
}

/** `zeroDigest` with another last bit: a state digest that is nothing's. */
export const someDigest: string = `${zeroDigest.slice(0, -1)}E`;

/** The id of the vault that a log is of. */
export function vaultOf(entries: readonly OpenEntry[]): string {
  const [first] = entries;
  if (first?.operation.type !== "vault.open") throw new Error("Cannot forge: the first entry opens no vault");
  return first.operation.vault;
}
