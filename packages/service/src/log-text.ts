/**
 * Finding entries by the words in them: what stands inline, such as names, labels and reasons, and what stands by commitment, as
 * far as it is text.
 *
 * Entries are read for it, one after another. Nothing is kept of what was read: contents can be erased, and words of them that
 * stood in an index would outlive that.
 */
import type { Content, MachinePort, RecordedEntry } from "@toka/kernel";

import { ServiceFailure } from "./failure.ts";

/** Words in one question: what people remember of something is less. */
const wordsMax = 16;

/** Bytes of one content that are looked at, from its beginning: a message or a result is less, and what is more is a file. */
export const searchedBytesMax = 65_536;

/** Fields whose text is the form of an entry and nobody's words. */
const formFields: ReadonlySet<string> = new Set(["type", "commitment"]);

/**
 * Makes what tells whether an entry has words in it.
 *
 * @param text - words; each must be there as a whole, in whatever case and with or without its accents
 * @param machine - which holds the contents
 * @returns a function that tells of an entry whether all the words are there, in itself and its contents together
 * @throws a failure `malformed` when there is no word, or there are too many
 */
export function textMatcher(
  text: string,
  machine: Pick<MachinePort, "payload">,
): (recorded: RecordedEntry) => Promise<boolean> {
  const wanted = new Set(wordsOf(text));
  if (wanted.size === 0 || wanted.size > wordsMax)
    throw new ServiceFailure("malformed", {
      message: `Cannot search the log: found ${wanted.size} words, wanted 1 to ${wordsMax}`,
    });
  return async ({ entry: { operation, outcome } }) => {
    const missing = new Set(wanted);
    const contents: Content[] = [];
    for (const part of [operation, outcome]) look(part, { missing, contents });
    const seen = new Set<string>();
    for (const content of contents) {
      if (missing.size === 0) break;
      if (seen.has(content.commitment)) continue;
      seen.add(content.commitment);
      const bytes = await machine.payload(content);
      if (bytes !== undefined) strike(missing, textIn(bytes));
    }
    return missing.size === 0;
  };
}

interface Looking {
  /** Words that were not found yet. */
  readonly missing: Set<string>;
  /** Contents that were come across. */
  readonly contents: Content[];
}

function look(value: unknown, looking: Looking): void {
  if (typeof value === "string") strike(looking.missing, value);
  if (typeof value !== "object" || value === null) return;
  if (isContent(value)) {
    looking.contents.push(value);
    return;
  }
  for (const [field, part] of Object.entries(value)) if (!formFields.has(field)) look(part, looking);
}

function isContent(value: object): value is Content {
  return (
    "commitment" in value && typeof value.commitment === "string" && "size" in value && typeof value.size === "number"
  );
}

function strike(missing: Set<string>, text: string): void {
  if (missing.size === 0) return;
  const plain = plainOf(text);
  for (const word of missing) if (has(plain, word)) missing.delete(word);
}

/** Whether a word is there as a whole. Taking the text apart into words would take ten times as long. */
function has(plain: string, word: string): boolean {
  for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + 1)) {
    const end = at + word.length;
    // Two units, since a letter may take as many.
    if (
      !/[\p{L}\p{N}]$/u.test(plain.slice(Math.max(0, at - 2), at)) &&
      !/^[\p{L}\p{N}]/u.test(plain.slice(end, end + 2))
    )
      return true;
  }
  return false;
}

/** What is no text has no words: a picture would have some by chance. */
function textIn(bytes: Uint8Array): string {
  // The last character may be cut off, which is then no reason to call the rest no text.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return decoder.decode(bytes.subarray(0, searchedBytesMax), { stream: bytes.length > searchedBytesMax });
  } catch {
    return "";
  }
}

/** Runs of letters and digits. */
function wordsOf(text: string): readonly string[] {
  return plainOf(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Accents are marks once they are taken apart, and fall away. What is ASCII has none. */
function plainOf(text: string): string {
  const lower = text.toLowerCase();
  return beyondAscii.test(lower)
    ? lower
        .normalize("NFKD")
        .replaceAll(/\p{M}+/gu, "")
        .toLowerCase()
    : lower;
}

const beyondAscii = /[^\0-\x7f]/u;
