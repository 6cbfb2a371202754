/**
 * Reads one YAML file that a person wrote (an agent, a crew, a tool manifest; JSON is a part of YAML) into plain data, remembering where
 * each part stands, so that every later complaint can name file, line and column. Nothing is executed: no tags, no merge keys, a bound on size, depth and aliases.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from "yaml";
import { problemsPerFileMax, type Position, type Problem } from "./problem.ts";

/** Bytes of one file; the largest of the original had 12 KB, and the parser's cost grows with it. */
export const fileBytesMax = 262_144;
/** Aliases in one file; no honest file had one, and a bomb needs dozens. */
export const aliasesMax = 32;
/** Nesting of one file; the deepest honest field stands at 9. */
export const depthMax = 32;

/** A file read as data. `value` is undefined when it could not be read at all. */
export interface YamlSource {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value at `path` stands; the nearest ancestor that exists when it does not. */
  locate(path: readonly PropertyKey[]): Position;
  /** Where the key itself stands that leads to the value at `path`. */
  locateKey(path: readonly PropertyKey[]): Position;
  /** Where character `offset` of the text at `path` stands, as far as the way it is quoted allows. */
  locateInText(path: readonly PropertyKey[], offset: number): Position;
}

/**
 * Reads a file's bytes.
 * @returns the data with its positions; problems instead of data when the bytes are no safe YAML
 */
export function readYaml(bytes: Uint8Array, options: { readonly file: string }): YamlSource {
  const { file } = options;
  const start: Position = { file, line: 1, column: 1 };
  if (bytes.byteLength > fileBytesMax) {
    return unreadable({
      file,
      problem: {
        at: start,
        message: `Cannot read the file: it has ${bytes.byteLength} bytes, at most ${fileBytesMax} are allowed`,
      },
    });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unreadable({
      file,
      problem: { at: invalidUtf8At(bytes, file), message: "Cannot read the file: it is not valid UTF-8" },
    });
  }
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    return unreadable({
      file,
      problem: {
        at: { ...start, ...deep },
        message: `Cannot read the file: brackets are nested more than ${depthMax} deep`,
      },
    });
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      merge: false,
      version: "1.2",
    });
    return located({ file, text, document, lines });
  } catch (error) {
    // The parser recurses; what its stack cannot hold is refused like any other file.
    const reason =
      error instanceof RangeError
        ? "it is nested too deep"
        : error instanceof Error
          ? error.message
          : "the parser gave up";
    return unreadable({ file, problem: { at: start, message: `Cannot read the file: ${reason}` } });
  }
}

interface Parsed {
  readonly file: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

function located(parsed: Parsed): YamlSource {
  const { file, text, document, lines } = parsed;
  const at = (offset: number): Position => {
    const found = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(1, found.line), column: Math.max(1, found.col) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings]
    .slice(0, problemsPerFileMax)
    .map((error) => ({ at: at(error.pos[0]), message: `Cannot read YAML: ${sentence(error.message)}` }));
  problems.push(...structureProblems(document, at));
  let value: unknown;
  if (problems.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: aliasesMax });
    } catch (error) {
      problems.push({
        at: at(0),
        message: `Cannot read YAML: ${error instanceof Error ? sentence(error.message) : "its aliases cannot be resolved"}`,
      });
    }
  }
  const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;
  return {
    file,
    text,
    value,
    problems,
    locate: (path) => at(startOf(nodeAt(document, path).node)),
    locateKey: (path) => {
      const { node, key } = nodeAt(document, path);
      return at(startOf(key ?? node));
    },
    locateInText: (path, offset) => {
      const { node } = nodeAt(document, path);
      if (!isScalar(node) || typeof node.value !== "string" || node.range === undefined || node.range === null)
        return at(startOf(node));
      // A text that stands in the file as it is (plain, or quoted without escapes) can be pointed into; another cannot.
      const inside = text.slice(node.range[0], node.range[1]).indexOf(node.value.trimEnd());
      return at(node.range[0] + (inside < 0 ? 0 : inside + offset));
    },
  };
}

function structureProblems(document: Document, at: (offset: number) => Position): readonly Problem[] {
  const problems: Problem[] = [];
  let aliases = 0;
  visit(document, (_key, node, ancestors) => {
    if (ancestors.length > depthMax * 2) {
      problems.push({ at: at(offsetOf(node)), message: `Cannot read YAML: it is nested more than ${depthMax} deep` });
      return visit.BREAK;
    }
    if (isAlias(node)) aliases += 1;
    if (aliases > aliasesMax) {
      problems.push({ at: at(offsetOf(node)), message: `Cannot read YAML: it has more than ${aliasesMax} aliases` });
      return visit.BREAK;
    }
    return undefined;
  });
  return problems;
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isAlias(node) || isMap(node) || isSeq(node) ? (node.range?.[0] ?? 0) : 0;
}

function nodeAt(
  document: Document,
  path: readonly PropertyKey[],
): { readonly node: Node | null; readonly key: Node | null } {
  let node: Node | null = document.contents;
  let key: Node | null = null;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) break;
      key = isScalar(pair.key) ? pair.key : null;
      const value: unknown = pair.value;
      // A key without a value stands for itself.
      node = isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : key;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (!(isScalar(item) || isMap(item) || isSeq(item) || isAlias(item))) break;
      node = item;
      key = null;
    } else break;
  }
  return { node, key };
}

// Flow brackets are what a small file can nest by the hundred thousand; block nesting costs a column each.
function tooDeepAt(text: string): { readonly line: number; readonly column: number } | undefined {
  let depth = 0;
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\n") {
      line += 1;
      lineStart = index + 1;
    } else if (character === "[" || character === "{") depth += 1;
    else if ((character === "]" || character === "}") && depth > 0) depth -= 1;
    if (depth > depthMax) return { line, column: index - lineStart + 1 };
  }
  return undefined;
}

function invalidUtf8At(bytes: Uint8Array, file: string): Position {
  const lenient = new TextDecoder("utf-8").decode(bytes);
  const before = lenient.slice(0, Math.max(0, lenient.indexOf("\uFFFD")));
  const lastBreak = before.lastIndexOf("\n");
  return { file, line: before.split("\n").length, column: before.length - lastBreak };
}

function unreadable({ file, problem }: { readonly file: string; readonly problem: Problem }): YamlSource {
  const nowhere = (): Position => ({ file, line: 1, column: 1 });
  return {
    file,
    text: "",
    value: undefined,
    problems: [problem],
    locate: nowhere,
    locateKey: nowhere,
    locateInText: nowhere,
  };
}

function sentence(message: string): string {
  const plain = message.replaceAll(/\s+/gu, " ").trim();
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}
