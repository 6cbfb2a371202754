/**
 * Verifies an export, line by line: every entry from the first without a gap is decided again, every other one is compared
 * with the signed root, and every payload with its commitment. What is kept meanwhile is the state, and the names of payloads.
 * Source: docs/format.md, section "Exports".
 */
import { createHash, type Hash } from "node:crypto";
import type { Operation } from "@toka/kernel";
import type { Checkpoint } from "../checkpoint.ts";
import { contentsOf } from "../contents.ts";
import { isDigest, leafDigest } from "../digest.ts";
import { Fold } from "../fold.ts";
import { saltBytes } from "../limits.ts";
import { CompactRange } from "../merkle.ts";
import { isAttested } from "../verify/attested.ts";
import { recordedKey } from "../verify/checkpoint-check.ts";
import { checkText } from "../verify/entry-check.ts";
import { Differs } from "../verify/finding.ts";
import { QuickReader } from "../verify/read-entry.ts";
import { compareOlder, signedBy, type Anchor } from "./anchor.ts";
import type { EntryVerdict, FileVerdict } from "./file-verdict.ts";
import { subtreesOver } from "./gaps.ts";
import { BadLine, base64In, numberIn, objectIn, textIn, type Line } from "./read-lines.ts";

/** What an export is verified with. */
export interface ExportReading {
  readonly lines: AsyncIterable<Line>;
  readonly anchor: Anchor;
  /** Told of each entry, in order. */
  readonly onEntry?: (position: number, verdict: EntryVerdict) => void;
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
  const check = new ExportCheck(checkpoint, reading);
  for await (const line of reading.lines) check.take(line);
  return check.finish();
}

/** A payload that is being read. */
interface OpenPayload {
  readonly commitment: string;
  readonly hash: Hash;
  readonly size: number;
  readonly children: readonly string[];
  read: number;
}

class ExportCheck {
  readonly #checkpoint: Checkpoint;
  readonly #reading: ExportReading;
  readonly #tree = new CompactRange();
  readonly #fold = new Fold();
  readonly #reader = new QuickReader();
  /** Payloads that were named and have not come, with their sizes where these are known. */
  readonly #awaited = new Map<string, number | undefined>();
  readonly #come = new Set<string>();
  readonly #counts: Record<EntryVerdict, number> = { "re-decided": 0, attested: 0, included: 0, "hash only": 0 };
  #payload: OpenPayload | undefined;
  #continues: number | null = null;
  #entries = 0;
  #ended = false;
  #line = 1;

  constructor(checkpoint: Checkpoint, reading: ExportReading) {
    this.#checkpoint = checkpoint;
    this.#reading = reading;
  }

  take(line: Line): void {
    this.#line = line.number;
    if (this.#ended) throw this.#bad("something follows the end");
    const fields = objectIn(line);
    if (this.#payload !== undefined) this.#part(fields, this.#payload);
    else if ("entry" in fields) this.#entry(textIn(fields, { name: "entry", line: line.number }));
    else if ("gap" in fields) this.#gap(fields);
    else if ("payload" in fields) this.#begin(fields);
    else if (fields["end"] === true) this.#end(fields);
    else throw this.#bad('it is no line of an export: found neither "entry", "gap", "payload" nor "end"');
  }

  finish(): ExportFound {
    if (!this.#ended) throw new BadLine(this.#line + 1, "the file is cut: its last line is missing");
    return {
      entries: this.#counts,
      payloads: { whole: this.#come.size, absent: this.#awaited.size },
      size: this.#checkpoint.size,
      log: this.#checkpoint.origin,
      continues: this.#continues,
    };
  }

  #entry(text: string): void {
    const position = this.#tree.size + 1;
    if (position > this.#checkpoint.size)
      throw this.#bad(`an entry lies behind the ${this.#checkpoint.size} that the checkpoint covers`);
    const contiguous = this.#fold.head.position === this.#tree.size;
    const { operation, verdict } = contiguous ? this.#decided(text) : this.#included(text, position);
    this.#tree.append(leafDigest(text));
    this.#entries += 1;
    this.#counts[verdict] += 1;
    for (const { commitment, size } of contentsOf(operation)) this.#name(commitment, size);
    this.#reading.onEntry?.(position, verdict);
    this.#passed();
  }

  #decided(text: string): { readonly operation: Operation; readonly verdict: EntryVerdict } {
    try {
      const { entry, row } = checkText(text, { fold: this.#fold, reader: this.#reader });
      this.#fold.apply(entry);
      this.#fold.advance(row);
      const { operation } = entry;
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
    const begin = this.#tree.size;
    const end = begin + numberIn(fields, { name: "gap", line: this.#line });
    if (end === begin || end > this.#checkpoint.size)
      throw this.#bad(`its gap ends at ${end}, and the checkpoint covers ${this.#checkpoint.size} entries`);
    const { hashes } = fields;
    const subtrees = subtreesOver(begin, end);
    if (!Array.isArray(hashes) || hashes.length !== subtrees.length)
      throw this.#bad(`its gap has no list of ${subtrees.length} hashes`);
    for (const [at, { level }] of subtrees.entries()) {
      const hash = base64In(hashes[at], { name: "hashes", line: this.#line });
      if (hash.length !== 32) throw this.#bad(`a hash of its gap has ${hash.length} bytes, wanted 32`);
      this.#tree.appendSubtree(hash, level);
    }
    this.#passed();
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

  #begin(fields: Fields): void {
    const line = this.#line;
    const commitment = textIn(fields, { name: "payload", line });
    if (!this.#awaited.has(commitment))
      throw this.#bad(`no entry before it names the payload ${commitment.slice(0, 60)}`);
    const size = numberIn(fields, { name: "size", line });
    const wanted = this.#awaited.get(commitment);
    if (wanted !== undefined && wanted !== size)
      throw this.#bad(`its payload has ${size} bytes, and an entry says ${wanted}`);
    const salt = base64In(fields["salt"], { name: "salt", line });
    if (salt.length !== saltBytes) throw this.#bad(`its salt has ${salt.length} bytes, wanted ${saltBytes}`);
    const children: readonly unknown[] = Array.isArray(fields["children"]) ? fields["children"] : [undefined];
    const named = children.filter((child): child is string => typeof child === "string" && isDigest(child));
    if (named.length !== children.length) throw this.#bad('its "children" is no list of commitments');
    this.#payload = { commitment, size, children: named, hash: createHash("sha256").update(salt), read: 0 };
    this.#complete(this.#payload);
  }

  #part(fields: Fields, payload: OpenPayload): void {
    const part = base64In(fields["part"], { name: "part", line: this.#line });
    payload.read += part.length;
    if (part.length === 0 || payload.read > payload.size)
      throw this.#bad(`its payload has ${payload.read} bytes, wanted ${payload.size}`);
    payload.hash.update(part);
    this.#complete(payload);
  }

  #complete({ commitment, size, children, hash, read }: OpenPayload): void {
    if (read < size) return;
    const found = `sha256:${hash.digest("base64url")}`;
    if (found !== commitment) throw this.#bad(`the bytes of payload ${commitment} are not those committed to`);
    this.#payload = undefined;
    this.#awaited.delete(commitment);
    this.#come.add(commitment);
    for (const child of children) this.#name(child, undefined);
  }

  #end(fields: Fields): void {
    const { size, root, state } = this.#checkpoint;
    if (this.#tree.size !== size)
      throw this.#bad(`the file ends at entry ${this.#tree.size}, and its checkpoint covers ${size}`);
    if (!this.#tree.root().equals(Buffer.from(root)))
      throw this.#bad(`what is in the file does not give the root that the checkpoint of size ${size} signs`);
    const counted = [fields["entries"], fields["payloads"]];
    if (counted[0] !== this.#entries || counted[1] !== this.#come.size)
      throw this.#bad(
        `it counts ${String(counted[0])} entries and ${String(counted[1])} payloads, found ${this.#entries} and ${this.#come.size}`,
      );
    if (this.#fold.head.position === size) this.#checkState(state);
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
