/** What was left behind: notes to oneself, tests switched off, types switched off, naps. */
import { isTest, sourceLaw, type Law } from "../law.ts";
import type { Source, TextFile } from "../source.ts";
import type { Token } from "../tokens.ts";

/** Spelt apart, so that this file does not break its own law. */
const notes = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
const unfinished = new RegExp(["not (yet )?imple" + "mented", "un" + "implemented"].join("|"), "i");
const switchedOff = new RegExp(`@ts-(${["ignore", "nocheck", "expect-error"].join("|")})\\b`);

/** Nothing waits to be done: it is done, or it is an issue. */
export const nothingUnfinished: Law = sourceLaw("no note to oneself and nothing unfinished is left", {
  planted: [
    plant(`// ${"TO" + "DO"}: close the file`),
    plant(`/* ${"FIX" + "ME"} */`),
    plant(`throw new Error("Not ${"imple" + "mented"}");`),
    plant(`const text = \`${"un" + "implemented"}\`;`),
  ],
  find: (source) =>
    source.tokens
      .filter(({ kind, text }) => (kind === "comment" && notes.test(text)) || (isText(kind) && unfinished.test(text)))
      .map(({ text, line }) => `${line}: ${firstLine(text)}`),
});

/** The compiler and the linter are never told to look away without a reason. */
export const nothingSwitchedOff: Law = sourceLaw("no check is switched off: no @ts directive, no `as any`", {
  planted: [
    plant(`// ${"@ts-"}ignore`),
    plant(`// ${"@ts-"}expect-error: odd types`),
    plant("const a = b as any;"),
    plant("// oxlint-disable-next-line no-eval\nconst a = 1;"),
  ],
  find: (source) => [
    ...source.tokens
      .filter(({ kind, text }) => kind === "comment" && (switchedOff.test(text) || disablesWithoutReason(text)))
      .map(({ text, line }) => `${line}: ${firstLine(text)}`),
    ...source.code
      .filter(({ text }, index) => text === "any" && source.code[index - 1]?.text === "as")
      .map(({ line }) => `${line}: as any`),
  ],
});

/** Every test runs. A backend that cannot do something says so at run time, with its reason. */
export const everyTestRuns: Law = sourceLaw("no test is switched off, singled out or expected to fail", {
  planted: ["test.skip", "it.only", "describe.skip", "test.todo", "it.fails", "test.concurrent.skip"].map((call) => ({
    path: "packages/store/test/log.test.ts",
    text: `${call}("log appends", () => {});`,
  })),
  find: (source) =>
    source.code.flatMap(({ text, line }, index) => {
      if (!["skip", "only", "todo", "fails"].includes(text) || source.code[index - 1]?.text !== ".") return [];
      const owner = ownerOf(source.code, index);
      return ["test", "it", "describe", "suite"].includes(owner) ? [`${line}: ${owner}.${text}`] : [];
    }),
});

/** A test waits for what it waits for, and not for a while. */
export const noTestSleeps: Law = sourceLaw("no test sleeps: it waits for an event or a condition", {
  planted: [
    "await new Promise((resolve) => setTimeout(resolve, 50));",
    "await new Promise((done) => { setTimeout(done, 50); });",
    'import { setTimeout } from "node:timers/promises";',
  ].map((text) => ({ path: "packages/store/test/log.test.ts", text })),
  find: (source) => (isTest(source.path) ? naps(source) : []),
});

/** A single-letter or single-word callback right inside a timer is the idiom of sleeping. */
function naps(source: Source): readonly string[] {
  return source.code.flatMap(({ kind, text, line }, index) => {
    if (kind === "string" && /^.(node:)?timers\/promises.$/.test(text)) return [`${line}: imports ${text}`];
    if (text !== "setTimeout" || source.code[index + 1]?.text !== "(") return [];
    const [callback, comma] = source.code.slice(index + 2, index + 4);
    const promised = source.code.slice(Math.max(0, index - 8), index).some((before) => before.text === "Promise");
    return callback?.kind === "word" && comma?.text === "," && promised ? [`${line}: sleeps`] : [];
  });
}

function ownerOf(code: readonly Token[], index: number): string {
  let at = index;
  while (code[at - 1]?.text === "." && code[at - 2] !== undefined) at -= 2;
  return code[at]?.text ?? "";
}

function isText(kind: Token["kind"]): boolean {
  return kind === "comment" || kind === "string" || kind === "text";
}

/** A directive carries its reason behind two dashes. */
function disablesWithoutReason(comment: string): boolean {
  return /\b(oxlint|eslint)-disable/.test(comment) && !/-- \S/.test(comment);
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").trim();
}

function plant(text: string): TextFile {
  return { path: "packages/store/src/log.ts", text };
}
