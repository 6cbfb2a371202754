/** Checks of files, templates, conditions: the pure parts of judging. */
import { describe, expect, test } from "vitest";
import { readCondition } from "../src/cel/condition.ts";
import { fillTemplate, type Json, type TemplateValues } from "../src/definition/template.ts";
import { parseShare, parseSize, parseSpan } from "../src/definition/quantities.ts";
import { checkContent, checkFile, type FilledContentCheck } from "../src/judge/check-file.ts";
import { deliverableBytesMax } from "../src/judge/deliverable.ts";
import { attestable } from "../src/run/next-step.ts";
import { bytes } from "./files.ts";

const file = (text: string): { readonly size: number; readonly bytes: Uint8Array } => ({
  size: bytes(text).byteLength,
  bytes: bytes(text),
});
const check = (more: Partial<FilledContentCheck>): FilledContentCheck => ({
  path: "/out/a",
  contains: [],
  json: [],
  lines: null,
  sha256: null,
  ...more,
});

describe("a file check", () => {
  test("says what it saw of a file that is there, and why one is not enough", () => {
    expect(checkFile(file("hello"), { path: "/out/a", minBytes: 5 })).toEqual({
      met: true,
      why: null,
      found: {
        path: "/out/a",
        present: true,
        bytes: 5,
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        excerpt: "hello",
      },
    });
    expect(checkFile(file("hello"), { path: "/out/a", minBytes: 6 })).toMatchObject({
      met: false,
      why: "it has 5 bytes, wanted at least 6",
    });
    expect(checkFile(undefined, { path: "/out/a", minBytes: 0 })).toMatchObject({
      met: false,
      why: "there is no file /out/a",
      found: { present: false },
    });
  });
});

describe("a content check", () => {
  const document = JSON.stringify({ totals: { files: 3, "a/b": "x" }, list: [{ name: "n" }] });
  test.each([
    ["a text that stands in it", "one two", check({ contains: ["one", "two"] }), null],
    ["a text that does not", "one two", check({ contains: ["one", "three"] }), 'it does not contain "three"'],
    [
      "JSON values where they belong",
      document,
      check({
        json: [
          { pointer: "/totals/files", value: 3 },
          { pointer: "/totals/a~1b", value: "x" },
          { pointer: "/list/0/name", value: "n" },
        ],
      }),
      null,
    ],
    [
      "a JSON value that is another",
      document,
      check({ json: [{ pointer: "/totals/files", value: 4 }] }),
      "/totals/files is 3, wanted 4",
    ],
    [
      "a number where a text is wanted",
      document,
      check({ json: [{ pointer: "/totals/files", value: "3" }] }),
      '/totals/files is 3, wanted "3"',
    ],
    [
      "a pointer that leads nowhere",
      document,
      check({ json: [{ pointer: "/totals/dirs", value: 0 }] }),
      "/totals/dirs is absent, wanted 0",
    ],
    [
      "a pointer into an object's own machinery",
      document,
      check({ json: [{ pointer: "/__proto__/x", value: null }] }),
      "/__proto__/x is absent, wanted null",
    ],
    ["a file that is no JSON", "{", check({ json: [{ pointer: "", value: 1 }] }), "it is no JSON"],
    ["too few lines", "a\nb", check({ lines: { min: 3, max: null } }), "it has 2 lines, wanted at least 3"],
    ["too many lines", "a\nb\n", check({ lines: { min: null, max: 1 } }), "it has 2 lines, wanted at most 1"],
    [
      "its digest",
      "hello",
      check({ sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" }),
      null,
    ],
    [
      "another digest",
      "hullo",
      check({ sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" }),
      "its SHA-256 is 7835066a1457504217688c8f5d06909c6591e0ca78c254ccf17450d0d999cab0, wanted 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ],
  ])("decides on %s", (_what, text, what, why) => {
    expect(checkContent(file(text), what)).toMatchObject({ met: why === null, why });
  });

  test("does not look into more than its bound", () => {
    expect(
      checkContent({ size: deliverableBytesMax + 1, bytes: bytes("one") }, check({ contains: ["one"] })),
    ).toMatchObject({ met: false });
    expect(checkContent(undefined, check({ contains: ["one"] }))).toMatchObject({
      met: false,
      why: "there is no file /out/a",
    });
  });
});

describe("a template", () => {
  const results: Readonly<Record<string, Json>> = {
    count: { files: 3, list: ["a", "b"], deep: { name: "x" }, none: null },
  };
  const values: TemplateValues = {
    workspace: "/w",
    output: "/o",
    session: "session-1-0",
    result: (step, path) => {
      let value: Json | undefined = results[step];
      for (const key of path)
        value =
          typeof value === "object" && value !== null && Object.hasOwn(value, key)
            ? (Reflect.get(value, key) as Json)
            : undefined;
      return value;
    },
  };
  test.each<[Json, Json]>([
    ["${workspace}/src", "/w/src"],
    ["${output}", "/o"],
    ["in ${session}", "in session-1-0"],
    ["${steps.count.result.files}", 3],
    ["${steps.count.result.files} files", "3 files"],
    ["${steps.count.result.list}", ["a", "b"]],
    ["${steps.count.result.list.1}", "b"],
    ["$${workspace} $5", "${workspace} $5"],
    [{ a: ["${workspace}", 1, true, null] }, { a: ["/w", 1, true, null] }],
  ])("fills %j", (template, value) => {
    expect(fillTemplate(template, values)).toEqual({ value });
  });
  test.each([
    ["a list inside a text", "x ${steps.count.result.list}", "a list cannot stand inside a text"],
    ["a map inside a text", "x ${steps.count.result.deep}", "a map cannot stand inside a text"],
    ["nothing inside a text", "x ${steps.count.result.none}", "a null cannot stand inside a text"],
    ["a result that is not there", "${steps.count.result.absent}", "the step has no such result"],
  ])("is refused with %s", (_what, template, why) => {
    expect(fillTemplate(template, values)).toEqual({ problem: expect.stringContaining(why) });
  });
});

describe("a condition", () => {
  const names = {
    steps: new Map([
      ["a", "work"],
      ["b-c", "other"],
    ]),
    tasks: new Set(["work", "other"]),
    task: "work",
  };
  test.each([
    ["attempt < 3", { op: "<", left: { fact: "attempt" }, right: { value: 3 } }],
    [
      'steps.a.outcome == "failed" && !(attempt > 1) && true',
      {
        op: "and",
        of: [
          { op: "==", left: { fact: "steps.a.outcome" }, right: { value: "failed" } },
          { op: "not", of: { op: ">", left: { fact: "attempt" }, right: { value: 1 } } },
          { value: true },
        ],
      },
    ],
    [
      'steps["b-c"].code in ["x", "y"]',
      { op: "in", item: { fact: "tasks.other.steps.b-c.code" }, list: { value: ["x", "y"] } },
    ],
    [
      "size(steps.a.result.list) > -1",
      { op: ">", left: { op: "size", of: { fact: "inputs.a.list" } }, right: { value: -1 } },
    ],
    [
      'steps.a.result.list.exists(x, x.startsWith("k"))',
      {
        op: "exists",
        list: { fact: "inputs.a.list" },
        as: "x",
        where: { op: "startsWith", left: { local: "x" }, right: { value: "k" } },
      },
    ],
    [
      'tasks.other.status == "skipped"',
      { op: "==", left: { fact: "tasks.other.status" }, right: { value: "skipped" } },
    ],
  ])("lowers %s", (source, predicate) => {
    expect(readCondition(source, names)).toMatchObject({ predicate });
  });
  test.each([
    ['"a".matches("a")', 'Cannot use the condition: "matches(...)" is not among what the kernel can re-decide', 0],
    ["has(steps.a)", 'Cannot use the condition: "has(...)" is not among what the kernel can re-decide', 0],
    ["attempt > 1 ? true : false", 'Cannot use the condition: "?:" is not among what the kernel can re-decide', 0],
    ["attempt + 1", "Cannot use the condition: wanted true or false, found int", 0],
    ["attempt > nothing", "Cannot use the condition: unknown variable: nothing", 10],
    ["steps.b-c.code == 'x'", 'steps["read-file"]', 8],
    ["steps.d.code == 'x'", 'there is no step "d"', 0],
    ["steps.a.colour == 'x'", 'a step has outcome, code and result, found "colour"', 0],
    ["[1, 2, 3, attempt].exists(x, x == 1)", "a list may hold only plain values", 10],
    [`attempt > ${"9".repeat(30)}`, "Cannot use the condition", 10],
    [`${"(".repeat(40)}true${")".repeat(40)}`, "Cannot use the condition", 0],
  ])("is refused: %s", (source, problem, offset) => {
    const read = readCondition(source, names);
    expect(read).toEqual({ problem: expect.stringContaining(problem), offset: expect.any(Number) });
    if ("offset" in read && offset > 0) expect(Math.abs(read.offset - offset)).toBeLessThanOrEqual(2);
  });
  test("may not speak of an attempt where there is none", () => {
    expect(readCondition("attempt > 1", { ...names, task: null })).toEqual({
      problem: expect.stringContaining('there is no "attempt"'),
      offset: 0,
    });
  });
});

describe("small readers", () => {
  test("read sizes, spans and shares, and nothing that only looks like one", () => {
    expect(["512MB", "1.5KB", "0B", "12", "1TB", "-1MB", "1 MB", ""].map(parseSize)).toEqual([
      536_870_912,
      1536,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(["30s", "1.5h", "250ms", "2d", "s", "1w"].map(parseSpan)).toEqual([
      30_000,
      5_400_000,
      250,
      172_800_000,
      undefined,
      undefined,
    ]);
    expect(["50%", "250%", "50"].map(parseShare)).toEqual([50, 250, undefined]);
  });
  test("attest scalars and lists of scalars within the kernel's bounds, and nothing else", () => {
    expect([1, true, "a", ["a", 1]].map(attestable)).toEqual([1, true, "a", ["a", 1]]);
    expect(
      [null, { a: 1 }, ["a", null], "x".repeat(2000), Array.from({ length: 300 }, () => 1)].map((value) =>
        attestable(value),
      ),
    ).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
