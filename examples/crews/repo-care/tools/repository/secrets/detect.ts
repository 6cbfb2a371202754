/** Everything that looks like a secret in one file, each place once: the most telling rule wins. */
import { isAllowed } from "../findings/allowance.ts";
import { findInAddresses } from "./addresses.ts";
import { findAssigned } from "./assignments.ts";
import { isPassword, isPlaceholder, isRandom } from "./plausible.ts";
import { type Secret, secretsMax } from "./secret.ts";
import { findTokens } from "./token-rules.ts";

/** What a file holds. */
export interface Detected {
  /** In the order of places; none overlaps another. */
  readonly secrets: readonly Secret[];
  /** Those on lines with a comment that allows them. */
  readonly allowed: readonly Secret[];
  /** True when the file has more, which are not looked for. */
  readonly more: boolean;
}

/** Files of programs, where a value without quotes is a variable. */
const programFile =
  /\.(?:[cm]?[jt]sx?|py|pyi|go|rs|java|kts?|c|cc|cpp|cxx|h|hpp|cs|rb|php|swift|scala|lua|pl|pm|r|jl|dart|ex|exs|erl|hs|ml|clj|groovy|vue|svelte|sql|css|scss|less|html?|tf|proto)$/iu;
/**
 * Finds secrets in a file. Linear in its length.
 * @returns the secrets, and how many a comment allows
 */
export function detectSecrets(path: string, text: string): Detected {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const kind = {
    bareValues: !programFile.test(name),
    spaced: /^[._]?netrc$/u.test(name),
    holdsAwsKey: text.includes("AKIA") || text.includes("ASIA"),
  };
  // In this order a rule that knows more comes before one that knows less.
  const found = [...findTokens(text), ...findInAddresses(text), ...findAssigned(text, kind), ...wholeFile(name, text)];
  const all = withoutOverlaps(found);
  const distinct = all.slice(0, secretsMax);
  return {
    more: all.length > secretsMax,
    secrets: distinct.filter((secret) => !isAllowed(text, secret)),
    allowed: distinct.filter((secret) => isAllowed(text, secret)),
  };
}

/** Files whose name says that their content is a secret. */
function wholeFile(name: string, text: string): readonly Secret[] {
  if (name.endsWith(".key")) {
    const value = /^\s{0,8}([A-Za-z0-9+/=]{32,200})\s{0,8}$/u.exec(text.slice(0, 300))?.[1];
    if (value === undefined || text.length > 300 || !isRandom(value)) return [];
    const start = text.indexOf(value);
    const what = {
      rule: "generic-secret",
      name: "a file that holds a key",
      severity: "medium",
      guessable: false,
    } as const;
    return [{ start, end: start + value.length, ...what }];
  }
  if (!/^\.?pgpass(?:\.conf)?$/u.test(name)) return [];
  return [...text.matchAll(/^(?!#)(?:[^:\n]{1,200}:){4}([^\n]{1,200})$/gmu)].flatMap((match) => {
    const password = match[1] ?? "";
    const end = match.index + match[0].length;
    if (isPlaceholder(password) || !isPassword(password)) return [];
    return [
      { start: end - password.length, end, rule: "password", name: "a password", severity: "medium", guessable: true },
    ];
  });
}

function withoutOverlaps(found: readonly Secret[]): readonly Secret[] {
  const byPlace = found
    .map((secret, order) => ({ secret, order }))
    .toSorted((left, right) => left.secret.start - right.secret.start || left.order - right.order);
  const kept: { readonly secret: Secret; readonly order: number }[] = [];
  for (const each of byPlace) {
    const last = kept.at(-1);
    if (last === undefined || each.secret.start >= last.secret.end) kept.push(each);
    else if (each.order < last.order) kept[kept.length - 1] = each;
  }
  return kept.map(({ secret }) => secret);
}
