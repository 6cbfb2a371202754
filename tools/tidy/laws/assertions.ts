/** Where a type may be asserted: in codecs, which have just looked, and in tests. */
import { isProduct, isTest, sourceLaw, type Law } from "../law.ts";
import type { Source } from "../source.ts";
import { matching } from "../functions.ts";

/** A file whose work is to turn bytes, text or unknown values into typed ones. */
const codec = /(^|[/-])(codec|decode|encode|parse|read|row|schema|wire|ids)[^/]*(\/|\.ts$)/;

/** `as` stands in codecs and tests only; `as const` and renamings assert nothing. */
export const assertionsInCodecsOnly: Law = sourceLaw("a type is asserted with `as` in codecs and tests only", {
  planted: ["const log = value as Log;", "const log = open() as unknown as Log;", "return rows[0] as Row;"].map(
    (text) => ({
      path: "packages/store/src/machine.ts",
      text,
    }),
  ),
  find: (source) =>
    !isProduct(source.path) || isTest(source.path) || codec.test(source.path) ? [] : assertions(source),
});

function assertions(source: Source): readonly string[] {
  const renaming = new Set<number>();
  source.code.forEach(({ text }, index) => {
    const next = source.code[index + 1]?.text;
    const opening = text === "import" || text === "export" ? (next === "type" ? index + 2 : index + 1) : -1;
    const at = source.code[opening]?.text === "*" ? opening + 1 : opening;
    const end = source.code[at]?.text === "{" ? matching(source.code, at) : at;
    for (let inside = Math.max(at, 0); at >= 0 && inside <= end; inside += 1) renaming.add(inside);
  });
  return source.code.flatMap(({ kind, text, line }, index) => {
    if (kind !== "word" || text !== "as" || renaming.has(index)) return [];
    const before = source.code[index - 1];
    const value = before?.kind !== "punctuation" || [")", "]", "}", "`"].includes(before.text);
    const next = source.code[index + 1];
    const asserts =
      value && next !== undefined && next.text !== "const" && ![":", "=", ",", ")", ".", ";"].includes(next.text);
    return asserts && before?.text !== "." ? [`${line}: as ${next.text}`] : [];
  });
}
