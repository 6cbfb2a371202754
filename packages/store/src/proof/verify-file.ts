/**
 * Verifies a file that came out of a vault, with nothing but the file and what whoever verifies trusts already: a proof of
 * inclusion or consistency, or a checkpoint.
 * Source: docs/format.md, section "Proofs".
 */
import { leafDigest, bytesOfDigest } from "../digest.ts";
import { anchorOf, compareOlder, signedBy, type Anchor, type Trusted } from "./anchor.ts";
import { noEntries, selfSigned, type EntryVerdict, type FileVerdict } from "./file-verdict.ts";
import { BadLine, base64In, linesOf, numberIn, objectIn, textIn, type Line } from "./read-lines.ts";
import { verifyExport } from "./verify-export.ts";
import { isConsistent, pathHashesMax, rootFromInclusion } from "./tree-proof.ts";

/** How a file is verified. */
export interface VerifyFileOptions extends Trusted {
  /** Path of the file. */
  readonly path: string;
  /** Told of each entry of an export, in order, before the whole is known to hold. */
  readonly onEntry?: (position: number, verdict: EntryVerdict) => void;
}

type Fields = Readonly<Record<string, unknown>>;
type Found = Omit<FileVerdict, "ok" | "firstBad">;

const nothingFound: Found = {
  kind: "checkpoint",
  log: null,
  entries: noEntries,
  payloads: { whole: 0, absent: 0, erased: 0 },
  size: null,
  signedBy: "file",
  continues: null,
  unproved: [],
};

/** Lines of a checkpoint with many cosignatures; more are no checkpoint. */
const noteLinesMax = 128;

/**
 * Verifies a file.
 *
 * @param options where it is, and what is trusted
 * @returns the verdict; a file that is no file of ours is bad at its first line
 * @throws the system's error when the file cannot be read
 */
export async function verifyFile(options: VerifyFileOptions): Promise<FileVerdict> {
  const lines = linesOf(options.path);
  try {
    const first = await lines.next();
    if (first.done === true)
      throw new BadLine(1, "the file is empty, wanted a proof, an export or a checkpoint of Toka");
    const found = await verified(first.value, { lines, options });
    // Whoever gives a checkpoint asks whether the log continues it, and what was not looked at is no yes.
    return { ok: options.checkpoint === undefined || found.continues !== null, ...found };
  } catch (thrown) {
    if (!(thrown instanceof BadLine)) throw thrown;
    return { ...nothingFound, ok: false, firstBad: { line: thrown.line, reason: thrown.message } };
  } finally {
    await lines.return();
  }
}

interface Reading {
  readonly lines: AsyncGenerator<Line, void, undefined>;
  readonly options: VerifyFileOptions;
}

async function verified(first: Line, reading: Reading): Promise<Found> {
  if (first.text.startsWith("toka/vault-")) return checkpointIn(first, reading);
  const fields = objectIn(first);
  const { toka, format } = fields;
  if (toka !== "inclusion" && toka !== "consistency" && toka !== "export")
    throw new BadLine(1, 'its "toka" says neither "inclusion" nor "consistency" nor "export": this is no file of Toka');
  if (format !== 1) throw new BadLine(1, `it is of format ${JSON.stringify(format)}, wanted 1`);
  const anchor = anchorOf(textIn(fields, { name: "key", line: 1 }), { trusted: reading.options, line: 1 });
  if (toka === "export") return exportIn(fields, { reading, anchor });
  const more = await reading.lines.next();
  if (more.done !== true) throw new BadLine(more.value.number, "something follows the proof");
  return toka === "inclusion" ? inclusionIn(fields, anchor) : consistencyIn(fields, anchor);
}

function inclusionIn(fields: Fields, anchor: Anchor): Found {
  const checkpoint = signedBy(textIn(fields, { name: "checkpoint", line: 1 }), {
    anchor,
    what: "its checkpoint",
    line: 1,
  });
  const { size, root } = checkpoint;
  const bytes = textIn(fields, { name: "entry", line: 1 });
  const index = numberIn(fields, { name: "index", line: 1 });
  const position = positionIn(bytes);
  if (position !== index + 1)
    throw new BadLine(1, `its entry says position ${String(position)}, and its index makes it ${index + 1}`);
  const proof = { index, size, path: pathIn(fields["path"]) };
  const found = rootFromInclusion(bytesOfDigest(leafDigest(bytes)), proof);
  if (found?.equals(Buffer.from(root)) !== true)
    throw new BadLine(
      1,
      `entry ${position} with its path does not give the root that the checkpoint of size ${size} signs`,
    );
  const continues = olderIn(fields, { anchor, to: checkpoint });
  const unproved = [
    "that the entry was decided rightly: toka verify of the vault, or of a whole export, decides it again",
    ...unprovedOf(anchor, continues),
  ];
  const entries = { ...noEntries, included: 1 };
  return {
    ...nothingFound,
    kind: "inclusion",
    log: checkpoint.origin,
    entries,
    size,
    signedBy: anchor.by,
    continues,
    unproved,
  };
}

async function exportIn(
  fields: Fields,
  { reading, anchor }: { readonly reading: Reading; readonly anchor: Anchor },
): Promise<Found> {
  const { onEntry } = reading.options;
  const check = { lines: reading.lines, anchor, ...(onEntry === undefined ? {} : { onEntry }) };
  const found = await verifyExport(fields, check);
  const { included, attested } = found.entries;
  const left = (found.size ?? 0) - Object.values(found.entries).reduce((sum, count) => sum + count, 0);
  const unproved = [
    ...(included === 0
      ? []
      : [`that ${included} entries were decided rightly: what stands before them is not all in the file`]),
    ...(attested === 0 ? [] : [`the values that the host vouched for in ${attested} entries`]),
    ...(left === 0 ? [] : [`what stands in the ${left} entries that are left out`]),
    ...(found.payloads.absent === 0
      ? []
      : [
          `what stood in ${found.payloads.absent} payloads: they were left out or erased, which the file cannot tell apart`,
        ]),
    ...(found.payloads.erased === 0
      ? []
      : [`what stood in ${found.payloads.erased} payloads that entries of the file erased`]),
    ...unprovedOf(anchor, found.continues),
  ];
  return { ...nothingFound, ...found, kind: "export", signedBy: anchor.by, unproved };
}

function consistencyIn(fields: Fields, anchor: Anchor): Found {
  const from = signedBy(textIn(fields, { name: "from", line: 1 }), { anchor, what: "its older checkpoint", line: 1 });
  const to = signedBy(textIn(fields, { name: "to", line: 1 }), { anchor, what: "its newer checkpoint", line: 1 });
  const path = pathIn(fields["path"]);
  if (!isConsistent({ from: from.size, to: to.size, rootFrom: from.root, rootTo: to.root, path }))
    throw new BadLine(1, `its path does not show that the log of ${to.size} entries begins with that of ${from.size}`);
  const continues = comparedWith(anchor, [from, to]);
  const unproved = unprovedOf(anchor, continues);
  const found = { log: to.origin, size: to.size, signedBy: anchor.by, continues, unproved };
  return { ...nothingFound, kind: "consistency", ...found };
}

/** A bare checkpoint names no key, so that it takes one to say anything of it. */
async function checkpointIn(first: Line, { lines, options: trusted }: Reading): Promise<Found> {
  const texts = [first.text];
  for await (const { number, text } of lines) {
    if (texts.push(text) > noteLinesMax) throw new BadLine(number, `a checkpoint has at most ${noteLinesMax} lines`);
  }
  if (trusted.key === undefined)
    throw new BadLine(1, "a checkpoint alone does not name its key: give the key with --key, or a proof or an export");
  const anchor = anchorOf(trusted.key, { trusted, line: 1 });
  const checkpoint = signedBy(`${texts.join("\n")}\n`, { anchor, what: "the checkpoint", line: 1 });
  const continues = comparedWith(anchor, [checkpoint]);
  const unproved = unprovedOf(anchor, continues);
  return { ...nothingFound, log: checkpoint.origin, size: checkpoint.size, signedBy: anchor.by, continues, unproved };
}

/** What an inclusion carries beside it, so that it can be held against an older checkpoint. */
function olderIn(
  fields: Fields,
  { anchor, to }: { readonly anchor: Anchor; readonly to: ReturnType<typeof signedBy> },
): number | null {
  const { older } = fields;
  if (older === undefined) return comparedWith(anchor, [to]);
  const parts = objectIn({ number: 1, text: JSON.stringify(older) });
  const from = signedBy(textIn(parts, { name: "checkpoint", line: 1 }), {
    anchor,
    what: "its older checkpoint",
    line: 1,
  });
  const path = pathIn(parts["path"]);
  if (!isConsistent({ from: from.size, to: to.size, rootFrom: from.root, rootTo: to.root, path }))
    throw new BadLine(1, `its path does not show that the log of ${to.size} entries begins with that of ${from.size}`);
  return comparedWith(anchor, [from, to]);
}

/** Compares the checkpoint given with those in the file that are of its size. */
function comparedWith({ older }: Anchor, found: readonly ReturnType<typeof signedBy>[]): number | null {
  if (older === undefined) return null;
  let compared: number | null = null;
  for (const { size, root } of found) {
    if (size !== older.size) continue;
    compareOlder(root, { older, line: 1 });
    compared = size;
  }
  return compared;
}

/**
 * What remains unproved of where a file comes from.
 *
 * @returns sentences without their ends
 */
export function unprovedOf({ by, older }: Anchor, continues: number | null): readonly string[] {
  const unproved = by === "file" ? [selfSigned] : [];
  if (older === undefined || continues !== null) return unproved;
  return [
    ...unproved,
    `that the log continues the checkpoint given: nothing in the file leads to its ${older.size} entries; toka prove --from ${older.size} does`,
  ];
}

function positionIn(entry: string): unknown {
  try {
    const value: unknown = JSON.parse(entry);
    return typeof value === "object" && value !== null && "position" in value ? value.position : undefined;
  } catch {
    throw new BadLine(1, "its entry is not JSON");
  }
}

function pathIn(value: unknown): readonly Buffer[] {
  if (!Array.isArray(value) || value.length > pathHashesMax)
    throw new BadLine(1, `its path is no list of at most ${pathHashesMax} hashes`);
  return value.map((part: unknown) => base64In(part, { name: "path", line: 1 }));
}
