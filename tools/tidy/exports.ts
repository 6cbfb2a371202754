/** What a TypeScript file exports, and whether each export is documented. */
import { matching } from "./functions.ts";
import type { Source } from "./source.ts";
import type { Token } from "./tokens.ts";

/** One exported name. */
export interface Export {
  readonly name: string;
  /** `list` is a name in `export { … }`: it is documented where it is declared. */
  readonly kind: "declaration" | "list";
  /** The docstring right before the declaration, or undefined. */
  readonly docstring: string | undefined;
  readonly line: number;
}

const leading = new Set([
  "async",
  "abstract",
  "declare",
  "default",
  "const",
  "let",
  "function",
  "class",
  "interface",
  "type",
  "namespace",
  "*",
]);

/**
 * Reads a file's exports.
 *
 * @param source - the file, in tokens.
 * @returns each exported name in the order written, re-exported ones included. `export *` has no names and is left out.
 */
export function exportsOf(source: Source): readonly Export[] {
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    if (token.kind !== "word" || token.text !== "export" || depthAt(tokens, index) !== 0) return [];
    const listed = listAt(tokens, index);
    if (listed !== undefined) return listed;
    let at = index + 1;
    while (tokens[at] !== undefined && leading.has(tokens[at]?.text ?? "")) at += 1;
    const name = tokens[at];
    if (name?.kind !== "word") return [];
    const before = tokens[index - 1];
    const docstring = before?.kind === "comment" && before.text.startsWith("/**") ? before.text : undefined;
    return [{ name: name.text, kind: "declaration" as const, docstring, line: token.line }];
  });
}

function listAt(tokens: readonly Token[], index: number): readonly Export[] | undefined {
  const code = tokens.slice(index).filter((token) => token.kind !== "comment");
  const open = code[1]?.text === "type" ? 2 : 1;
  if (code[open]?.text !== "{") return undefined;
  const names: Export[] = [];
  const inside = code.slice(open + 1, matching(code, open));
  inside.forEach((token, at) => {
    const next = inside[at + 1]?.text ?? ",";
    if (token.kind === "word" && next === ",") {
      names.push({ name: token.text, kind: "list", docstring: undefined, line: token.line });
    }
  });
  return names;
}

function depthAt(tokens: readonly Token[], index: number): number {
  let depth = 0;
  for (let at = 0; at < index; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.kind !== "punctuation") continue;
    if (["{", "(", "[", "${"].includes(token.text)) depth += 1;
    else if (["}", ")", "]"].includes(token.text)) depth -= 1;
  }
  return depth;
}
