/** A secret that was found in a text, and how it is shown: never whole. */
import { createHash } from "node:crypto";
import { toBytes } from "../byte-path.ts";
import type { Severity } from "../findings/findings.ts";

/** Where a secret stands in a text, and what it is. */
export interface Secret {
  readonly start: number; // offset of its first character
  readonly end: number; // offset after its last
  readonly rule: string;
  readonly name: string; // for people, with its article
  readonly severity: Severity;
  /** True for what people think up: so little of it is shown that it cannot be guessed from that. */
  readonly guessable: boolean;
}

/** Secrets that one rule looks for in one file: more of them are one trouble, and not thousands. */
export const secretsMax = 1000;
/** Characters shown of a secret at most. */
const shownMax = 4;
/** Characters of a secret for each one that is shown. */
const charactersForOne = 5;
/** Hexadecimal digits of its digest: enough to see that two are the same, too few to search for it elsewhere. */
const digestDigits = 8;

/**
 * Writes a secret so that it is known again and not known.
 * @returns its first characters (a fifth of it, four at most), its length, and eight digits of its SHA-256; of one that can
 *   be guessed no digest, since a guess could be checked against it
 */
export function masked(secret: string, { guessable }: Pick<Secret, "guessable">): string {
  const shown = Math.min(shownMax, Math.floor(secret.length / charactersForOne));
  const digest = createHash("sha256").update(toBytes(secret)).digest("hex").slice(0, digestDigits);
  const known = guessable ? "" : `, sha256 ${digest}`;
  return `${secret.slice(0, shown)}... (${secret.length} characters${known})`;
}
