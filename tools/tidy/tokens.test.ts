import { expect, test } from "vitest";
import { tokenize } from "./tokens.ts";

function kinds(source: string): readonly string[] {
  return tokenize(source).map(({ kind, text }) => `${kind} ${text}`);
}

const table: readonly (readonly [string, string, readonly string[]])[] = [
  ["words and numbers", "const a1 = 0x1f;", ["word const", "word a1", "punctuation =", "number 0x1f", "punctuation ;"]],
  ["a comment in a string", '"// no"', ['string "// no"']],
  ["a quote in a comment", "// isn't\na", ["comment // isn't", "word a"]],
  ["an escaped quote", String.raw`'it\'s' b`, [String.raw`string 'it\'s'`, "word b"]],
  ["a block comment over lines", "/* a\n b */ c", ["comment /* a\n b */", "word c"]],
  ["a division", "a / b / c", ["word a", "punctuation /", "word b", "punctuation /", "word c"]],
  ["a regular expression", 'x = /["/]+/g;', ["word x", "punctuation =", 'regex /["/]+/g', "punctuation ;"]],
  ["a regular expression after a word", "return /a/", ["word return", "regex /a/"]],
  ["a division after a bracket", "(a) / 2", ["punctuation (", "word a", "punctuation )", "punctuation /", "number 2"]],
  ["a plain template", "`a /* b`", ["punctuation `", "text a /* b", "punctuation `"]],
  [
    "a template with holes",
    "`a${{ b: `c${d}` }}e`",
    (
      "punctuation `|text a|punctuation ${|punctuation {|word b|punctuation :|" +
      "punctuation `|text c|punctuation ${|word d|punctuation }|punctuation `|" +
      "punctuation }|punctuation }|text e|punctuation `"
    ).split("|"),
  ],
  ["a dollar that opens nothing", "`$5`", ["punctuation `", "text $5", "punctuation `"]],
  [
    "arrows and chains",
    "a?.b ?? c => d",
    ["word a", "punctuation ?.", "word b", "punctuation ??", "word c", "punctuation =>", "word d"],
  ],
];

test.each(table)("tokenizer reads %s", (_name, source, wanted) => {
  expect(kinds(source)).toEqual(wanted);
});

test("tokenizer counts lines when tokens span several", () => {
  const lines = tokenize("a\n/* b\n c */ d\n`e\n${f}`\ng").map(({ text, line }) => [text, line]);
  expect(lines).toContainEqual(["d", 3]);
  expect(lines).toContainEqual(["f", 5]);
  expect(lines).toContainEqual(["g", 6]);
});

test.each(["`open ${a", '"open', "/* open", "a } ] )", "\u0000"])(
  "tokenizer ends when the source is broken: %j",
  (source) => {
    expect(tokenize(source).length).toBeGreaterThan(0);
  },
);
