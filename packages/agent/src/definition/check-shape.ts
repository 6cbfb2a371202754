/** Checks a file's data against a zod schema and says, with positions and suggestions, what does not fit. */
import type { z } from "zod";
import { type Problem, suggestion, type YamlSource } from "@toka/runtime";
import { whyUnacted } from "./unacted-fields.ts";

type Issue = z.core.$ZodIssue;

/**
 * Checks `source` against `schema`.
 * @returns the typed data, or every problem found
 */
export function checkShape<T>(
  source: YamlSource,
  schema: z.ZodType<T>,
): { readonly data: T } | { readonly problems: readonly Problem[] } {
  if (source.problems.length > 0) return { problems: source.problems };
  const result = schema.safeParse(source.value);
  if (result.success) return { data: result.data };
  const problems = result.error.issues.flatMap((issue) => explain({ source, schema, issue, above: [] }));
  return { problems };
}

interface Explained {
  readonly source: YamlSource;
  readonly schema: z.ZodType;
  readonly issue: Issue;
  readonly above: readonly PropertyKey[];
}

function explain({ source, schema, issue, above }: Explained): readonly Problem[] {
  const path = [...above, ...issue.path];
  const here = path.length === 0 ? "the file" : `"${pathText(path)}"`;
  const found = describe(valueAt(source.value, path));
  const at = source.locate(path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const why = whyUnacted([...path, key]);
        const name = pathText([...path, key]);
        if (why !== undefined)
          return {
            at: source.locateKey([...path, key]),
            message: `Cannot use "${name}": nothing acts on it yet (${why}); remove it`,
          };
        return {
          at: source.locateKey([...path, key]),
          message: `Cannot use key "${name}": there is no such key${suggestion(key, keysAt(schema, path))}`,
        };
      });
    case "invalid_union":
      return explainUnion({ source, schema, issue, above });
    case "invalid_key":
      return [
        {
          at: source.locateKey(path),
          message: `Cannot use name "${String(path.at(-1))}": wanted ${wantedOf(issue.issues[0])}`,
        },
      ];
    case "invalid_type":
      if (found === "nothing" && path.length > 0) {
        const parent = path.slice(0, -1);
        return [
          {
            at: source.locateKey(parent),
            message: `Cannot use ${parent.length === 0 ? "the file" : `"${pathText(parent)}"`}: "${String(path.at(-1))}" is missing`,
          },
        ];
      }
      return [{ at, message: `Cannot use ${here}: wanted ${wantedOf(issue)}, found ${found}` }];
    case "invalid_value": {
      const value = valueAt(source.value, path);
      const known = issue.values.map(String);
      if (value === undefined) {
        return [
          {
            at: source.locateKey(path.slice(0, -1)),
            message: `Cannot use "${pathText(path.slice(0, -1))}": "${String(path.at(-1))}" is missing`,
          },
        ];
      }
      const hint = typeof value === "string" ? suggestion(value, known) : "";
      return [
        {
          at,
          message: `Cannot use ${here}: wanted ${known.length === 1 ? known[0] : `one of ${known.join(", ")}`}, found ${found}${hint.startsWith("; did") ? hint : ""}`,
        },
      ];
    }
    default:
      return [{ at, message: `Cannot use ${here}: wanted ${wantedOf(issue)}, found ${found}` }];
  }
}

// Of the branches of a union, the one that fits best is what the writer meant: fewest foreign keys, then fewest issues.
function explainUnion({ source, schema, issue, above }: Explained): readonly Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return [];
  const ranked = issue.errors
    .map((issues) => ({ issues, cost: issues.reduce((sum, inner) => sum + costOf(inner), 0) }))
    .sort((left, right) => left.cost - right.cost);
  const best = ranked[0];
  const value = valueAt(source.value, path);
  if (pathText(path).endsWith("validation") && typeof value === "string") {
    const hint = "write {file: PATH}, {content: PATH, contains: [...]}, {command: [...]} or {cel: EXPRESSION}";
    return [{ at: source.locate(path), message: `Cannot use "${pathText(path)}": prose cannot be checked; ${hint}` }];
  }
  const isScalarValue = value === null || typeof value !== "object";
  if (best === undefined || isScalarValue) {
    const wanted = [...new Set(ranked.map(({ issues }) => wantedOf(issues[0])))].join(" or ");
    return [
      {
        at: source.locate(path),
        message: `Cannot use "${pathText(path)}": wanted ${wanted}, found ${describe(value)}`,
      },
    ];
  }
  return best.issues.flatMap((inner) => explain({ source, schema, issue: inner, above: path }));
}

function costOf(issue: Issue): number {
  if (issue.code === "unrecognized_keys") return 10 * issue.keys.length;
  if (issue.code === "invalid_type" && issue.path.length === 0) return 1000;
  if (issue.code === "invalid_union")
    return Math.min(...issue.errors.map((issues) => issues.reduce((sum, inner) => sum + costOf(inner), 0)));
  return 5 - Math.min(4, issue.path.length);
}

function wantedOf(issue: Issue | undefined): string {
  switch (issue?.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_format":
      return issue.message.startsWith("Invalid string") ? "text of another form" : issue.message;
    case "too_big":
      return `at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case "too_small":
      return `at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
    case "invalid_key":
      return "a name";
    case "invalid_value":
      return issue.values.map(String).join(", ");
    default:
      return issue?.message ?? "something else";
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text (quote it when it looks like a number)",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " elements" : "";
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a map";
  const written = JSON.stringify(value) ?? typeof value;
  return written.length > 80
    ? `${typeof value === "string" ? "text" : typeof value} of ${written.length - 2} characters`
    : written;
}

/**
 * Writes a path into a file's data the way people read it.
 * @returns for example `tasks.default[2].steps`
 */
export function pathText(path: readonly PropertyKey[]): string {
  let written = "";
  for (const part of path)
    written += typeof part === "number" ? `[${part}]` : `${written === "" ? "" : "."}${String(part)}`;
  return written;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) return undefined;
    current = Reflect.get(current, part);
  }
  return current;
}

// The keys that the schema knows at a path, for suggestions: walks objects, lists, optionals and unions.
function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const def = defOf(schema);
  if (def === undefined) return [];
  const inner = Reflect.get(def, "innerType");
  if (inner !== undefined) return keysAt(inner, path);
  const options = Reflect.get(def, "options");
  if (Array.isArray(options)) return [...new Set(options.flatMap((option) => keysAt(option, path)))];
  const shape: unknown = Reflect.get(def, "shape");
  const [head, ...rest] = path;
  if (typeof shape === "object" && shape !== null) {
    if (head === undefined) return Object.keys(shape);
    return Object.hasOwn(shape, head) ? keysAt(Reflect.get(shape, head), rest) : [];
  }
  const element = Reflect.get(def, "element");
  return element !== undefined && typeof head === "number" ? keysAt(element, rest) : [];
}

function defOf(schema: unknown): object | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  const def: unknown = Reflect.get(schema, "def");
  return typeof def === "object" && def !== null ? def : undefined;
}
