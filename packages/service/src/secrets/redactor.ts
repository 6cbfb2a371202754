/**
 * Redaction: the value of a stored secret becomes `secret:NAME`, in whatever passes.
 *
 * Source: docs/decisions/0020-secrets.md, which also says what it cannot catch.
 */
import { createMatcher, type Matcher, type Pattern, type ReplacingStream } from "./matcher.ts";
import { patternsOf, type Secret, tokenPattern } from "./patterns.ts";

/** Takes secrets out of what passes. While there are none, everything passes as it is. */
export interface Redactor {
  /** @returns whether there is anything to look for */
  readonly isActive: () => boolean;
  /** @returns a number that is another one whenever there is something else to look for */
  readonly version: () => number;
  readonly bytes: (bytes: Uint8Array) => Uint8Array;
  readonly text: (text: string) => string;
  /** Every string in the fields of an object, also their names. @returns the same object when nothing was found */
  readonly fields: <Fields extends { readonly [name: string]: unknown }>(
    fields: Fields,
  ) => Fields | { readonly [name: string]: unknown };
  /** Every string in an answer, wherever it stands. @returns the same answer when nothing was found */
  readonly answer: <Answer>(answer: Answer) => Answer;
  /** @returns a stream's redaction, or undefined when there is nothing to look for */
  readonly stream: () => ReplacingStream | undefined;
  /** What to look for from now on. */
  readonly use: (secrets: readonly Secret[]) => void;
  /** From now on, tokens of this system are looked for, too. */
  readonly useTokens: () => void;
}

/**
 * Makes a redactor that looks for nothing yet.
 *
 * @returns the redactor
 */
export function createRedactor(): Redactor {
  let matcher: Matcher | undefined;
  let version = 0;
  let secrets: readonly Pattern[] = [];
  let tokens: readonly Pattern[] = [];
  const renew = (): void => {
    version += 1;
    const patterns = [...secrets, ...tokens];
    matcher = patterns.length === 0 ? undefined : createMatcher(patterns);
  };
  const text = (given: string): string => {
    if (matcher === undefined) return given;
    const bytes = Buffer.from(given, "utf8");
    const kept = matcher.replace(bytes);
    return kept === bytes ? given : Buffer.from(kept).toString("utf8");
  };
  return {
    isActive: () => matcher !== undefined,
    version: () => version,
    bytes: (bytes) => (matcher === undefined ? bytes : matcher.replace(bytes)),
    text,
    fields: (given) => (matcher === undefined ? given : fieldsOf(given, text)),
    answer: (given) => (matcher === undefined ? given : anywhere(given, text)),
    stream: () => matcher?.stream(),
    use: (given) => {
      secrets = patternsOf(given);
      renew();
    },
    useTokens: () => {
      if (tokens.length > 0) return;
      tokens = [tokenPattern()];
      renew();
    },
  };
}

function fieldsOf<Fields extends { readonly [name: string]: unknown }>(
  given: Fields,
  text: (text: string) => string,
): Fields | { readonly [name: string]: unknown } {
  const fields = Object.entries(given).map(([name, field]) => [name, text(name), field, deeply(field, text)] as const);
  if (fields.every(([name, kept, field, changed]) => name === kept && field === changed)) return given;
  return Object.fromEntries(fields.map(([, kept, , changed]) => [kept, changed]));
}

function anywhere<Answer>(given: Answer, text: (text: string) => string): Answer;
function anywhere(given: unknown, text: (text: string) => string): unknown {
  return deeply(given, text);
}

function deeply(given: unknown, text: (text: string) => string): unknown {
  if (typeof given === "string") return text(given);
  if (typeof given !== "object" || given === null) return given;
  if (!Array.isArray(given)) {
    const copy = { ...given };
    const kept = fieldsOf(copy, text);
    return kept === copy ? given : kept;
  }
  const items = given.map((item) => deeply(item, text));
  return items.some((item, index) => item !== given[index]) ? items : given;
}
