/** Reads `go.mod` and `go.work`. Source: https://go.dev/ref/mod#go-mod-file. */

/** One directive: its words without comments, and where it stands. */
export interface GoDirective {
  readonly line: number;
  readonly verb: string;
  readonly words: readonly string[];
}

/** The directives of a file in their order. */
export interface GoFile {
  readonly directives: readonly GoDirective[];
}

/** How many words may follow a verb. */
const wordsOf: Readonly<Record<string, readonly [number, number]>> = {
  module: [1, 1],
  go: [1, 1],
  toolchain: [1, 1],
  godebug: [1, 1],
  require: [2, 2],
  exclude: [2, 2],
  replace: [3, 5],
  retract: [1, 4],
  use: [1, 1],
  tool: [1, 1],
  ignore: [1, 1],
};

/**
 * Reads a file.
 * @returns its directives, or where it stops being one
 */
export function readGoFile(text: string): GoFile | { readonly line: number; readonly message: string } {
  const directives: GoDirective[] = [];
  let block: string | undefined;
  let line = 0;
  for (const raw of text.replace(/^\ufeff/u, "").split("\n")) {
    line += 1;
    const comment = raw.indexOf("//");
    const words = wordsIn(comment < 0 ? raw : raw.slice(0, comment));
    const [first] = words;
    if (first === undefined) continue;
    if (block !== undefined && first === ")" && words.length === 1) {
      block = undefined;
      continue;
    }
    if (block === undefined && words.length === 2 && words[1] === "(") {
      if (!Object.hasOwn(wordsOf, first)) return { line, message: "this line starts with no word that go knows" };
      block = first;
      continue;
    }
    const verb: string = block ?? first;
    const rest = block === undefined ? words.slice(1) : words;
    const bounds = Object.hasOwn(wordsOf, verb) ? wordsOf[verb] : undefined;
    if (bounds === undefined) return { line, message: "this line starts with no word that go knows" };
    if (rest.length < bounds[0] || rest.length > bounds[1])
      return { line, message: `${rest.length} words stand where ${bounds[0]} are wanted` };
    if (verb === "replace" && !rest.includes("=>")) return { line, message: "an arrow is wanted" };
    directives.push({ line, verb, words: rest });
  }
  return block === undefined ? { directives } : { line, message: "a block is not closed" };
}

function wordsIn(text: string): readonly string[] {
  const words = text.match(/"[^"]*"|`[^`]*`|[^\s"`]+/gu) ?? [];
  return words.map((word) => (/^["`]/u.test(word) ? word.slice(1, -1) : word));
}
