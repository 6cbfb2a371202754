/** Tells made-up values from real ones: checksums, placeholders, randomness. Everything here is linear in its input. */
import { crc32 } from "node:zlib";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Characters of a checksum in base 62. */
const checksumLength = 6;

/**
 * Checks the CRC-32 at the end of a token of GitHub or npm: the last six characters are that of the ones between the
 * prefix and them. Source: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/ and
 * https://github.blog/2021-09-23-announcing-npms-new-access-token-format/
 * @returns true when it is right
 */
export function hasChecksum(token: string): boolean {
  const body = token.slice(token.indexOf("_") + 1);
  const entropy = body.slice(0, -checksumLength);
  let wanted = "";
  for (let rest = crc32(entropy); rest > 0; rest = Math.floor(rest / 62)) wanted = (base62[rest % 62] ?? "") + wanted;
  return body.slice(-checksumLength) === wanted.padStart(checksumLength, "0");
}

/** Characters of a value up to which it is judged by its words: what is longer was not thought up by people. */
const judgedMax = 1000;
/** Words that stand for a value that is still to come, or that was never one; the last is the example in Telegram's manual. */
const placeholderWords =
  /example|sample|placeholder|change-?_?me|your[-_. ]?|replace|dummy|fake|redacted|insert|foobar|lorem|x{4}|\*{3}|\.{3}|0{8}|12345678|abcdefgh|deadbeef|\banon|123456:ABC-DEF/iu;
/** A whole value that is only a word for itself, with a number perhaps. */
const namesItself =
  /^(?:[a-z]+[-_.])?(?:pass(?:word|wd|phrase)?|secret|token|key|test(?:ing)?|admin|root|user(?:name)?|login|guest|demo|default|none|null|nil|undefined|true|false|string|hunter2|qwerty|letmein|postgres|mysql|redis|guest)[-_.]?[0-9!]{0,4}$/iu;
/** A word that ends in what it is, such as `proxypass`. */
const wordForIt = /^[a-z]{0,12}(?:pass(?:word|wd|phrase)?|secret)[0-9!]{0,4}$/iu;
/** Words with hyphens, one of which says what the value is meant to be: `real-secret-6-levels`. */
const saysWhatItIs =
  /^(?:[a-z]+[-_. ]|\d+[-_. ])*(?:pass(?:word|wd|phrase)?|secret|token|key)(?:[-_. ][a-z]+|[-_. ]\d+)*$/iu;
/** What is filled in later, or names where the value comes from. */
const reference =
  /\$\{|\$\(|\{\{|<%|%\(|#\{|^\$|^%[A-Za-z_]|^<[^>]*>?$|^\{|^\[|^@|\bprocess\.env\b|\bos\.(?:environ|getenv)\b|\benv\(|^var\.|^local\.|^secrets\./u;

/**
 * Tells a value that stands for a secret from one that is.
 * @returns true for placeholders, words and references to variables
 */
export function isPlaceholder(value: string): boolean {
  if (value.length > judgedMax) return false;
  return isPlaceholderText(value) || isMonotonous(value) || isEncodedText(value);
}

function isPlaceholderText(value: string): boolean {
  return [placeholderWords, namesItself, wordForIt, saysWhatItIs, reference].some((words) => words.test(value));
}

const base64 = /^[A-Za-z0-9+/]{8,}={0,2}$/u;
const printable = /^[\x20-\x7e]+$/u;

/** Tells a sentence in base64, such as "not my real password", from random bytes. */
function isEncodedText(value: string): boolean {
  if (value.length % 4 !== 0 || !base64.test(value)) return false;
  const text = Buffer.from(value, "base64").toString("latin1");
  return printable.test(text) && (text.includes(" ") || isPlaceholderText(text));
}

/** Few different characters, or mostly the next one in the alphabet after each. */
function isMonotonous(value: string): boolean {
  if (new Set(value).size < Math.min(6, value.length / 2)) return true;
  let steps = 0;
  for (let index = 1; index < value.length; index += 1) {
    if (Math.abs(value.charCodeAt(index) - value.charCodeAt(index - 1)) === 1) steps += 1;
  }
  return steps > value.length / 2;
}

/**
 * Measures how surprising a text is.
 * @returns Shannon entropy in bits a character
 */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const hexadecimal = /^(?:0x)?[0-9a-f]+$/iu;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;
/** Characters that random values are written in. */
const randomAlphabet = /^[A-Za-z0-9+/=_.!@#$%^&*~:-]+$/u;
/** Addresses, paths, names with a colon, hashes of passwords: long, and no secret. */
const known =
  /^(?:arn:|urn:|[a-z][a-z0-9+.-]*:\/\/|\.{0,2}\/|sha\d+[-:]|\$2[aby]\$|\$argon2|\$[156]\$|ssh-|data:|v\d+(?:\.\d+)+)/iu;
/** A name of a file, or of a thing inside another. */
const fileName =
  /\.(?:js|ts|py|go|rs|json|ya?ml|toml|txt|md|pem|key|crt|cert|p12|jks|html?|css|png|svg|sh|log|sql|xml|conf|cfg|ini)$/iu;

/**
 * Tells random values from words, names, addresses and digests with a label.
 * @returns true for hexadecimal from 32 digits, UUIDs, and other runs from 16 characters that surprise
 */
export function isRandom(value: string): boolean {
  if (uuid.test(value)) return true;
  if (value.length < 16 || !randomAlphabet.test(value) || known.test(value) || fileName.test(value)) return false;
  if (hexadecimal.test(value)) return value.length >= 32 && entropyOf(value) >= 3;
  // Words have no digits, and versions, dates and numbered names have few letters between them.
  const digits = value.replaceAll(/[^0-9]/gu, "").length;
  if (digits === 0 || digits > value.length * 0.7) return false;
  return !isWordy(value) && entropyOf(value) >= 3.4;
}

/** Tells names made of words, such as `sundial-session-2-token`, by their runs of lower-case letters. */
function isWordy(value: string): boolean {
  const words = value.match(/[A-Z]?[a-z]{3,}/gu) ?? [];
  return words.reduce((sum, word) => sum + word.length, 0) > value.length * 0.6;
}

/**
 * Tells what people take for a password from words about passwords.
 * @returns true for 6 to 128 characters without white space, with a digit or of three kinds
 */
export function isPassword(value: string): boolean {
  if (value.length < 6 || value.length > 128 || /\s/u.test(value) || known.test(value) || fileName.test(value))
    return false;
  // The next name of a list of `name=`, unless it is base64.
  if (/^[A-Za-z]+=$/u.test(value) && value.length % 4 !== 0) return false;
  const kinds = [/[a-z]/u, /[A-Z]/u, /[0-9]/u, /[^A-Za-z0-9]/u].filter((kind) => kind.test(value)).length;
  return kinds >= 3 || (kinds === 2 && /[0-9]/u.test(value) && !/^[0-9.]+$/u.test(value));
}
