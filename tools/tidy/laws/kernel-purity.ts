/**
 * The kernel decides the same on every machine, for ever. Time, chance, locale and arithmetic that differs between
 * engines have no place in it, and nothing in it waits.
 */
import { packageOf, isProduct, sourceLaw, type Law } from "../law.ts";
import type { Source } from "../source.ts";

const banned = new Set(
  (
    "Date performance Intl localeCompare WeakRef FinalizationRegistry async await setTimeout setInterval setImmediate " +
    "queueMicrotask process console fetch globalThis crypto toLocaleString toLocaleLowerCase toLocaleUpperCase eval Function"
  ).split(" "),
);

/** Members of `Math` whose last digit the language leaves to the engine, and chance. */
const bannedMath = new Set(
  (
    "random pow exp expm1 log log2 log10 log1p sqrt cbrt hypot " +
    "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh"
  ).split(" "),
);

/** The one file that may name a promise: it holds types only. */
const portFile = "packages/kernel/src/machine-port.ts";

/** The kernel's sources name nothing that could make two machines disagree. */
export const kernelIsPure: Law = sourceLaw(
  "the kernel names no time, chance, locale, waiting or engine-bound arithmetic",
  {
    planted: [
      "const now = Date.now();",
      "const chance = Math.random();",
      "const power = Math.pow(2, 3);",
      "const power = 2 ** 3;",
      "const order = left.localeCompare(right);",
      "const text = `at ${Date.now()}`;",
      "type Later = Promise<string>;",
      "async function wait() {}",
      "const shown = new Intl.NumberFormat();",
      "const weak = new WeakRef(entry);",
    ].map((text) => ({ path: "packages/kernel/src/planted.ts", text })),
    find: (source) => (packageOf(source.path) === "kernel" && isProduct(source.path) ? impurities(source) : []),
  },
);

function impurities(source: Source): readonly string[] {
  return source.code.flatMap(({ kind, text, line }, index) => {
    if (kind === "punctuation") return text === "**" || text === "**=" ? [`${line}: raises by ${text}`] : [];
    if (kind !== "word") return [];
    const before = source.code[index - 1]?.text;
    // A property of that name (`operation.process`) is another thing; a method of a string is the banned one.
    const property = (before === "." || before === "?.") && !text.startsWith("toLocale") && text !== "localeCompare";
    const key = source.code[index + 1]?.text === ":" || source.code[index + 1]?.text === "?";
    if (banned.has(text) && !property && !key) return [`${line}: names ${text}`];
    if (text === "Promise" && source.path !== portFile) return [`${line}: names Promise`];
    const math = property && source.code[index - 2]?.text === "Math" && bannedMath.has(text);
    return math ? [`${line}: names Math.${text}`] : [];
  });
}
