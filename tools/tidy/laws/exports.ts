/** What a package shows: few names, each documented, each named once in `src/index.ts`. */
import { exportsOf } from "../exports.ts";
import { functionsOf, type FunctionSpan } from "../functions.ts";
import { importsOf, resolveRelative } from "../imports.ts";
import { isTest, packageOf, sourceLaw, type Law } from "../law.ts";
import type { TextFile } from "../source.ts";
import type { Token } from "../tokens.ts";

/** Each exported declaration has a docstring right before it. */
export const exportsAreDocumented: Law = sourceLaw("each export is documented", {
  planted: [
    plant("export function append(): void {}"),
    plant("// Not a docstring.\nexport const entriesMax = 1;"),
    plant("/** The log. */\n\nexport interface Log {}\nexport type Position = number;"),
    plant("/** Written by hand. */\nconst a = 1;\nexport class Vault {}"),
  ],
  find: (source) =>
    isTest(source.path)
      ? []
      : exportsOf(source)
          .filter((found) => found.kind === "declaration" && found.docstring === undefined)
          .map((found) => `${found.line}: ${found.name} is exported without a docstring`),
});

/** A docstring says what comes back, and under which condition something is thrown. */
export const docstringsAreWhole: Law = sourceLaw("a documented function says @returns, and @throws when it throws", {
  planted: [
    plant("/** The head. */\nexport function head(): number {\n  return 1;\n}"),
    plant("/**\n * Appends.\n */\nexport function append(): void {\n  throw new Error();\n}"),
  ],
  find: (source) => {
    if (isTest(source.path)) return [];
    const documented = new Map(exportsOf(source).map((found) => [found.name, found.docstring ?? ""]));
    return functionsOf(source).flatMap((span) => {
      const docstring = span.exported ? documented.get(span.name) : undefined;
      if (docstring === undefined) return [];
      const type = span.returns.map((token) => token.text).join("");
      const silent = /^(:(void|never|Promise<void>|Promise<never>|asserts.*))?(=>)?$/.test(type);
      const throws = ownBody(span).some((token) => token.kind === "word" && token.text === "throw");
      return [
        ...(silent || docstring.includes("@returns") ? [] : [`${span.line}: ${span.name} says no @returns`]),
        ...(!throws || docstring.includes("@throws") ? [] : [`${span.line}: ${span.name} says no @throws`]),
      ];
    });
  },
});

/** No `export *`, which shows what nobody decided to show. */
export const noStarExports: Law = sourceLaw("each export is named: no export *", {
  planted: [plant('export * from "./log.ts";'), plant('export * as log from "./log.ts";')],
  find: (source) =>
    importsOf(source)
      .filter((found) => found.star)
      .map((found) => `${found.line}: exports * from ${found.specifier}`),
});

/** `src/index.ts` is the only file that passes on what other files declare. */
export const noBarrels: Law = sourceLaw("src/index.ts is the only barrel", {
  planted: [
    { path: "packages/store/src/backends/index.ts", text: "export const a = 1;" },
    { path: "packages/store/src/backends.ts", text: 'export { open } from "./backends/sqlite.ts";' },
  ],
  find: (source) => {
    if (/^packages\/[^/]+\/src\/index\.ts$/.test(source.path)) return [];
    if (/(^|\/)index\.ts$/.test(source.path)) return ["1: is called index.ts"];
    return importsOf(source)
      .filter((found) => found.reexport)
      .map((found) => `${found.line}: passes on ${found.specifier}`);
  },
});

/** A package never looks at itself from outside. */
export const nobodyImportsTheirIndex: Law = sourceLaw("nothing in a package imports its own index", {
  planted: [
    { path: "packages/store/src/log.ts", text: 'import { open } from "./index.ts";' },
    { path: "packages/store/src/deep/log.ts", text: 'import type { Log } from "../index.ts";' },
    { path: "packages/store/src/log.ts", text: 'import { open } from "@toka/store";' },
  ],
  find: (source) => {
    const home = packageOf(source.path);
    if (home === undefined || !source.path.startsWith(`packages/${home}/src/`)) return [];
    return importsOf(source)
      .filter(
        ({ specifier }) =>
          specifier === `@toka/${home}` || resolveRelative(source.path, specifier) === `packages/${home}/src/index.ts`,
      )
      .map(({ specifier, line }) => `${line}: imports ${specifier}`);
  },
});

/** A function's body without the functions in it: what those throw is thrown when they are called. */
function ownBody(span: FunctionSpan): readonly Token[] {
  const inner = new Set(functionsOf({ path: "", text: "", tokens: [], code: span.body }).flatMap(({ body }) => body));
  return span.body.filter((token) => !inner.has(token));
}

function plant(text: string): TextFile {
  return { path: "packages/store/src/log.ts", text };
}
