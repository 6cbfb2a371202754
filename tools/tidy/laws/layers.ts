/**
 * Who may import whom: the table of docs/architecture.md, type imports included, because a type that points upwards
 * is how a layer starts to know what stands on it.
 */
import { builtinModules } from "node:module";
import { importsOf, resolveRelative, type Import } from "../imports.ts";
import { isProduct, packageOf, sourceLaw, type Law } from "../law.ts";
import type { Source, TextFile } from "../source.ts";

/** What one package may import; `types` are packages of which it may see types only, and `values` beside those. */
interface Layer {
  readonly packages: readonly string[];
  readonly types: readonly string[];
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

/** Reading what a person wrote: bytes in, data or problems out. Source: docs/decisions/0015-one-reader-of-files.md. */
const reader = ["arrangeProblems", "fileBytesMax", "readYaml", "SourceFailure", "suggestion"];

const layers: Readonly<Record<string, Layer>> = {
  kernel: { packages: [], types: [] },
  store: { packages: ["kernel"], types: [] },
  runtime: { packages: ["kernel"], types: [] },
  agent: { packages: ["kernel"], types: ["runtime"], values: { runtime: reader } },
  service: { packages: ["kernel", "store", "runtime", "agent"], types: [] },
  cli: { packages: ["service"], types: ["kernel", "store", "runtime", "agent"] },
};

const platform = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);

/** `packages/NAME/src` imports what the table of the architecture allows, and nothing else of ours. */
export const importsByLayer: Law = sourceLaw("packages import by layer, type imports included", {
  planted: [
    plant("kernel", 'import { readFileSync } from "node:fs";'),
    plant("kernel", 'import type { Log } from "@toka/store";'),
    plant("kernel", 'import { z } from "zod";'),
    plant("store", 'export type { Agent } from "@toka/agent";'),
    plant("runtime", 'const store = await import("@toka/store");'),
    plant("agent", 'import { runTool } from "@toka/runtime";'),
    plant("agent", 'import { type Message, runTool } from "@toka/runtime";'),
    plant("agent", 'import { readYaml, runTool } from "@toka/runtime";'),
    plant("agent", 'import * as runtime from "@toka/runtime";'),
    plant("service", 'import type { Command } from "@toka/cli";'),
    plant("cli", 'import { openVault } from "@toka/store";'),
    plant("store", 'import { decide } from "../../kernel/src/decide.ts";'),
    plant("store", 'import { encode } from "@toka/kernel/src/codec.ts";'),
    plant("nameless", 'import { decide } from "@toka/kernel";'),
  ],
  find: (source) => (isProduct(source.path) ? importsOf(source).flatMap((found) => judge(source, found)) : []),
});

/** A test reaches its own package's insides by relative paths, and other packages by their names only. */
export const testsStayAtHome: Law = sourceLaw("a relative import stays within its package", {
  planted: [
    { path: "packages/store/test/log.test.ts", text: 'import { decide } from "../../kernel/src/decide.ts";' },
    { path: "packages/store/src/log.ts", text: 'import { sum } from "../../../tools/gate/tally.ts";' },
  ],
  find: (source) => {
    const home = packageOf(source.path);
    if (home === undefined) return [];
    return importsOf(source).flatMap(({ specifier, line }) => {
      const target = resolveRelative(source.path, specifier);
      return target === undefined || target.startsWith(`packages/${home}/`) ? [] : [`${line}: imports ${target}`];
    });
  },
});

function plant(name: string, text: string): TextFile {
  return { path: `packages/${name}/src/planted.ts`, text };
}

function judge(source: Source, found: Import): readonly string[] {
  const home = packageOf(source.path) ?? "";
  const layer = layers[home];
  const where = `${found.line}: ${home}`;
  if (layer === undefined) return [`${where} is not in the table of layers`];
  const { specifier } = found;
  if (specifier.startsWith(".")) return judgeRelative(source, found);
  const ours = /^@toka\/([^/]+)(\/.*)?$/.exec(specifier);
  if (ours === null) return home === "kernel" ? [`${where} imports ${specifier}, wanted nothing`] : [];
  const [, target = "", inside] = ours;
  if (inside !== undefined) return [`${where} imports ${specifier}, wanted @toka/${target}`];
  if (layer.packages.includes(target)) return [];
  if (!layer.types.includes(target)) return [`${where} imports ${specifier}, which stands above or beside it`];
  const beyond = found.values.filter((name) => !(layer.values?.[target] ?? []).includes(name));
  return beyond.length === 0 ? [] : [`${where} imports more than types from ${specifier}: ${beyond.join(", ")}`];
}

function judgeRelative(source: Source, found: Import): readonly string[] {
  const target = resolveRelative(source.path, found.specifier) ?? "";
  const home = packageOf(source.path) ?? "";
  return target.startsWith(`packages/${home}/src/`) || target === `packages/${home}/package.json`
    ? []
    : [`${found.line}: imports ${target}, which lies outside its sources`];
}

/** Node's own modules are named with `node:`, so that no package can pass for one. */
export const platformByName: Law = sourceLaw("Node's own modules are imported as node:NAME", {
  planted: [plant("store", 'import { readFileSync } from "fs";')],
  find: (source) =>
    importsOf(source)
      .filter(({ specifier }) => platform.has(specifier) && !specifier.startsWith("node:"))
      .map(({ specifier, line }) => `${line}: imports ${specifier}, wanted node:${specifier}`),
});
