/**
 * Verifies an export, line by line: every entry from the first without a gap is decided again, every other one is compared
 * with the signed root, and every payload with its commitment. What is kept meanwhile is the state, and the names of payloads.
 * Source: docs/format.md, section "Exports".
 */
import { createHash, type Hash } from "node:crypto";
import type { Entry, Operation } from "@toka/kernel";
import type { Checkpoint } from "../checkpoint.ts";
import { contentsOf } from "../contents.ts";
import { isDigest, leafDigest } from "../digest.ts";
import { erasuresIn } from "../erasure.ts";
import { Fold } from "../fold.ts";
import { saltBytes } from "../limits.ts";
import { verifierOf } from "../note.ts";
import type { CheckpointRow, LogRow, PayloadRow } from "../log.ts";
import { CompactRange } from "../merkle.ts";
import { isAttested } from "../verify/attested.ts";
import { recordedKey } from "../verify/checkpoint-check.ts";
import { checkText } from "../verify/entry-check.ts";
import type { FamilyEngine } from "../families/engine.ts";
import { loadFamilyEngine } from "../families/load-engine.ts";
import { ReplayedFamilies } from "../families/replayed.ts";
import { Differs } from "../verify/finding.ts";
import { QuickReader } from "../verify/read-entry.ts";
import { compareOlder, signedBy, type Anchor } from "./anchor.ts";
import type { EntryVerdict, FileVerdict } from "./file-verdict.ts";
import { subtreesOver } from "./gaps.ts";
import { BadLine, base64In, numberIn, objectIn, textIn, type Line } from "./read-lines.ts";

/** What an export is verified with. */
export interface ExportReading extends ExportHearing {
  readonly lines: AsyncIterable<Line>;
}

/** What an export is held against, and who hears of what is in it. */
export interface ExportHearing {
  readonly anchor: Anchor;
  /** Told of each entry, in order. */
  readonly onEntry?: (position: number, verdict: EntryVerdict) => void;
  /** Every checkpoint of the log must be among them. */
  readonly whole?: true;
  /** Given what is in it, as far as every entry before it was there, too. */
  readonly sink?: ExportSink;
}

/** Takes in what an export holds. */
export interface ExportSink {
  entry(entry: Entry, row: LogRow): void;
  /** The parts of its bytes follow, if it has any. */
  payload(head: Omit<PayloadRow, "bytes">): void;
  part(bytes: Uint8Array): void;
  /** A payload without bytes: it was erased by the entry `by`, which may be behind the end. */
  erased(row: { readonly commitment: string; readonly by: number; readonly children: readonly string[] }): void;
  signed(checkpoint: CheckpointRow): void;
}

type Fields = Readonly<Record<string, unknown>>;

/** What an export came to, but for what vouches for its key. */
export type ExportFound = Pick<FileVerdict, "entries" | "payloads" | "size" | "log" | "continues">;

/**
 * Verifies an export behind its first line.
 *
 * @param head the fields of the first line
 * @param reading the other lines, and what they are held against
 * @returns what it came to
 * @throws BadLine at the first line that differs
 */
export async function verifyExport(head: Fields, reading: ExportReading): Promise<ExportFound> {
  const { anchor } = reading;
  const note = textIn(head, { name: "checkpoint", line: 1 });
  const checkpoint = signedBy(note, { anchor, what: "its checkpoint", line: 1 });
  const check = new ExportCheck(reading, await loadFamilyEngine());
  check.begin({ checkpoint, note });
  for await (const line of reading.lines) check.take(line);
  return check.finish();
}

/** A payload that is being read. */
interface OpenPayload {
  /** The bytes so far, of a family's bundle. */
  readonly kept: Buffer[] | undefined;
  readonly commitment: string;
  readonly hash: Hash;
  readonly size: number;
  readonly children: readonly string[];
  read: number;
}

/** Checks one export, or several of which each goes on where the one before it ends. */
export class ExportCheck {
  readonly #reading: ExportHearing;
  readonly #tree = new CompactRange();
  readonly #fold = new Fold();
  readonly #reader = new QuickReader();
  readonly #families: ReplayedFamilies;
  /** Bundles of families that came, by commitment. */
  readonly #bundles = new Map<string, string>();
  /** Payloads that were named and have not come, with their sizes where these are known. */
  readonly #awaited = new Map<string, number | undefined>();
  readonly #come = new Set<string>();
  /** Those of them that came in the file at hand. */
  readonly #comeHere = new Set<string>();
  /** Payloads that an entry of the file erased. */
  readonly #erased = new Set<string>();
  /** Payloads of whose row a file tells that it was erased, and by which entry. */
  readonly #goneBy = new Map<string, number>();
  readonly #counts: Record<EntryVerdict, number> = { "re-decided": 0, attested: 0, included: 0, "hash only": 0 };
  #checkpoint: Checkpoint | undefined;
  #note = "";
  /** Size of the last checkpoint that was passed. */
  #signed = 0;
  #payload: OpenPayload | undefined;
  #continues: number | null = null;
  #entries = 0;
  /** Entries and payloads in the files before. */
  #before = { entries: 0, payloads: 0 };
  #ended = false;
  #line = 1;

  constructor(reading: ExportHearing, engine: FamilyEngine) {
    this.#families = new ReplayedFamilies({ engine, bundle: (commitment) => this.#bundles.get(commitment) });
    this.#reading = reading;
  }

  /** Entries so far, those included that are left out. */
  get size(): number {
    return this.#tree.size;
  }

  /** The state after the entries so far, as long as none was left out. */
  get fold(): Fold {
    return this.#fold;
  }

  /** Payloads that an entry or a payload names, and that did not come, although no entry erased them. */
  get absent(): Iterable<string> {
    return [...this.#awaited.keys()].filter((commitment) => !this.#isErased(commitment));
  }

  /** By an entry that was there, or by one behind the end. */
  #isErased(commitment: string): boolean {
    return this.#erased.has(commitment) || (this.#goneBy.get(commitment) ?? 0) > this.#tree.size;
  }

  /**
   * Begins the first file, or the next one.
   *
   * @param head the checkpoint that signs it
   */
  begin({ checkpoint, note }: { readonly checkpoint: Checkpoint; readonly note: string }): void {
    this.#checkpoint = checkpoint;
    this.#note = note;
    this.#comeHere.clear();
    this.#before = { entries: this.#entries, payloads: this.#come.size };
    this.#ended = false;
    this.#line = 1;
    if (checkpoint.size <= this.#tree.size)
      throw this.#bad(`it ends at entry ${checkpoint.size}, and the one before it at ${this.#tree.size}`);
  }

  /**
   * Takes in a line behind the first of its file.
   *
   * @throws BadLine when it is not what it must be
   */
  take(line: Line): void {
    this.#line = line.number;
    if (this.#ended) throw this.#bad("something follows the end");
    const fields = objectIn(line);
    if (line.number === 2 && this.#tree.size > 0 && !("gap" in fields))
      throw this.#bad(`it does not go on behind entry ${this.#tree.size}: its gap is missing`);
    if (this.#payload !== undefined) this.#part(fields, this.#payload);
    else if ("entry" in fields) this.#entry(textIn(fields, { name: "entry", line: line.number }));
    else if ("gap" in fields) this.#gap(fields);
    else if ("payload" in fields) this.#begin(fields);
    else if ("erased" in fields) this.#gone(fields);
    else if ("signed" in fields) this.#passSigned(textIn(fields, { name: "signed", line: line.number }));
    else if (fields["end"] === true) this.#end(fields);
    else throw this.#bad('it is no line of an export: found neither "entry", "gap", "payload" nor "end"');
  }

  /**
   * Ends a file.
   *
   * @returns what was found in all files so far
   * @throws BadLine when its last line is missing
   */
  finish(): ExportFound {
    if (!this.#ended) throw new BadLine(this.#line + 1, "the file is cut: its last line is missing");
    const erased = this.#awaited.size - [...this.absent].length;
    return {
      entries: this.#counts,
      payloads: { whole: this.#come.size, absent: this.#awaited.size - erased, erased },
      size: this.#head.size,
      log: this.#head.origin,
      continues: this.#continues,
    };
  }

  get #head(): Checkpoint {
    if (this.#checkpoint === undefined) throw new Error("Cannot check an export: it was not begun");
    return this.#checkpoint;
  }

  #entry(text: string): void {
    const position = this.#tree.size + 1;
    if (position > this.#head.size)
      throw this.#bad(`an entry lies behind the ${this.#head.size} that the checkpoint covers`);
    const contiguous = this.#fold.head.position === this.#tree.size;
    const { operation, verdict } = contiguous ? this.#decided(text) : this.#included(text, position);
    this.#tree.append(leafDigest(text));
    this.#entries += 1;
    this.#counts[verdict] += 1;
    for (const { commitment, size } of contentsOf(operation)) this.#name(commitment, size);
    this.#erase(text);
    this.#reading.onEntry?.(position, verdict);
    this.#passed();
  }

  #decided(text: string): { readonly operation: Operation; readonly verdict: EntryVerdict } {
    try {
      const against = { fold: this.#fold, reader: this.#reader, families: this.#families };
      const { entry, row, hashOnly } = checkText(text, against);
      this.#fold.apply(entry);
      this.#fold.advance(row);
      this.#reading.sink?.entry(entry, row);
      const { operation } = entry;
      // Without the bundle of its family it was not decided again; the checkpoint signs it all the same.
      if (hashOnly) return { operation, verdict: "included" };
      return { operation, verdict: isAttested(operation) ? "attested" : "re-decided" };
    } catch (thrown) {
      if (thrown instanceof Differs) throw this.#bad(`entry ${thrown.finding.position}: ${thrown.finding.reason}`);
      throw thrown;
    }
  }

  #included(text: string, position: number): { readonly operation: object; readonly verdict: EntryVerdict } {
    const fields = objectIn({ number: this.#line, text });
    if (fields["position"] !== position)
      throw this.#bad(`its entry says position ${JSON.stringify(fields["position"])}, and it stands at ${position}`);
    const { operation } = fields;
    if (typeof operation !== "object" || operation === null) throw this.#bad("its entry has no operation");
    return { operation, verdict: "included" };
  }

  #gap(fields: Fields): void {
    const width = numberIn(fields, { name: "gap", line: this.#line });
    // What the files before this one hold is the gap that this one begins with.
    const known = this.#line === 2 && width === this.#tree.size;
    const begin = known ? 0 : this.#tree.size;
    const end = begin + width;
    if (end === begin || end > this.#head.size)
      throw this.#bad(`its gap ends at ${end}, and the checkpoint covers ${this.#head.size} entries`);
    const { hashes } = fields;
    const subtrees = subtreesOver(begin, end);
    if (!Array.isArray(hashes) || hashes.length !== subtrees.length)
      throw this.#bad(`its gap has no list of ${subtrees.length} hashes`);
    for (const [at, { level }] of subtrees.entries()) {
      const hash = base64In(hashes[at], { name: "hashes", line: this.#line });
      if (hash.length !== 32) throw this.#bad(`a hash of its gap has ${hash.length} bytes, wanted 32`);
      if (!known) this.#tree.appendSubtree(hash, level);
      else if (!hash.equals(Buffer.from(this.#tree.peaks[at] ?? "")))
        throw this.#bad(`it does not go on where the file before it ends: entries up to ${end} are others`);
    }
    if (!known) this.#passed();
  }

  /** A checkpoint of the log that lies among the entries, behind the last that it covers. */
  #passSigned(note: string): void {
    const { size, root, state, previous } = signedBy(note, {
      anchor: this.#signerHere(),
      what: "a checkpoint among its entries",
      line: this.#line,
    });
    const what = `the checkpoint of size ${size}`;
    if (size !== this.#tree.size) throw this.#bad(`${what} stands behind entry ${this.#tree.size}`);
    if (!this.#tree.root().equals(Buffer.from(root)))
      throw this.#bad(`${what} has another root than the entries up to here`);
    if (this.#fold.head.position !== size) return;
    const found = this.#fold.stateDigest();
    if (found !== state) throw this.#bad(`${what} has another state digest: deciding every entry again gives ${found}`);
    this.#follow({ size, note }, previous);
  }

  /** Who signed then: the beginning of a fork is its parent's, which signed with its own key. */
  #signerHere(): Anchor {
    const { anchor } = this.#reading;
    const recorded = this.#fold.head.position === this.#tree.size ? recordedKey(this.#fold)?.publicKey : undefined;
    const verifier = recorded === undefined ? undefined : verifierOf(recorded);
    return verifier === undefined ? anchor : { ...anchor, verifier };
  }

  /** Each checkpoint names the one before it, so that none can be taken out. */
  #follow(checkpoint: CheckpointRow, previous: number): void {
    const inRow = this.#reading.whole === true || this.#signed > 0;
    if (inRow && previous !== this.#signed)
      throw this.#bad(
        `the checkpoint of size ${checkpoint.size} follows one of size ${previous}, and the one before it here is of size ${this.#signed}`,
      );
    this.#signed = checkpoint.size;
    this.#reading.sink?.signed(checkpoint);
  }

  /** Holds the tree against the older checkpoint, and the state, too, where there is one. */
  #passed(): void {
    const { older } = this.#reading.anchor;
    if (older?.size !== this.#tree.size) return;
    compareOlder(this.#tree.root(), { older, line: this.#line });
    if (this.#fold.head.position === older.size && this.#fold.stateDigest() !== older.state)
      throw this.#bad(`the state after ${older.size} entries is not that of the checkpoint given`);
    this.#continues = older.size;
  }

  #name(commitment: string, size: number | undefined): void {
    if (!this.#come.has(commitment) && !this.#awaited.has(commitment)) this.#awaited.set(commitment, size);
  }

  /** What an entry erased cannot be in the same file: that was made behind it. A file from before may hold it. */
  #erase(text: string): void {
    for (const commitment of erasuresIn(text)) {
      if (this.#comeHere.has(commitment))
        throw this.#bad(`its entry erased the payload ${commitment}, which is in the file`);
      this.#erased.add(commitment);
    }
  }

  /** The row of a payload that was erased before the file was made. */
  #gone(fields: Fields): void {
    const commitment = textIn(fields, { name: "erased", line: this.#line });
    if (!this.#awaited.has(commitment))
      throw this.#bad(`no entry before it names the payload ${commitment.slice(0, 60)}, or it is in the file`);
    const by = numberIn(fields, { name: "by", line: this.#line });
    const children = this.#childrenIn(fields);
    this.#goneBy.set(commitment, by);
    this.#reading.sink?.erased({ commitment, by, children });
    for (const child of children) this.#name(child, undefined);
  }

  #childrenIn(fields: Fields): readonly string[] {
    const children: readonly unknown[] = Array.isArray(fields["children"]) ? fields["children"] : [undefined];
    const named = children.filter((child): child is string => typeof child === "string" && isDigest(child));
    if (named.length !== children.length) throw this.#bad('its "children" is no list of commitments');
    return named;
  }

  #begin(fields: Fields): void {
    const line = this.#line;
    const commitment = textIn(fields, { name: "payload", line });
    if (!this.#awaited.has(commitment))
      throw this.#bad(`no entry before it names the payload ${commitment.slice(0, 60)}`);
    if (this.#erased.has(commitment)) throw this.#bad(`an entry before it erased the payload ${commitment}`);
    const size = numberIn(fields, { name: "size", line });
    const wanted = this.#awaited.get(commitment);
    if (wanted !== undefined && wanted !== size)
      throw this.#bad(`its payload has ${size} bytes, and an entry says ${wanted}`);
    const salt = base64In(fields["salt"], { name: "salt", line });
    if (salt.length !== saltBytes) throw this.#bad(`its salt has ${salt.length} bytes, wanted ${saltBytes}`);
    const named = this.#childrenIn(fields);
    this.#reading.sink?.payload({ commitment, size, salt, children: named });
    const hash = createHash("sha256").update(salt);
    const kept = this.#isBundle(commitment) ? [] : undefined;
    this.#payload = { commitment, size, children: named, hash, read: 0, kept };
    this.#complete(this.#payload);
  }

  #part(fields: Fields, payload: OpenPayload): void {
    const part = base64In(fields["part"], { name: "part", line: this.#line });
    payload.read += part.length;
    if (part.length === 0 || payload.read > payload.size)
      throw this.#bad(`its payload has ${payload.read} bytes, wanted ${payload.size}`);
    payload.hash.update(part);
    this.#reading.sink?.part(part);
    payload.kept?.push(part);
    this.#complete(payload);
  }

  /** The kernel bounds how large one is. */
  #isBundle(commitment: string): boolean {
    return [...this.#fold.state.families.values()].some(({ bundle }) => bundle.commitment === commitment);
  }

  #complete({ commitment, size, children, hash, read, kept }: OpenPayload): void {
    if (read < size) return;
    const found = `sha256:${hash.digest("base64url")}`;
    if (found !== commitment) throw this.#bad(`the bytes of payload ${commitment} are not those committed to`);
    this.#payload = undefined;
    this.#awaited.delete(commitment);
    this.#come.add(commitment);
    this.#comeHere.add(commitment);
    if (kept !== undefined) this.#bundles.set(commitment, Buffer.concat(kept).toString("utf8"));
    for (const child of children) this.#name(child, undefined);
  }

  #end(fields: Fields): void {
    const { size, root, state, previous } = this.#head;
    if (this.#tree.size !== size)
      throw this.#bad(`the file ends at entry ${this.#tree.size}, and its checkpoint covers ${size}`);
    if (!this.#tree.root().equals(Buffer.from(root)))
      throw this.#bad(`what is in the file does not give the root that the checkpoint of size ${size} signs`);
    const counted = [fields["entries"], fields["payloads"]];
    const entries = this.#entries - this.#before.entries;
    const payloads = this.#come.size - this.#before.payloads;
    if (counted[0] !== entries || counted[1] !== payloads)
      throw this.#bad(
        `it counts ${String(counted[0])} entries and ${String(counted[1])} payloads, found ${entries} and ${payloads}`,
      );
    if (this.#fold.head.position === size) {
      this.#checkState(state);
      this.#follow({ size, note: this.#note }, previous);
    }
    this.#ended = true;
  }

  #checkState(state: string): void {
    const found = this.#fold.stateDigest();
    if (found !== state)
      throw this.#bad(`deciding every entry again gives the state ${found}, and the checkpoint says ${state}`);
    const key = recordedKey(this.#fold)?.publicKey;
    if (key !== this.#reading.anchor.verifier.text)
      throw this.#bad(`the log records another key for its checkpoints: found ${String(key)}`);
  }

  #bad(reason: string): BadLine {
    return new BadLine(this.#line, reason);
  }
}
