/** Where a TypeScript file's functions lie, how long they are and what they take. */
import type { Source } from "./source.ts";
import type { Token } from "./tokens.ts";

/** One function with a body in braces: a declaration, an expression, a method or an arrow function. */
export interface FunctionSpan {
  /** Its name, or what stands nearest before an anonymous one. */
  readonly name: string;
  /** Whether it stands behind `export` at the file's top. */
  readonly exported: boolean;
  /** The line it starts on, from 1. */
  readonly line: number;
  /** Lines from the name to the closing brace. */
  readonly lines: number;
  /** The tokens of each parameter, in order. */
  readonly parameters: readonly (readonly Token[])[];
  /** The tokens between the parameters and the body: a colon and the return type, or nothing. */
  readonly returns: readonly Token[];
  /** The tokens of the body, without its braces. */
  readonly body: readonly Token[];
}

const opening = new Map([
  ["(", ")"],
  ["{", "}"],
  ["[", "]"],
  ["${", "}"],
]);
const closing = new Set([")", "}", "]"]);
const statements = new Set([
  "async",
  "if",
  "for",
  "while",
  "switch",
  "catch",
  "with",
  "function",
  "return",
  "await",
  "import",
]);
const modifiers = new Set(["async", "static", "get", "set", "public", "private", "protected", "override", "*"]);
/** Before a brace in a type, one of these means that the brace still belongs to the type. */
const typeGoesOn = new Set([
  ":",
  "|",
  "&",
  "=>",
  ",",
  "<",
  "(",
  "[",
  "is",
  "extends",
  "keyof",
  "readonly",
  "infer",
  "?",
]);

/**
 * Reads a file's functions.
 *
 * @param source - the file, in tokens.
 * @returns each function that has a body in braces, outer ones before those within them. Arrow functions whose body is
 * an expression are left out: what is long in them is a function of its own.
 */
export function functionsOf(source: Source): readonly FunctionSpan[] {
  const { code } = source;
  const found: FunctionSpan[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const open = parametersAt(code, at);
    if (open === undefined) continue;
    const span = readFunction(code, { name: at, open });
    if (span !== undefined) found.push(span);
  }
  return found;
}

/** The index of the parameters' opening bracket when a function starts at `at`. */
function parametersAt(code: readonly Token[], at: number): number | undefined {
  const token = code[at];
  const before = code[at - 1]?.text ?? ";";
  if (token?.text === "function" && token.kind === "word") {
    let open = at + 1;
    while (code[open] !== undefined && code[open]?.text !== "(" && code[open]?.text !== "<") open += 1;
    return skipGenerics(code, open);
  }
  if (token?.kind === "word" && !statements.has(token.text)) {
    if (!["{", "}", ";", ","].includes(before) && !modifiers.has(before)) return undefined;
    if (before === "*" && code[at - 2]?.text === "function") return undefined;
    const open = skipGenerics(code, at + 1);
    return code[open]?.text === "(" ? open : undefined;
  }
  if (token?.text !== "(") return undefined;
  const close = matching(code, at);
  const after = code[close + 1]?.text;
  const arrow = after === "=>" || (after === ":" && arrowAfterType(code, close + 1));
  return arrow ? at : undefined;
}

/** Whether a type that starts with the colon at `at` is followed by an arrow. */
function arrowAfterType(code: readonly Token[], at: number): boolean {
  for (let index = at + 1; index < code.length; index += 1) {
    const token = code[index];
    if (token === undefined || [";", ")", "}", "]", ",", "=", "?"].includes(token.text)) return false;
    if (token.text === "=>") return true;
    if (opening.has(token.text)) index = matching(code, index);
  }
  return false;
}

function skipGenerics(code: readonly Token[], at: number): number {
  if (code[at]?.text !== "<") return at;
  let depth = 0;
  for (let index = at; index < code.length; index += 1) {
    const text = code[index]?.text ?? "";
    if (text === "<") depth += 1;
    else if (text === ">") depth -= 1;
    else if (text === ";") return at;
    if (depth === 0) return index + 1;
  }
  return at;
}

function readFunction(
  code: readonly Token[],
  { name, open }: { name: number; open: number },
): FunctionSpan | undefined {
  const close = matching(code, open);
  const body = bodyAfter(code, close);
  const first = code[name];
  if (body === undefined || first === undefined) return undefined;
  const end = matching(code, body);
  return {
    name: nameAt(code, name),
    exported: exportedAt(code, name),
    line: first.line,
    lines: (code[end]?.line ?? first.line) - first.line + 1,
    parameters: splitByComma(code.slice(open + 1, close)),
    returns: code.slice(close + 1, body),
    body: code.slice(body + 1, end),
  };
}

/** The index of the brace that opens the body behind the parameters that end at `close`. */
function bodyAfter(code: readonly Token[], close: number): number | undefined {
  const next = code[close + 1]?.text;
  if (next !== "{" && next !== ":" && next !== "=>") return undefined;
  for (let index = close + 1; index < code.length; index += 1) {
    const token = code[index];
    const before = code[index - 1]?.text ?? "";
    if (token === undefined || [";", "=", ")", "}", "]"].includes(token.text)) return undefined;
    if (token.text === "{" && (index === close + 1 || !typeGoesOn.has(before))) return index;
    if (token.text === "=>") {
      // An arrow in front of the body is the function's own; one that goes on as a type belongs to the return type.
      const following = code[index + 1]?.text;
      if (following === "{") return index + 1;
      if (next === "=>") return undefined;
    }
    if (opening.has(token.text)) index = matching(code, index);
  }
  return undefined;
}

function nameAt(code: readonly Token[], at: number): string {
  const token = code[at];
  if (token?.kind === "word" && token.text !== "function") return token.text;
  const next = code[at + 1]?.text === "*" ? code[at + 2] : code[at + 1];
  if (token?.text === "function" && next?.kind === "word") return next.text;
  for (let index = at - 1; index >= 0 && index > at - 6; index -= 1) {
    const before = code[index];
    if (before?.kind === "word" && !modifiers.has(before.text)) return before.text;
  }
  return "(anonymous)";
}

function exportedAt(code: readonly Token[], at: number): boolean {
  const before = code.slice(Math.max(0, at - 5), at).map((token) => token.text);
  const after = before.slice(Math.max(before.lastIndexOf(";"), before.lastIndexOf("}")) + 1);
  return after.includes("export");
}

function splitByComma(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let angles = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.text === "<") angles += 1;
    if (token.text === ">") angles -= 1;
    if (token.text === "," && angles === 0) {
      parts.push([]);
      continue;
    }
    const end = opening.has(token.text) ? matching(tokens, index) : index;
    parts.at(-1)?.push(...tokens.slice(index, end + 1));
    index = end;
  }
  return parts.filter((part) => part.length > 0);
}

/**
 * The index of the bracket that closes the one at `at`.
 *
 * @param code - tokens without comments.
 * @param at - the index of an opening bracket.
 * @returns the index of its partner, or of the last token when there is none.
 */
export function matching(code: readonly Token[], at: number): number {
  let depth = 0;
  for (let index = at; index < code.length; index += 1) {
    const token = code[index];
    if (token === undefined || token.kind !== "punctuation") continue;
    if (opening.has(token.text)) depth += 1;
    else if (closing.has(token.text)) depth -= 1;
    if (depth === 0) return index;
  }
  return code.length - 1;
}
