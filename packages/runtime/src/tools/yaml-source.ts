/**
 * Reads a manifest's bytes (YAML 1.2, of which JSON is a part) into plain data, remembering where each part stands.
 * Nothing in it is executed: no custom tags, no merge keys, a bound on size, nesting and aliases.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from "yaml";
import type { ManifestProblem } from "./problem.ts";

/** Bytes of one manifest; the longest of the original had 3 KB. */
export const manifestBytesMax = 262_144;
/** Aliases in one manifest; no honest one has any, and a bomb needs dozens. */
const aliasesMax = 16;
/** Nesting of one manifest; the deepest honest field stands at 7. */
const depthMax = 32;

/** A manifest as data, with the place of each of its parts. `value` is undefined when it could not be read. */
export interface ManifestSource {
  readonly value: unknown;
  readonly problems: readonly ManifestProblem[];
  /** A problem at the value that stands at `path`, or at its nearest ancestor that exists. */
  problemAt(path: readonly PropertyKey[], message: string): ManifestProblem;
}

/**
 * Reads one manifest.
 * @param bytes - the file as it is
 * @param options - the name to complain under
 * @returns its data with positions, or only problems
 */
export function readManifestSource(bytes: Uint8Array, options: { readonly file: string }): ManifestSource {
  const { file } = options;
  if (bytes.byteLength > manifestBytesMax) {
    return unreadable(
      file,
      `Cannot read the manifest: it has ${bytes.byteLength} bytes, at most ${manifestBytesMax} are allowed`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unreadable(file, "Cannot read the manifest: it is not valid UTF-8");
  }
  if (bracketDepth(text) > depthMax)
    return unreadable(file, `Cannot read the manifest: brackets are nested more than ${depthMax} deep`);
  const lines = new LineCounter();
  const at = (offset: number, message: string): ManifestProblem => {
    const found = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(1, found.line), column: Math.max(1, found.col), message };
  };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      stringKeys: true,
      merge: false,
      version: "1.2",
    });
    const problems = [...document.errors, ...document.warnings].map((error) =>
      at(error.pos[0], `Cannot read YAML: ${plainReason(error.message)}`),
    );
    const bomb = problems.length === 0 ? structureProblem(document) : undefined;
    if (bomb !== undefined) problems.push(at(bomb.offset, bomb.message));
    const value: unknown = problems.length === 0 ? document.toJS({ maxAliasCount: aliasesMax }) : undefined;
    return { value, problems, problemAt: (path, message) => at(offsetAt(document, path), message) };
  } catch (error) {
    // The parser recurses and resolves aliases late; what it cannot hold is refused like any other file.
    return unreadable(
      file,
      `Cannot read the manifest: ${error instanceof Error ? plainReason(error.message) : "the parser gave up"}`,
    );
  }
}

function unreadable(file: string, message: string): ManifestSource {
  const problem = (text: string): ManifestProblem => ({ file, line: 1, column: 1, message: text });
  return { value: undefined, problems: [problem(message)], problemAt: (_path, text) => problem(text) };
}

function structureProblem(document: Document): { readonly offset: number; readonly message: string } | undefined {
  let aliases = 0;
  let found: { readonly offset: number; readonly message: string } | undefined;
  visit(document, (_key, node, ancestors) => {
    const offset = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
    if (isAlias(node)) aliases += 1;
    if (aliases > aliasesMax)
      found = { offset, message: `Cannot read the manifest: it has more than ${aliasesMax} aliases` };
    else if (ancestors.length > depthMax * 2)
      found = { offset, message: `Cannot read the manifest: it is nested more than ${depthMax} deep` };
    return found === undefined ? undefined : visit.BREAK;
  });
  return found;
}

function offsetAt(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) return offset;
      // A key leads to its value; pointing at the key shows the reader the name that the message speaks of.
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = rangeStart(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

// Flow brackets are what a small file can nest by the hundred thousand; block nesting costs a column each.
function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if ((character === "]" || character === "}") && depth > 0) depth -= 1;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

function plainReason(message: string): string {
  const plain = message.replaceAll(/\s+/gu, " ").trim();
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}
