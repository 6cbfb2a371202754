/** The repository stands alone: nothing in it names a folder beside it or a machine it was made on. */
import type { Law } from "../law.ts";

/** Spelt apart, so that this file does not break its own law. */
const outside: readonly (readonly [string, RegExp])[] = [
  ["a folder beside the repository", new RegExp(["\\.\\.", "shared\\b"].join("/"))],
  ["a folder beside the repository", new RegExp(["\\.\\.", "(seeds|reference)", ""].join("/"))],
  ["a library of the makers", new RegExp(`(^|[^\\w])\\.lib${"rary"}\\b`)],
  ["the makers' folder", new RegExp(`(?<![\\w.}\\]*)-])/wo${"rk"}/(main|shared)`)],
  ["a number of the makers' tracker", /\bissue(s)? #?\d+\b/i],
  ["the makers' notes", new RegExp(["/tmp", "briefs"].join("/"))],
];

/** No file names what only its makers' machines have. */
export const nothingOutside: Law = {
  rule: "nothing names a folder outside the repository or its makers' machines",
  planted: [
    ["see", ["..", "shared", "design.md"].join("/")].join(" "),
    [`"${""}`, "wo" + "rk", "main", 'x"'].join("/"),
    `see .lib${"rary"}/search`,
    ["", "tmp", "briefs", "all.md"].join("/"),
    ["see iss", "ue 12"].join(""),
  ].map((text) => [{ path: "docs/page.md", text }]),
  broken: ({ files }) =>
    files
      .filter(({ path }) => path !== "package-lock.json")
      .flatMap(({ path, text }) =>
        text.split("\n").flatMap((line, index) => {
          const found = outside.find(([, pattern]) => pattern.test(line));
          return found === undefined ? [] : [`${path}:${index + 1}: names ${found[0]}`];
        }),
      ),
};
