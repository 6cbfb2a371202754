/** Words that name nothing: a thing called so is a thing nobody has understood yet. */
import { sourceLaw, type Law } from "../law.ts";
import type { Source } from "../source.ts";

const banned = new Set([
  "util",
  "utils",
  "utility",
  "utilities",
  "helper",
  "helpers",
  "common",
  "misc",
  "manager",
  "managers",
]);

/** File names and identifiers use the field's words, not filler. */
export const noFillerWords: Law = sourceLaw("no file or identifier is called util, helper, common, misc or manager", {
  planted: [
    { path: "packages/store/src/log-utils.ts", text: "" },
    { path: "packages/store/src/helpers/digest.ts", text: "" },
    { path: "packages/store/src/vault.ts", text: "class VaultManager {}" },
    { path: "packages/store/src/vault.ts", text: "const commonPrefix = 1;" },
    { path: "packages/store/src/vault.ts", text: "const MISC_LIMIT = 1;" },
  ],
  find: (source) => [...inPath(source), ...inIdentifiers(source)],
});

function inPath(source: Source): readonly string[] {
  const found = wordsIn(source.path.replace(/\.ts$/, "")).find((word) => banned.has(word));
  return found === undefined ? [] : [`1: is called ${found}`];
}

function inIdentifiers(source: Source): readonly string[] {
  return source.code.flatMap(({ kind, text, line }, index) => {
    // A member of somebody else's object keeps the name its owner gave it.
    if (kind !== "word" || source.code[index - 1]?.text === ".") return [];
    return wordsIn(text).some((word) => banned.has(word)) ? [`${line}: names ${text}`] : [];
  });
}

function wordsIn(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase());
}
