/** No file imports itself, however far round: what needs each other is one thing and belongs together. */
import { importsOf, resolveRelative } from "../imports.ts";
import type { Law } from "../law.ts";

/** Files import each other in one direction only, type imports included. */
export const noCycles: Law = {
  rule: "no file imports itself, directly or through others",
  planted: [
    [
      { path: "packages/store/src/a.ts", text: 'import { b } from "./b.ts";' },
      { path: "packages/store/src/b.ts", text: 'import { c } from "./deep/c.ts";' },
      { path: "packages/store/src/deep/c.ts", text: 'import type { a } from "../a.ts";' },
    ],
    [{ path: "tools/a.ts", text: 'export { a } from "./a.ts";' }],
  ],
  broken: ({ sources }) => {
    const graph = new Map(
      sources.map((source) => [
        source.path,
        importsOf(source).flatMap(({ specifier }) => resolveRelative(source.path, specifier) ?? []),
      ]),
    );
    const settled = new Set<string>();
    return [...graph.keys()].flatMap((path) => cycleFrom(path, { graph, settled, trail: [] }));
  },
};

interface Walk {
  readonly graph: ReadonlyMap<string, readonly string[]>;
  /** Files from which no unreported cycle can be reached. */
  readonly settled: Set<string>;
  readonly trail: readonly string[];
}

function cycleFrom(path: string, walk: Walk): readonly string[] {
  const seen = walk.trail.indexOf(path);
  if (seen >= 0) return [`${path}:1: ${[...walk.trail.slice(seen), path].join(" -> ")}`];
  if (walk.settled.has(path)) return [];
  const found = (walk.graph.get(path) ?? []).flatMap((next) =>
    cycleFrom(next, { ...walk, trail: [...walk.trail, path] }),
  );
  walk.settled.add(path);
  return found;
}
