/** How many names each package shows: a number that may only grow on purpose. */
import { exportsOf } from "../exports.ts";
import type { Law } from "../law.ts";

/** The most names each `src/index.ts` shows. Who needs more raises the number here, and says why in the commit. */
const namesMax: Readonly<Record<string, number>> = {
  kernel: 295,
  store: 43,
  runtime: 60,
  agent: 60,
  service: 51,
  cli: 5,
};

/** A package shows few names. */
export const fewPublicNames: Law = {
  rule: "each package shows no more names than its recorded bound",
  planted: [
    [
      {
        path: "packages/cli/src/index.ts",
        text: Array.from({ length: 6 }, (_, index) => `export { name${index} } from "./a.ts";`).join("\n"),
      },
    ],
    [{ path: "packages/nameless/src/index.ts", text: "export const a = 1;" }],
  ],
  broken: ({ sources }) =>
    sources.flatMap((source) => {
      const name = /^packages\/([^/]+)\/src\/index\.ts$/.exec(source.path)?.[1];
      if (name === undefined) return [];
      const shown = exportsOf(source).length;
      const most = namesMax[name] ?? 0;
      return shown > most ? [`${source.path}:1: shows ${shown} names, wanted ${most} at most`] : [];
    }),
};
