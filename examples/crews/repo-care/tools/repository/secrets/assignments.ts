/**
 * Values that stand behind a name that says what they are: `client_secret: …`, `"password": "…"`, `--token=…`. The names are
 * found first, by one scan for their words; around each of them a bounded stretch is looked at.
 */
import { isPassword, isPlaceholder, isRandom } from "./plausible.ts";
import { type Secret, secretsMax } from "./secret.ts";

/** Characters of a name to the left and right of the word that was found. */
const nameReach = 64;
/** Characters of a value up to which names inside it are looked for, too. */
const nestedMax = 200;

const word = /pass(?:word|wd|phrase|code)?|pwd|secret|token|api_?-?key|apikey|_?-?key|credential|creds|auth|bearer/giu;
const nameCharacter = /[A-Za-z0-9_.-]/u;

/** Last words of names whose value is a password, which people think up. */
const passwordWords: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "passphrase",
  "passcode",
  "pwd",
  "pass",
  "pw",
  "pgpassword",
]);
/** Last words of names whose value is a secret, which machines make. */
const secretWords: ReadonlySet<string> = new Set([
  "secret",
  "secrets",
  "token",
  "apikey",
  "apitoken",
  "apisecret",
  "authtoken",
  "accesstoken",
  "accesskey",
  "secretkey",
  "privatekey",
  "clientsecret",
  "credential",
  "credentials",
  "creds",
  "auth",
  "bearer",
]);
/** What makes a key a secret one; a public key, a cache key or a foreign key is none. */
const keyKinds: ReadonlySet<string> = new Set(
  "api secret access private signing sign encryption encrypt decryption auth master account shared service client session hmac aes jwt app ssh deploy license admin storage subscription".split(
    " ",
  ),
);
/** Words behind the one that counts, which say which of several it is. */
const trailing: ReadonlySet<string> = new Set(
  "base value str string hex b64 base64 prod production dev development staging live main primary secondary old new default raw current backup".split(
    " ",
  ),
);

/** Between the name and the value: a closing quote, a type, an attribute of XML, and what assigns. */
const separator =
  /["'`]?\]?(?: {0,8}:[ ]?(?:string|str|String|&str|&'static str)(?= {0,4}=))?(?:[ \t]{0,20}(?::=|=>|=(?![=~>])|:(?!:))[ \t]{0,20}|["'][ \t]{1,8}value[ \t]{0,4}=[ \t]{0,4})/y;
/** A value as an argument of a command, as in `.netrc` and behind `Bearer`. */
const spaceSeparator = /[ \t]{1,8}(?=[^\s=:-])/y;
const proseSeparator = /[ \t]{1,3}(?:is|was)[ \t]{1,3}/y;
const quoted = /(["'`])([^"'`\r\n]{1,500})\1/y;
const bare = /[^\s"'`,;<>(){}[\]|\\]{1,500}/y;

/** What a file is like, as far as values without quotes go. */
export interface FileKind {
  /** Values without quotes are values, and no variables. */
  readonly bareValues: boolean;
  /** A name and its value may be apart by a space alone. */
  readonly spaced: boolean;
  readonly holdsAwsKey: boolean;
}

/**
 * Finds secrets by the names that they are given.
 * @returns the values, in the order of places
 */
export function findAssigned(text: string, kind: FileKind): readonly Secret[] {
  const found: Secret[] = [];
  word.lastIndex = 0;
  for (let hit = word.exec(text); hit !== null && found.length <= secretsMax; hit = word.exec(text)) {
    const name = nameAround(text, { start: hit.index, end: word.lastIndex });
    word.lastIndex = Math.max(word.lastIndex, name.end);
    const meaning = meaningOf(name.text);
    if (meaning === undefined) continue;
    const value = valueBehind(text, { at: name.end, kind, meaning, name: name.text });
    if (value === undefined) continue;
    const secret = judged(value, { meaning, name: name.text, kind });
    if (secret === undefined) {
      // A long value is not looked through again for names: thousands of them may stand in one another.
      if (value.text.length > nestedMax) word.lastIndex = Math.max(word.lastIndex, value.start + value.text.length);
      continue;
    }
    found.push({ start: value.start, end: value.start + value.text.length, ...secret });
    word.lastIndex = Math.max(word.lastIndex, value.start + value.text.length);
  }
  return found;
}

interface Name {
  readonly text: string;
  readonly end: number;
}

function nameAround(text: string, { start, end }: { readonly start: number; readonly end: number }): Name {
  let from = start;
  let to = end;
  while (from > 0 && start - from < nameReach && nameCharacter.test(text.charAt(from - 1))) from -= 1;
  while (to < text.length && to - end < nameReach && nameCharacter.test(text.charAt(to))) to += 1;
  return { text: text.slice(from, to), end: to };
}

type Meaning = "password" | "secret" | "aws-secret" | "secret-key" | "header";

/** What the last words of a name say about its value. */
function meaningOf(name: string): Meaning | undefined {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/gu, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/gu, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/u)
    .filter((each) => each !== "");
  while (words.length > 1 && (trailing.has(words.at(-1) ?? "") || /^\d+$/u.test(words.at(-1) ?? ""))) words.pop();
  const last = (words.at(-1) ?? "").replace(/\d+$/u, "");
  const before = words.at(-2) ?? "";
  if (passwordWords.has(last)) return "password";
  if (last === "bearer") return "header";
  if (last === "key") {
    if (before === "access" && words.at(-3) === "secret") return "aws-secret";
    if (before === "secret") return "secret-key";
    return keyKinds.has(before) ? "secret" : undefined;
  }
  return secretWords.has(last) ? "secret" : undefined;
}

interface Value {
  readonly text: string;
  readonly start: number;
  readonly prose: boolean;
}

function valueBehind(
  text: string,
  {
    at,
    kind,
    meaning,
    name,
  }: { readonly at: number; readonly kind: FileKind; readonly meaning: Meaning; readonly name: string },
): Value | undefined {
  const option = name.startsWith("-");
  const spaced = kind.spaced || option || meaning === "header";
  const assigned = end(separator, { text, at });
  const from = assigned ?? (spaced ? end(spaceSeparator, { text, at }) : undefined);
  const prose = from === undefined && meaning === "password" && kind.bareValues;
  const start = from ?? (prose ? end(proseSeparator, { text, at }) : undefined);
  if (start === undefined) return undefined;
  quoted.lastIndex = start;
  const inQuotes = quoted.exec(text)?.[2];
  if (inQuotes !== undefined) return { text: inQuotes, start: start + 1, prose };
  // A quote that is open here belongs to a text around both, such as the connection string of a database.
  if (
    !kind.bareValues &&
    meaning !== "header" &&
    !(meaning === "password" && assigned !== undefined && isInside(text, at - name.length))
  )
    return undefined;
  bare.lastIndex = start;
  const word = bare.exec(text)?.[0].replace(/[.,:]+$/u, "");
  return word === undefined || word === "" ? undefined : { text: word, start, prose };
}

/** Tells whether a name stands behind a semicolon, as in `Server=…;Password=…`. */
function isInside(text: string, at: number): boolean {
  return text.charAt(at - 1) === ";";
}

function end(pattern: RegExp, { text, at }: { readonly text: string; readonly at: number }): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function judged(
  { text, prose }: Value,
  { meaning, name, kind }: { readonly meaning: Meaning; readonly name: string; readonly kind: FileKind },
): Omit<Secret, "start" | "end"> | undefined {
  if (isPlaceholder(text)) return undefined;
  if (meaning === "password") {
    if (!isPassword(text) || (prose && !(/[0-9]/u.test(text) && /[A-Z]/u.test(text) && text.length >= 10)))
      return undefined;
    return { rule: "password", name: "a password", severity: "medium", guessable: true };
  }
  const isAws = /^[A-Za-z0-9+/]{40}$/u.test(text) && isRandom(text);
  if (isAws && (meaning === "aws-secret" || (meaning === "secret-key" && kind.holdsAwsKey) || /aws/iu.test(name)))
    return { rule: "aws-secret-key", name: "a secret key of AWS", severity: "high", guessable: false };
  if (!isRandom(text)) return undefined;
  return {
    rule: "generic-secret",
    name: "a random value with the name of a secret",
    severity: "medium",
    guessable: false,
  };
}
