/**
 * The spellings in which a secret is looked for: as it is, and as programs commonly write it.
 */
import { tokenAlgorithm, tokenCharsMax, tokenType } from "../tokens/token-claims.ts";
import type { Pattern } from "./matcher.ts";

/** One secret. */
export interface Secret {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Bytes of a line of a secret that count as the secret; shorter ones may stand anywhere. */
const lineBytesMin = 16;

/**
 * All spellings of some secrets.
 *
 * @param secrets - with their values
 * @returns one pattern for each spelling, each of which is replaced by `secret:NAME`
 */
export function patternsOf(secrets: readonly Secret[]): readonly Pattern[] {
  return secrets.flatMap(({ name, value }) => {
    const parts = [value, ...linesOf(value)];
    const exact = new Set(parts.flatMap((part) => [...spellingsOf(part)]));
    const spread = new Set(parts.flatMap((part) => [...spreadSpellingsOf(part)]));
    const replacement = `secret:${name}`;
    return [
      ...[...exact].map((one) => ({ bytes: Buffer.from(one, "latin1"), replacement, spread: false })),
      ...[...spread].map((one) => ({ bytes: Buffer.from(one, "latin1"), replacement, spread: true })),
    ];
  });
}

/**
 * The tokens of this system, whoever they were minted for: all begin with the same header.
 *
 * @returns the one pattern, with a tail for what differs
 */
export function tokenPattern(): Pattern {
  const header = `${JSON.stringify({ alg: tokenAlgorithm, typ: tokenType }).slice(0, -1)},"kid":"`;
  // Three bytes are four letters; what follows the last three is mixed with the name of the key.
  const same = Buffer.from(header).subarray(0, header.length - (header.length % 3));
  return {
    bytes: Buffer.from(same.toString("base64url")),
    replacement: "secret:token",
    spread: false,
    tailBytesMax: tokenCharsMax,
  };
}

/** A secret of several lines, such as a private key, is shown a line at a time by some; its frame is no secret. */
function linesOf(value: Uint8Array): readonly Uint8Array[] {
  const lines = Buffer.from(value).toString("latin1").split(/\r?\n/u);
  if (lines.length === 1) return [];
  return lines.flatMap((line) => {
    const text = line.trim();
    return text.length < lineBytesMin || text.startsWith("-----") ? [] : [Buffer.from(text, "latin1")];
  });
}

/** Spellings that programs break into lines and groups. */
function* spreadSpellingsOf(value: Uint8Array): Iterable<string> {
  const bytes = Buffer.from(value);
  for (const base64 of base64Of(bytes)) {
    yield base64;
    yield base64.replaceAll("+", "-").replaceAll("/", "_");
  }
  const hex = bytes.toString("hex");
  yield hex;
  yield hex.toUpperCase();
}

/** Each spelling has one character for each byte. */
function* spellingsOf(value: Uint8Array): Iterable<string> {
  const bytes = Buffer.from(value);
  yield bytes.toString("latin1");
  yield* percentOf(bytes);
  yield* quotedOf(bytes.toString("latin1"));
  const text = utf8(bytes);
  if (text !== undefined) yield* jsonOf(text);
}

/** Base64 of the bytes wherever they stand in a longer text: of the three ways they can fall, what none of their neighbours changes. */
function* base64Of(bytes: Buffer): Iterable<string> {
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const from = before === 0 ? 0 : before + 1;
    const whole = (before + bytes.length) % 3 === 0;
    yield encoded.slice(from, whole ? undefined : -1);
  }
}

/** As in addresses and forms: what is not unreserved, with small and capital digits, and every byte; blanks also as plus. */
function* percentOf(bytes: Buffer): Iterable<string> {
  const escaped = (keep: RegExp): string =>
    [...bytes]
      .map((byte) => {
        const character = String.fromCodePoint(byte);
        return keep.test(character) ? character : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
      })
      .join("");
  // RFC 3986, encodeURIComponent, and forms.
  for (const keep of [/[A-Za-z0-9._~-]/u, /[A-Za-z0-9._~!'()*-]/u, /[A-Za-z0-9._*-]/u, /[^\s\S]/u]) {
    const upper = escaped(keep);
    const lower = upper.replaceAll(/%[0-9A-F]{2}/gu, (code) => code.toLowerCase());
    for (const one of [upper, lower]) {
      yield one;
      yield one.replaceAll("%20", "+");
    }
  }
}

/** As in HTML and XML, which spell quotes in more than one way, and between the single quotes of a shell. */
function* quotedOf(text: string): Iterable<string> {
  const tags = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  yield tags;
  yield tags.replaceAll('"', "&quot;");
  for (const quote of ["&#39;", "&#x27;", "&apos;"]) yield tags.replaceAll('"', "&quot;").replaceAll("'", quote);
  yield tags.replaceAll('"', "&#34;").replaceAll("'", "&#39;");
  yield text.replaceAll("'", "'\\''");
}

/** Inside a JSON string, and inside a JSON string in one; with letters beyond ASCII as they are or escaped, and slashes either way. */
function* jsonOf(text: string): Iterable<string> {
  const latin1 = (one: string): string => Buffer.from(one, "utf8").toString("latin1");
  const inside = (one: string): string => JSON.stringify(one).slice(1, -1);
  const ascii = (one: string): string =>
    one.replaceAll(/[\u0080-\uffff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const once = inside(text);
  for (const one of [once, inside(once), ascii16(once, ascii), once.replaceAll("/", "\\/")]) yield latin1(one);
}

/** Escapes are of UTF-16 units, so a character beyond the first 65,536 has two. */
function ascii16(text: string, ascii: (one: string) => string): string {
  return text.split("").map(ascii).join("");
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
