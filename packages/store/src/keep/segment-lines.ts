/**
 * Writes the entries between two checkpoints as an export whose other entries are one gap: a segment of a backup. Everything
 * is held against the signed root while it is written, so that what is kept is what was signed.
 * Source: docs/format.md, sections "Exports" and "Backups".
 */
import type { ReadOnlyLog } from "../backends/sqlite/read-only.ts";
import { decodeEntry } from "@toka/kernel";
import { checkpointKeyPurpose, openCheckpoint } from "../checkpoint.ts";
import { commitmentOf, contentsOf } from "../contents.ts";
import { leafDigest } from "../digest.ts";
import { StoreFailure } from "../failure.ts";
import { readEntriesMax } from "../limits.ts";
import type { CheckpointRow, LogRow } from "../log.ts";
import type { CompactRange } from "../merkle.ts";
import { type NoteVerifier, verifierOf } from "../note.ts";

/** Bytes of a payload on one line. */
const partBytes = 1024 * 1024;

/** Entries read at once. */
const entriesAtOnce = Math.min(readEntriesMax, 512);

/** How far a backup has come: the tree over its entries, and the last row of `payloads` that it holds. */
export interface Reached {
  readonly tree: CompactRange;
  lastPayload: number;
}

/** What segments are made of. */
export interface SegmentSource {
  readonly log: ReadOnlyLog;
  readonly verifier: NoteVerifier;
}

/** What one segment holds. */
export interface SegmentCounts {
  entries: number;
  payloads: number;
}

/**
 * Writes a segment.
 *
 * @param source an open log, and whose key signs it
 * @param segment the checkpoint that it ends with, and where it begins, which is moved to its end
 * @returns lines in order, without their ends
 * @throws StoreFailure `vault_damaged` when what is in the log is not what its checkpoint signs, or not what was kept before
 */
export async function* segmentLines(
  source: SegmentSource,
  segment: { readonly end: CheckpointRow; readonly reached: Reached; readonly counts: SegmentCounts },
): AsyncGenerator<string, void, undefined> {
  const { end, reached, counts } = segment;
  const { tree } = reached;
  const key = source.verifier.text;
  yield JSON.stringify({ toka: "export", format: 1, key, redacted: false, checkpoint: end.note });
  if (tree.size > 0)
    yield JSON.stringify({
      gap: tree.size,
      hashes: tree.peaks.map((peak) => Buffer.from(peak).toString("base64")),
    });
  const signed = await checkpointsBetween(source.log, { after: tree.size, before: end.size });
  const payloads = new PayloadCursor(source.log, reached);
  let signer = source.verifier;
  for await (const row of rowsUpTo(source.log, { after: tree.size, end: end.size })) {
    yield JSON.stringify({ entry: row.bytes });
    tree.append(leafDigest(row.bytes));
    counts.entries += 1;
    for (const line of payloads.of(row)) {
      if (line.first) counts.payloads += 1;
      yield line.text;
    }
    // The beginning of a vault that was restored or forked was signed by the one that it comes from.
    if (row.kind === "key.record") signer = recordedIn(row) ?? signer;
    const note = signed.get(row.position);
    if (note === undefined) continue;
    checkRoot(signer, { tree, checkpoint: { size: row.position, note } });
    yield JSON.stringify({ signed: note });
  }
  checkRoot(source.verifier, { tree, checkpoint: end });
  await checkPayloads(source.log, reached);
  yield JSON.stringify({ end: true, ...counts, lastPayload: reached.lastPayload });
}

/** Sees to it that no payload was passed over: the next one that is stored must be one that a later entry names. */
async function checkPayloads(log: ReadOnlyLog, { tree, lastPayload }: Reached): Promise<void> {
  const next = log.commitmentAt(lastPayload + 1);
  const isThere = lastPayload === 0 || log.commitmentAt(lastPayload) !== undefined;
  if (isThere && next === undefined) return;
  if (isThere)
    for await (const { bytes } of rowsUpTo(log, { after: tree.size, end: Number.POSITIVE_INFINITY }))
      if (contentsIn(bytes).includes(next ?? "")) return;
  throw damaged(`its payloads are not those that the entries up to ${tree.size} name, or the backup counts others`);
}

function contentsIn(bytes: string): readonly string[] {
  if (!bytes.includes('"commitment":')) return [];
  const { operation }: { readonly operation: object } = JSON.parse(bytes);
  return contentsOf(operation).map(({ commitment }) => commitment);
}

/** The payloads that entries name for the first time: in the table they stand in just that order. */
class PayloadCursor {
  readonly #log: ReadOnlyLog;
  readonly #reached: Reached;

  constructor(log: ReadOnlyLog, reached: Reached) {
    this.#log = log;
    this.#reached = reached;
  }

  *of({ bytes }: LogRow): Generator<{ readonly text: string; readonly first: boolean }, void, undefined> {
    for (const commitment of contentsIn(bytes)) yield* this.#named(commitment);
  }

  *#named(commitment: string): Generator<{ readonly text: string; readonly first: boolean }, void, undefined> {
    const id = this.#reached.lastPayload + 1;
    if (this.#log.commitmentAt(id) !== commitment) return;
    this.#reached.lastPayload = id;
    const gone = this.#log.erasedAt(id);
    if (gone !== undefined) {
      yield { text: JSON.stringify({ erased: commitment, ...gone }), first: false };
      for (const child of gone.children) yield* this.#named(child);
      return;
    }
    const found = this.#log.payloadAt(id);
    if (found === undefined || commitmentOf(found) !== commitment)
      throw damaged(`the payload ${commitment} is not what its entry commits to`);
    const { salt, bytes, children, size } = found;
    const head = { payload: commitment, size, salt: Buffer.from(salt).toString("base64"), children };
    yield { text: JSON.stringify(head), first: true };
    for (let at = 0; at < bytes.length; at += partBytes) {
      const part = Buffer.from(bytes.subarray(at, at + partBytes)).toString("base64");
      yield { text: JSON.stringify({ part }), first: false };
    }
    for (const child of children) yield* this.#named(child);
  }
}

/** The key that an entry records for checkpoints, if it does. */
function recordedIn({ bytes, outcome }: LogRow): NoteVerifier | undefined {
  const { operation } = decodeEntry(bytes);
  const isKey = operation.type === "key.record" && operation.purpose === checkpointKeyPurpose;
  return isKey && outcome === "accepted" ? verifierOf(operation.publicKey) : undefined;
}

function checkRoot(
  verifier: NoteVerifier,
  { tree, checkpoint }: { readonly tree: CompactRange; readonly checkpoint: CheckpointRow },
): void {
  const { size, note } = checkpoint;
  const opened = openCheckpoint(note, verifier);
  if (opened?.size !== size || size !== tree.size)
    throw damaged(`its checkpoint of size ${size} is not signed by its key`);
  if (!tree.root().equals(Buffer.from(opened.root)))
    throw damaged(
      `its entries up to ${size} are not those that its checkpoint signs, or not those that were kept before`,
    );
}

async function checkpointsBetween(
  log: ReadOnlyLog,
  { after, before }: { readonly after: number; readonly before: number },
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (let at = after; ;) {
    const rows = await log.checkpoints({ after: at, limit: entriesAtOnce });
    for (const { size, note } of rows) if (size < before) found.set(size, note);
    at = rows.at(-1)?.size ?? before;
    if (at >= before) return found;
  }
}

/**
 * The entries of a log, one after the other.
 *
 * @param log the log
 * @param range behind which entry, and up to which
 * @returns rows in order; they end with the log
 * @throws StoreFailure `vault_damaged` when one is missing
 */
export async function* rowsUpTo(
  log: ReadOnlyLog,
  { after, end }: { readonly after: number; readonly end: number },
): AsyncGenerator<LogRow, void, undefined> {
  for (let at = after; at < end;) {
    const rows = await log.read({ after: at, limit: Math.min(entriesAtOnce, end - at) });
    if (rows.length === 0) return;
    for (const row of rows) {
      at += 1;
      if (row.position !== at) throw damaged(`entry ${at} is missing`);
      yield row;
    }
  }
}

function damaged(state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot back up the vault: ${state}; "toka verify" names the first entry that differs`,
    retry: "never",
  });
}
