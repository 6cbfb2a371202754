/**
 * A quick look over a vault's files, without deciding anything again: what is there, whether it is readable, and how far each
 * derived file is behind. It reads beside whoever has the vault open, and changes nothing.
 */
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readFileSync, readSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { checkpointOf, entryColumns, entryOf, integer } from "../backends/sqlite/rows.ts";
import { layoutOf, newestLayout, refuseNewer, schemaDifference } from "../backends/sqlite/schema.ts";
import { openCheckpoint, originOf } from "../checkpoint.ts";
import { leafDigest } from "../digest.ts";
import { StoreFailure, textOf } from "../failure.ts";
import { keptStates } from "../kept-states.ts";
import { differenceFromKnown } from "../known-check.ts";
import { knownOf, readKnownVaults } from "../known-vaults.ts";
import { checkpointEntriesMax, fileLockWaitMs, snapshotEntriesMax } from "../limits.ts";
import type { CheckpointRow } from "../log.ts";
import { signerOf } from "../note.ts";
import { vaultFiles, type VaultFiles } from "../vault-files.ts";

/** One thing that was looked at. */
export interface StoreCheck {
  readonly name: string;
  readonly ok: boolean;
  /** True when the vault cannot be relied upon without it. */
  readonly required: boolean;
  readonly found: string;
  readonly wanted: string;
  /** What to do, present when it is not as wanted. */
  readonly fix?: string;
}

/** Bytes that a vault needs to go on in comfort: some hours of work, and room to move the write-ahead log. */
const freeBytesWanted: number = 512 * 1024 * 1024;

const mebibyte = 1024 * 1024;

const verifyNames = 'Run "toka verify", which names the first entry that differs';
const restoreIt = "Restore the vault from a backup";

/**
 * Looks a vault over.
 *
 * @param dir its folder; no process but another may have it open
 * @param options path of the known-vaults file
 * @returns each check, in the order in which one explains the next
 * @throws StoreFailure `vault_absent`
 */
export async function lookOver(
  dir: string,
  { knownVaults }: { readonly knownVaults: string },
): Promise<readonly StoreCheck[]> {
  const files = vaultFiles(dir);
  if (!existsSync(files.log))
    throw new StoreFailure("vault_absent", {
      message: `Cannot look over the vault ${files.dir}: there is none`,
      retry: "never",
    });
  const outside = [checkDisk(files.dir), checkModes(files), ...(await checkDerived(files))];
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(files.log, { readOnly: true, timeout: fileLockWaitMs });
    refuseNewer(db, "look over");
    const difference = schemaDifference(db);
    if (difference !== undefined) return [bad("format", { found: difference, fix: restoreIt }), ...outside];
    return [
      { ...good("format"), found: String(layoutOf(db)), wanted: `1 to ${newestLayout}` },
      checkDatabase(db),
      ...(await checkLog(db, { files, knownVaults })),
      ...outside,
    ];
  } catch (thrown) {
    if (thrown instanceof StoreFailure && thrown.code === "vault_newer")
      return [bad("format", { found: thrown.message, fix: "use the Toka that wrote it, or a newer one" }), ...outside];
    return [bad("database", { found: textOf(thrown), fix: restoreIt }), ...outside];
  } finally {
    db?.close();
  }
}

/** A check that found what it wants, in words. */
const wanteds = {
  format: "a log of this format",
  database: "every page readable",
  log: "its last entry whole",
  key: "the key that signs its last checkpoint",
  checkpoint: `signed, at most ${checkpointEntriesMax} entries behind`,
  "known-vaults": "the vault that was seen before",
} as const;

function good(name: keyof typeof wanteds): Pick<StoreCheck, "name" | "ok" | "required" | "wanted"> {
  return { name, ok: true, required: true, wanted: wanteds[name] };
}

function bad(name: keyof typeof wanteds, { found, fix }: { readonly found: string; readonly fix: string }): StoreCheck {
  return { ...good(name), ok: false, found, fix };
}

function checkDatabase(db: DatabaseSync): StoreCheck {
  const said = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  if (said === "ok") return { ...good("database"), found: "SQLite finds nothing wrong" };
  return bad("database", { found: String(said), fix: restoreIt });
}

/** What the log's end says: its last entry, the last signed head, the key behind it, and what is known outside. */
async function checkLog(
  db: DatabaseSync,
  { files, knownVaults }: { readonly files: VaultFiles; readonly knownVaults: string },
): Promise<readonly StoreCheck[]> {
  const row = db.prepare(`SELECT ${entryColumns} FROM entries ORDER BY position DESC LIMIT 1`).get();
  const signed = db.prepare("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").get();
  if (row === undefined || signed === undefined)
    return [bad("log", { found: "it has no entry, or none that is signed", fix: restoreIt })];
  const checkpoint = checkpointOf(signed);
  const last = entryOf(row);
  const whole = leafDigest(last.bytes) === last.digest;
  // As its last checkpoint calls it; whether that is signed is seen below.
  const vault = checkpoint.note.split("\n")[0]?.replace(/^toka\//u, "") ?? "";
  const told = `${vault}, ${last.position} entries, the last at ${new Date(last.timeMs).toISOString()}`;
  const head = whole
    ? { ...good("log"), found: told }
    : bad("log", { found: `the bytes of entry ${last.position} do not give its digest`, fix: verifyNames });
  let key: string;
  try {
    key = readFileSync(files.key, "utf8");
  } catch (thrown) {
    return [head, bad("key", { found: textOf(thrown), fix: `${restoreIt}: without its key nothing can be signed` })];
  }
  return [
    head,
    ...checkSigned(checkpoint, { vault, key, entries: last.position }),
    await checkKnown({ files, knownVaults, vault, key, entries: last.position }),
  ];
}

function checkSigned(
  { size, note }: CheckpointRow,
  { vault, key, entries }: { readonly vault: string; readonly key: string; readonly entries: number },
): readonly StoreCheck[] {
  const signer = signerIn(vault, key);
  const checkpoint = signer === undefined ? undefined : openCheckpoint(note, signer.verifier);
  if (checkpoint === undefined)
    return [bad("key", { found: `it did not sign the last checkpoint, of ${size} entries`, fix: verifyNames })];
  const behind = entries - size;
  const found = `${size} entries signed, ${behind} since`;
  const fits = behind >= 0 && behind <= checkpointEntriesMax;
  return [
    { ...good("key"), found: "it signed the last checkpoint" },
    fits ? { ...good("checkpoint"), found } : bad("checkpoint", { found, fix: verifyNames }),
  ];
}

function signerIn(vault: string, key: string): ReturnType<typeof signerOf> | undefined {
  try {
    return signerOf(originOf(vault), key);
  } catch {
    return undefined;
  }
}

async function checkKnown(at: {
  readonly files: VaultFiles;
  readonly knownVaults: string;
  readonly vault: string;
  readonly key: string;
  readonly entries: number;
}): Promise<StoreCheck> {
  const { files, vault, entries } = at;
  const presented = { path: files.dir, vault, key: signerIn(vault, at.key)?.verifier.text ?? "", entries };
  try {
    const known = knownOf(await readKnownVaults(at.knownVaults), presented);
    if (known === undefined) return { ...good("known-vaults"), found: "it was not seen before" };
    const difference = differenceFromKnown(known, presented);
    if (difference === undefined) return { ...good("known-vaults"), found: `${known.size} entries were seen before` };
    return bad("known-vaults", {
      found: difference.state,
      fix: `${verifyNames}; ${at.knownVaults} holds what was seen`,
    });
  } catch (thrown) {
    return bad("known-vaults", { found: textOf(thrown), fix: `Repair ${at.knownVaults}` });
  }
}

function checkDisk(dir: string): StoreCheck {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const of = { name: "disk", required: false, wanted: `${freeBytesWanted / mebibyte} MiB free` };
  const found = `${sizesIn(dir)}; ${Math.floor(free / mebibyte)} MiB free`;
  if (free >= freeBytesWanted) return { ...of, ok: true, found };
  return { ...of, ok: false, found, fix: `Free space on the disk of ${dir}` };
}

/** The log, and everything in the folder together. */
function sizesIn(dir: string): string {
  let [all, log] = [0, 0];
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // A file of somebody who works may be gone again.
    const size = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    all += size;
    if (entry.parentPath === dir && entry.name.startsWith("log.db")) log += size;
  }
  return `${(log / mebibyte).toFixed(1)} MiB of log, ${(all / mebibyte).toFixed(1)} MiB in all`;
}

/** Everything in the folder is its owner's alone. */
function checkModes(files: VaultFiles): StoreCheck {
  const of = { name: "privacy", required: true, wanted: "open to its owner alone" };
  const open = [files.dir, files.log, files.key].filter((path) => {
    const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  if (open.length === 0) return { ...of, ok: true, found: "open to its owner alone" };
  return { ...of, ok: false, found: `others may open ${open.join(", ")}`, fix: `Run: chmod go= ${open.join(" ")}` };
}

/** What is made from the log, and made again when it is gone: it costs time and nothing else. */
async function checkDerived(files: VaultFiles): Promise<readonly StoreCheck[]> {
  const kept = await keptStates(files.states);
  const last = kept.at(-1)?.size;
  return [
    checkSnapshot(files),
    {
      name: "kept states",
      ok: true,
      required: false,
      found: last === undefined ? "none" : `${kept.length}, the last of ${last} entries`,
      wanted: "any",
    },
    checkLookup(files),
  ];
}

function checkSnapshot({ snapshot, log }: VaultFiles): StoreCheck {
  const of = { name: "snapshot", required: false, wanted: `at most ${2 * snapshotEntriesMax} entries behind` };
  if (!existsSync(snapshot)) return { ...of, ok: true, found: "none: the next start replays the log" };
  try {
    const size = Number(/"position":(\d+)/u.exec(beginOf(snapshot))?.[1]);
    const entries = lastIn(log, "SELECT max(position) AS last FROM entries");
    const behind = entries - size;
    const found = `of ${size} entries, ${behind} behind`;
    if (behind >= 0 && behind <= 2 * snapshotEntriesMax) return { ...of, ok: true, found };
    return { ...of, ok: false, found, fix: 'Run "toka checkpoint", which writes one' };
  } catch (thrown) {
    return { ...of, ok: false, found: textOf(thrown), fix: `Remove ${snapshot}: it is made again` };
  }
}

/** What names its size stands in front; the whole may be as large as the state. */
function beginOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(256);
    return bytes.toString("latin1", 0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function checkLookup({ lookup, log }: VaultFiles): StoreCheck {
  const of = { name: "lookup index", required: false, wanted: "readable" };
  if (!existsSync(lookup)) return { ...of, ok: true, found: "none: the next question makes it" };
  try {
    const at = lastIn(lookup, "SELECT max(at) AS last FROM marks WHERE name = 'entries'");
    const behind = lastIn(log, "SELECT max(position) AS last FROM entries") - at;
    return { ...of, ok: true, found: `${behind} entries behind` };
  } catch (thrown) {
    return {
      ...of,
      ok: false,
      found: textOf(thrown),
      fix: `Stop who serves the vault and remove ${lookup}: it is made again`,
    };
  }
}

function lastIn(path: string, sql: string): number {
  const db = new DatabaseSync(path, { readOnly: true, timeout: fileLockWaitMs });
  try {
    const row = db.prepare(sql).get();
    return row === undefined || row["last"] === null ? 0 : integer(row, "last");
  } finally {
    db.close();
  }
}
