/** What a TypeScript file imports, type imports and dynamic ones included, and which file of ours that is. */
import { posix } from "node:path";
import type { Source } from "./source.ts";
import type { Token } from "./tokens.ts";

/** One import or re-export. */
export interface Import {
  /** The text between the quotes. */
  readonly specifier: string;
  /** Whether only types come in: `import type`, `export type … from`, or the type `import("…")`. */
  readonly typeOnly: boolean;
  /** Whether it is `export … from`. */
  readonly reexport: boolean;
  /** Whether everything is taken over: `export * from`. */
  readonly star: boolean;
  /** What comes in beside types, by its name there; `*` where that is everything, or cannot be told. */
  readonly values: readonly string[];
  readonly line: number;
}

/**
 * Reads a file's imports.
 *
 * @param source - the file, in tokens.
 * @returns each `import`, `export … from`, `import(…)` and `require(…)` that names its module by a literal.
 */
export function importsOf(source: Source): readonly Import[] {
  const { code } = source;
  return code.flatMap((token, index) => {
    if (token.kind !== "word" || code[index - 1]?.text === ".") return [];
    if (token.text === "import" || token.text === "require") return readImport(code, index);
    if (token.text === "export") return readReexport(code, index);
    return [];
  });
}

function readImport(code: readonly Token[], index: number): readonly Import[] {
  const next = code[index + 1];
  const line = code[index]?.line ?? 0;
  if (next?.kind === "string") {
    return [{ specifier: unquote(next.text), typeOnly: false, reexport: false, star: false, values: ["*"], line }];
  }
  if (next?.text === "(") {
    const literal = code[index + 2];
    if (literal?.kind !== "string") return [];
    // `import("x").Y` in a type position is a type import, but tokens cannot tell: it counts as a whole one.
    return [{ specifier: unquote(literal.text), typeOnly: false, reexport: false, star: false, values: ["*"], line }];
  }
  if (code[index]?.text !== "import") return [];
  const specifier = specifierAfterFrom(code, index);
  const typeOnly = next?.text === "type" && code[index + 2]?.text !== "from" && code[index + 2]?.text !== ",";
  return specifier === undefined
    ? []
    : [{ specifier, typeOnly, reexport: false, star: false, values: typeOnly ? [] : valuesAfter(code, index), line }];
}

function readReexport(code: readonly Token[], index: number): readonly Import[] {
  const typeOnly = code[index + 1]?.text === "type";
  const opening = code[index + (typeOnly ? 2 : 1)]?.text;
  if (opening !== "*" && opening !== "{") return [];
  const specifier = specifierAfterFrom(code, index);
  const line = code[index]?.line ?? 0;
  const values = typeOnly ? [] : valuesAfter(code, index);
  return specifier === undefined ? [] : [{ specifier, typeOnly, reexport: true, star: opening === "*", values, line }];
}

/** The names between the braces of the statement that starts at `index`, without those of types. */
function valuesAfter(code: readonly Token[], index: number): readonly string[] {
  // A default or a star takes what cannot be told from the names.
  if (code[index + 1]?.text !== "{") return ["*"];
  const end = code.findIndex(({ text }, at) => at > index && text === "}");
  const items = code.slice(index + 2, end).reduce<string[][]>(
    (found, { text }) => {
      if (text === ",") found.push([]);
      else found.at(-1)?.push(text);
      return found;
    },
    [[]],
  );
  // `type a` is a type, while `type` alone and `type as b` are values of that name.
  return items.flatMap(([first, second]) =>
    first === undefined || (first === "type" && second !== undefined && second !== "as") ? [] : [first],
  );
}

/** The specifier of the statement that starts at `index`: no `from` before the statement's end means none. */
function specifierAfterFrom(code: readonly Token[], index: number): string | undefined {
  for (let at = index + 1; at < code.length; at += 1) {
    const token = code[at];
    if (token === undefined || token.text === ";" || token.text === "=" || token.text === "import") return undefined;
    const next = code[at + 1];
    if (token.text === "from" && next?.kind === "string") return unquote(next.text);
  }
  return undefined;
}

function unquote(literal: string): string {
  return literal.slice(1, -1);
}

/**
 * The file of ours that a relative specifier names.
 *
 * @param from - the importing file, from the root.
 * @param specifier - such as `./log.ts` or `../src/index.ts`.
 * @returns the path from the root, or undefined for a specifier that is not relative.
 */
export function resolveRelative(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;
}
