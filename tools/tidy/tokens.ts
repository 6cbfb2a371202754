/**
 * Reads TypeScript into tokens: words, numbers, strings, regular expressions, punctuation and comments.
 *
 * The compiler has no interface for this any more, and the laws need little: where code ends and text begins. What a
 * template holds between `${` and `}` is code and is read as such. JSX is not read.
 */

/** What a token is. `text` is a piece of a template that is not code. */
export type TokenKind = "word" | "number" | "string" | "text" | "regex" | "punctuation" | "comment";

/** One token with its exact text and the line it starts on, from 1. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
}

/** After these words a slash starts a regular expression; after any other word it divides. */
const wordsBeforeRegex = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "delete",
  "void",
  "throw",
  "new",
  "else",
  "do",
  "await",
  "yield",
]);

const word = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\.?\d[\w.]*/y;
const space = /\s+/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const punctuation = /=>|\.\.\.|\?\.(?!\d)|\?\?=?|\*\*=?|&&=?|\|\|=?|[=!]==?|<=|[-+*/%&|^]=|\+\+|--|[\s\S]/y;
const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

interface Cursor {
  readonly source: string;
  readonly tokens: Token[];
  at: number;
  line: number;
}

/**
 * Reads a whole source.
 *
 * @param source - the text of a TypeScript file.
 * @returns its tokens in order, comments included, white space left out. Text that is not TypeScript is read as far as
 * it goes: the compiler is who refuses it.
 */
export function tokenize(source: string): readonly Token[] {
  const cursor: Cursor = { source, tokens: [], at: 0, line: 1 };
  if (source.startsWith("#!")) skip(cursor, /#![^\n]*/y);
  readCode(cursor, { untilBrace: false });
  return cursor.tokens;
}

/** Reads code to the end, or to the brace that closes a template's hole. */
function readCode(cursor: Cursor, { untilBrace }: { untilBrace: boolean }): void {
  let depth = 0;
  while (cursor.at < cursor.source.length) {
    if (skip(cursor, space)) continue;
    if (take(cursor, lineComment, "comment") || take(cursor, blockComment, "comment")) continue;
    if (take(cursor, word, "word") || take(cursor, number, "number") || take(cursor, quoted, "string")) continue;
    const character = cursor.source[cursor.at];
    if (character === "`") {
      readTemplate(cursor);
      continue;
    }
    if (character === "/" && regexMayStart(cursor.tokens) && take(cursor, regex, "regex")) continue;
    if (character === "{") depth += 1;
    if (character === "}" && depth === 0 && untilBrace) return;
    if (character === "}") depth -= 1;
    take(cursor, punctuation, "punctuation");
  }
}

function readTemplate(cursor: Cursor): void {
  push(cursor, { kind: "punctuation", text: "`" });
  while (cursor.at < cursor.source.length) {
    take(cursor, templateText, "text");
    if (cursor.source[cursor.at] !== "$") break;
    push(cursor, { kind: "punctuation", text: "${" });
    readCode(cursor, { untilBrace: true });
    push(cursor, { kind: "punctuation", text: "}" });
  }
  push(cursor, { kind: "punctuation", text: "`" });
}

function regexMayStart(tokens: readonly Token[]): boolean {
  const before = tokens.findLast((token) => token.kind !== "comment");
  if (before === undefined) return true;
  if (before.kind === "word") return wordsBeforeRegex.has(before.text);
  return before.kind === "punctuation" && ![")", "]", "}", "`", "++", "--", "!"].includes(before.text);
}

function take(cursor: Cursor, pattern: RegExp, kind: TokenKind): boolean {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.source)?.[0] ?? "";
  if (text === "") return false;
  push(cursor, { kind, text });
  return true;
}

function skip(cursor: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.source)?.[0] ?? "";
  advance(cursor, text);
  return text !== "";
}

function push(cursor: Cursor, { kind, text }: { kind: TokenKind; text: string }): void {
  cursor.tokens.push({ kind, text, line: cursor.line });
  advance(cursor, text);
}

function advance(cursor: Cursor, text: string): void {
  cursor.at += text.length;
  for (const character of text) if (character === "\n") cursor.line += 1;
}
