/** Every example of the documents, as real processes: a document is run from its first step to its last, in a repository of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { root } from "./harness/scene.ts";
import { readCommands, unknownIn } from "./harness/transcript/command-lines.ts";
import { bind, compareOutput } from "./harness/transcript/compare-output.ts";
import { readDocument } from "./harness/transcript/read-document.ts";
import { documents, runDocument } from "./harness/transcript/run-document.ts";

/** Blocks of all documents that say why they are not run. Each is an example that nobody checks: think twice before this grows. */
const notRunMax = 8;

const read = documents().map((document) => ({ ...document, ...readDocument(document.text) }));

describe("the documents", () => {
  test("leave few blocks out, and no command that a reader would copy outside of a block", () => {
    const left = read.flatMap(({ path, notRun }) => notRun.map(({ line, reason }) => `${path}:${line}: ${reason}`));
    expect(left.length, left.join("\n")).toBeLessThanOrEqual(notRunMax);
    expect(read.flatMap(({ path, problems }) => problems.map((problem) => `${path}:${problem}`))).toEqual([]);
    expect(read.reduce((sum, { steps }) => sum + steps.length, 0)).toBeGreaterThan(20);
  });

  test("name no command and no option that there is not", async () => {
    const known = await readCommands();
    expect(known.size).toBeGreaterThan(40);
    const problems = read.flatMap(({ path, text }) => unknownIn(text, known).map((problem) => `${path}:${problem}`));
    expect(problems).toEqual([]);
    for (const [line, says] of [
      ["`toka stauts`", "there is no command stauts"],
      ["| `toka agent list\\|shwo` |", "there is no command agent shwo"],
      ["`./toka undo EFFECT --dry-rum`", "there is no option --dry-rum"],
      ["`toka up --once --crew DIR` and `toka logg`", "there is no command logg"],
      ["`toka exec -- ls --long`", undefined],
    ] as const) {
      expect(unknownIn(line, known), line).toEqual(says === undefined ? [] : [expect.stringContaining(says)]);
    }
  });

  test.each(read.filter(({ steps }) => steps.length > 0))(
    "show what happens: $path",
    async ({ text }) => {
      expect(await runDocument(text)).toEqual([]);
    },
    600_000,
  );
});

describe("the examples of the help", () => {
  const play = readFileSync(join(import.meta.dirname, "help-examples.md"), "utf8");

  test("end every command's help, and all of them are played", async () => {
    const commands = [...(await readCommands()).values()];
    const played = new Set(readDocument(play).steps.flatMap(({ command }) => command.split("\n")));
    for (const { path, commands: below, examples } of commands) {
      if (below.length === 0) expect(examples, `toka ${path} --help`).not.toEqual([]);
      expect(
        examples.filter((example) => !played.has(example)),
        `toka ${path} --help`,
      ).toEqual([]);
    }
  });

  test("do what they say", async () => {
    expect(await runDocument(play, { before: `tree='${root}'` })).toEqual([]);
  }, 600_000);
});

describe("a transcript", () => {
  const console_ = (...lines: readonly string[]): string => ["```console", ...lines, "```"].join("\n");

  test.each([
    { what: "an unknown command", text: console_("$ toka stauts", "no vault"), says: "wanted the line" },
    { what: "an unknown command in sh", text: "```sh\ntoka stauts\n```", says: "ended with 2" },
    { what: "an unknown option", text: "```sh\ntoka doctor --fast\n```", says: "ended with 2" },
    { what: "a failure in the middle of a block", text: "```sh\nfalse\ntrue\n```", says: "ended with 1" },
    { what: "other output", text: console_("$ echo one", "two"), says: 'wanted the line "two", found "one"' },
    { what: "more output", text: console_("$ printf 'one\\ntwo\\n'", "one"), says: 'found "two"' },
    { what: "less output", text: console_("$ echo one", "one", "two"), says: "found no more lines" },
    { what: "a failure that is not shown", text: console_("$ false"), says: "ended with 1, wanted 0" },
    {
      what: "a failure that does not fail",
      text: console_("$ echo toka: Cannot x", "toka: Cannot x"),
      says: "shows a failure",
    },
    { what: "a block without a language", text: "```\ntoka status\n```", says: "wanted a fence" },
    { what: "an indented block", text: "so:\n\n    toka status\n", says: "wanted a fence" },
    { what: "output without a command", text: console_("one"), says: "wanted a command" },
  ])("is red for $what", async ({ text, says }) => {
    expect((await runDocument(text)).join("\n")).toContain(says);
  });

  test("holds an id and a position to what they were before, and lets times and digests be any", () => {
    const bindings = new Map<string, string>();
    const known = { bindings, heads: new Set(["ID NAME"]) };
    const shown = [
      "ID  NAME",
      "agent-1-0  greeter  2026-01-01T00:00:00.000Z",
      "…",
      "entry 42: effect-9-1 took 12 ms, sha256:abc…",
    ];
    const printed =
      "agent-7-3\tgreeter\t2030-05-05T10:11:12.131Z\nmore\nand more\nentry 51: effect-30-0 took 1.5 s, sha256:xyz_-1\n";
    expect(compareOutput(shown, printed, known)).toBe(undefined);
    expect(bind("toka why 42 && toka undo effect-9-1 agent-1-0 42", bindings)).toBe(
      "toka why 51 && toka undo effect-30-0 agent-7-3 42",
    );
    expect(compareOutput(["agent-1-0"], "agent-7-3", known)).toBe(undefined);
    expect(compareOutput(["agent-1-0"], "agent-8-3", known)).toContain("wanted the line");
    expect(compareOutput(["greeter: 3 files"], "greeter: 4 files", known)).toContain("wanted the line");
  });
});
