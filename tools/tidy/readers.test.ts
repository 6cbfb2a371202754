import { expect, test } from "vitest";
import { exportsOf } from "./exports.ts";
import { functionsOf } from "./functions.ts";
import { importsOf } from "./imports.ts";
import { readSource, type Source } from "./source.ts";

function source(text: string): Source {
  return readSource({ path: "packages/store/src/log.ts", text });
}

const imports: readonly (readonly [string, string])[] = [
  ['import { a } from "./a.ts";', "./a.ts"],
  ['import type { A } from "./a.ts";', "./a.ts types"],
  ['import a, { b } from "./a.ts";', "./a.ts"],
  ['import type, { b } from "./a.ts";', "./a.ts"],
  ['import type from "./a.ts";', "./a.ts"],
  ['import "./a.ts";', "./a.ts"],
  ['import * as a from "./a.ts";', "./a.ts"],
  ['export { a } from "./a.ts";', "./a.ts again"],
  ['export type { A } from "./a.ts";', "./a.ts types again"],
  ['export * from "./a.ts";', "./a.ts again star"],
  ['const a = await import("./a.ts");', "./a.ts"],
  ['type A = import("./a.ts").A;', "./a.ts"],
];

test.each(imports)("reader finds the import in %s", (text, wanted) => {
  const [found, ...more] = importsOf(source(text)).map(({ specifier, typeOnly, reexport, star }) =>
    [specifier, typeOnly ? "types" : "", reexport ? "again" : "", star ? "star" : ""].filter(Boolean).join(" "),
  );
  expect(more).toEqual([]);
  expect(found).toBe(wanted);
});

test.each([
  ['import { a, type B, c as d } from "./a.ts";', ["a", "c"]],
  ['import { type, type as b, type C as D } from "./a.ts";', ["type", "type"]],
  ['import { type A } from "./a.ts";', []],
  ['import type { A } from "./a.ts";', []],
  ['import a, { b } from "./a.ts";', ["*"]],
  ['import * as a from "./a.ts";', ["*"]],
  ['import "./a.ts";', ["*"]],
  ['export { a, type B } from "./a.ts";', ["a"]],
  ['export * from "./a.ts";', ["*"]],
  ['const a = await import("./a.ts");', ["*"]],
])("reader finds the values that come in by %s", (text, wanted) => {
  expect(importsOf(source(text)).map(({ values }) => values)).toEqual([wanted]);
});

test.each([
  'export const a = "./a.ts";',
  "import.meta.url;",
  "export { a };",
  '// import "./a.ts"',
  'log.import("./a.ts");',
])("reader finds no import in %s", (text) => {
  expect(importsOf(source(text))).toEqual([]);
});

const functions: readonly (readonly [string, readonly string[]])[] = [
  ["export function a(b: B, c: Map<D, E>): void {\n}", ["export a/2 2"]],
  ["export async function* a<T extends { b: C }>(b: T): AsyncIterable<T> {\n  c();\n}", ["export a/1 3"]],
  ["function a(): { b: number } {\n}", ["a/0 2"]],
  ["function a(b: string): b is `x${string}` {\n}", ["a/1 2"]],
  ["export const a = async (b: B): Promise<{ c: C }> => {\n};", ["export a/1 2"]],
  ["const a = (b: B): C => ({ d: b });", []],
  ["class A {\n  async b(c: C): Promise<void> {\n  }\n  get d(): E {\n    return 1;\n  }\n}", ["b/1 2", "d/0 3"]],
  ["interface A {\n  b(c: C): { d: D };\n  e(): void;\n}", []],
  ["if (a(b)) {\n}\nfor (const c of d) {\n}\nwhile (e) {\n}\nswitch (f) {\n}", []],
  ["function a(): void {\n  b(() => {\n    c();\n  });\n}", ["a/0 5", "b/0 3"]],
  ["function a({ b, c }: D, e = (f: G) => f): void {\n}", ["a/2 2"]],
];

test.each(functions)("reader finds the functions in %j", (text, wanted) => {
  const found = functionsOf(source(text)).map(
    ({ exported, name, parameters, lines }) => `${exported ? "export " : ""}${name}/${parameters.length} ${lines}`,
  );
  expect(found).toEqual(wanted);
});

test("reader finds exports with their docstrings when declared, listed and nested", () => {
  const text = [
    "/** One. */",
    "export const one = { export: 1 };",
    "export type Two = { readonly a: string };",
    "/** Three. */",
    "export abstract class Three {}",
    'export { four, type Five, six as seven } from "./four.ts";',
    "/** Eight. */",
    "export async function eight(): Promise<void> {}",
  ].join("\n");
  expect(exportsOf(source(text)).map(({ name, docstring }) => [name, docstring])).toEqual([
    ["one", "/** One. */"],
    ["Two", undefined],
    ["Three", "/** Three. */"],
    ["four", undefined],
    ["Five", undefined],
    ["seven", undefined],
    ["eight", "/** Eight. */"],
  ]);
});
