/**
 * Verification by halves: one thread takes the entries up to a kept state, another those behind it.
 *
 * The halves together only ever say that all is well. What one of them finds, or a kept state that is not the one the first half
 * comes to, sends whoever asked back to verifying in the order of the log, so that every report is the one of a single pass.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { attachPrefix } from "../backends/sqlite/prefix.ts";
import { childrenOf } from "../backends/sqlite/rows.ts";
import { payloadKey } from "../backends/sqlite/lookups.ts";
import { keptStates, type KeptState } from "../kept-states.ts";
import type { VaultFiles } from "../vault-files.ts";
import { contentsIn } from "./asked-text.ts";
import type { HalfFound, Standing } from "./half.ts";
import { wholeLog, type Stretch } from "./stretch.ts";
import type { VerifyReport } from "./verify.ts";

/** Where two halves are worth their start: from so many entries, and when neither has more than this part of them. */
export interface Worth {
  readonly entriesMin: number;
  readonly partMax: number;
}

/** With more in one half, reading on one thread and deciding on another is done as soon. */
const worthIt: Worth = { entriesMin: 20_000, partMax: 0.62 };
/** Bytes of a kept state (64 MiB): the second half holds a whole state beside the first one's. */
const stateBytesMax: number = 64 * 1024 * 1024;
/** Entries before the border in which the last payload before it is looked for. */
const nearMax = 256;
/** Payloads looked at to find it. */
const payloadsMax = 4_096;

/** Where a log is parted. */
export interface Halves {
  readonly first: Stretch;
  readonly second: Stretch;
  /** Path of the kept state between them. */
  readonly state: string;
}

/**
 * Looks for a place to part a log.
 *
 * @param files of the vault
 * @param worth when it is worth parting
 * @returns the halves, or undefined when there is no such place
 */
export async function halvesOf(files: VaultFiles, worth: Worth = worthIt): Promise<Halves | undefined> {
  if (!existsSync(files.log) || !existsSync(files.lookup)) return undefined;
  const kept = await keptStates(files.states).catch(() => []);
  if (kept.length === 0) return undefined;
  try {
    return halvesIn(files, { kept, worth });
  } catch {
    // A guess is all that is made here; whatever is wrong with the files is for verification to say.
    return undefined;
  }
}

function halvesIn(
  files: VaultFiles,
  { kept, worth }: { readonly kept: readonly KeptState[]; readonly worth: Worth },
): Halves | undefined {
  // It waits for no lock: this is the thread of whoever asks.
  const db = new DatabaseSync(files.log, { readOnly: true, timeout: 0 });
  try {
    // What lies with a parent is verified in order, with the rest.
    const { base, missing } = attachPrefix(db, files.log);
    if (base > 0 || missing !== undefined) return undefined;
    const entries = Number(db.prepare("SELECT max(position) AS position FROM entries").get()?.["position"] ?? 0);
    const part = ({ size }: { readonly size: number }): number => Math.max(size, entries - size) / entries;
    const [best] = kept.filter(({ bytes }) => bytes <= stateBytesMax).toSorted((one, other) => part(one) - part(other));
    if (best === undefined || entries < worth.entriesMin || part(best) > worth.partMax) return undefined;
    const { size } = best;
    const last = lastPayload(db, { lookup: files.lookup, position: size });
    if (last === undefined) return undefined;
    return {
      first: { ...wholeLog, until: size, payloadsUntil: last },
      second: { ...wholeLog, after: size, payloadsAfter: last },
      state: join(files.states, String(size)),
    };
  } finally {
    db.close();
  }
}

/** Id of the last payload that is named first by an entry up to a position, as far as the entries next to it tell. */
function lastPayload(
  db: DatabaseSync,
  { lookup, position }: { readonly lookup: string; readonly position: number },
): number | undefined {
  db.prepare("ATTACH ? AS lookup").run(`${pathToFileURL(lookup).href}?mode=ro`);
  const near = db.prepare("SELECT bytes FROM entries WHERE position <= ? ORDER BY position DESC LIMIT ?");
  const find = db.prepare(
    "SELECT id, children FROM payloads WHERE commitment = ? AND id IN (SELECT id FROM lookup.payload_keys WHERE key = ?)",
  );
  const names = near
    .all(position, nearMax)
    .flatMap(({ bytes }) => contentsIn(String(bytes)) ?? [])
    .map(({ commitment }) => commitment);
  let last: number | undefined;
  // A payload lies in front of those that it names.
  for (let at = 0; at < names.length && at < payloadsMax; at += 1) {
    const name = names[at] ?? "";
    const row = find.get(name, payloadKey(name));
    if (row === undefined) continue;
    last = Math.max(last ?? 0, Number(row["id"]));
    names.push(...childrenOf(String(row["children"])));
  }
  return last;
}

/**
 * Whether a half begins where the other ended.
 *
 * @param ended where the first half came to
 * @param begun what the second began with
 * @returns true when entries behind them mean the same
 */
export function meet(ended: Standing, begun: Standing): boolean {
  return (
    ended.position === begun.position &&
    ended.digest === begun.digest &&
    ended.timeMs === begun.timeMs &&
    ended.state === begun.state &&
    ended.root === begun.root &&
    ended.checkpoint === begun.checkpoint
  );
}

/**
 * Joins two halves that meet.
 *
 * @returns the report of both, or undefined when all is not well
 */
export function together(first: HalfFound, second: HalfFound): VerifyReport | undefined {
  const findings = [first, second].flatMap(({ entries, payloads }) => [entries.firstBad, payloads.firstBad]);
  if (findings.some((finding) => finding !== undefined) || !payloadsMeet(first, second)) return undefined;
  const { entries } = second.entries;
  const hashOnly = first.entries.hashOnly + second.entries.hashOnly;
  return {
    ok: hashOnly === 0,
    entries,
    reDecided: entries - hashOnly,
    hashOnly,
    attested: first.entries.attested + second.entries.attested,
    payloads: first.payloads.payloads + second.payloads.payloads,
    shared: 0,
    erased: first.payloads.erased + second.payloads.erased + second.edge.earlier.erasures.length,
    checkpoints: first.entries.checkpoints + second.entries.checkpoints,
    known: second.entries.known ?? first.entries.known,
  };
}

/** Every payload belongs to one half, and what the first leaves open is named by the second just so often. */
function payloadsMeet({ edge: first }: HalfFound, { edge: second }: HalfFound): boolean {
  if (first.next !== second.first) return false;
  const left = new Map([...first.outstanding].map(([commitment, open]) => [commitment, { ...open }]));
  for (const { commitment, size } of second.earlier.references) {
    const open = left.get(commitment);
    if (open === undefined || (size !== undefined && open.size !== undefined && size !== open.size)) return false;
    open.left -= 1;
  }
  const blanked = new Map(first.blanked);
  for (const { commitment, by } of second.earlier.erasures) {
    if (blanked.get(commitment)?.by !== by) return false;
    blanked.delete(commitment);
  }
  return blanked.size === 0 && [...left.values()].every((open) => open.left === 0);
}
