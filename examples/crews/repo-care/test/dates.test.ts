/** The date-validator: what it takes for a date, what it says of one, and that its proposal is a patch that git applies. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findDates } from "../tools/repository/dates/find-dates.ts";
import { dayOf, judgeDate } from "../tools/repository/dates/judge-date.ts";
import { contextOf } from "../tools/repository/dates/lines.ts";
import { isInScope } from "../tools/repository/dates/scope.ts";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { commit, git, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { labelledTree } from "./measure/labelled-tree.ts";
import { callTool, readJson, resultOf } from "./run-tool.ts";

const today = "2026-03-15";
const todayDay = dayOf({ year: 2026, month: 3, day: 15 }) ?? 0;

function rulesIn(text: string, futureDaysMax = 0): readonly string[] {
  return [...findDates(text)].flatMap((date) => {
    const verdict = judgeDate(date, { today: todayDay, futureDaysMax, context: () => contextOf(text, date) });
    return verdict === undefined ? [] : [`${verdict.rule} ${verdict.severity} ${date.text}`];
  });
}

interface Result {
  readonly today: string;
  readonly proposal?: {
    readonly path: string;
    readonly sha256: string;
    readonly changes: number;
    readonly left: number;
  };
}

/** Runs the tool with a proposal. */
function proposed(
  root: string,
): Result & { readonly file: FindingsFile; readonly patch: string; readonly output: string } {
  const output = join(temporaryFolder(), "out");
  const result = resultOf<Result>("date-validator", { root, output, today, fix: true });
  const patch = readFileSync(join(output, "date-validator.patch"), "latin1");
  return { ...result, output, patch, file: readJson(join(output, "findings/date-validator.json")) };
}

describe("dates", () => {
  test.each([
    ["behind a label", "Created: 2026-03-16", ["future-date high 2026-03-16"]],
    ["behind a label in JSON", '"date": "2031-01-01"', ["future-date high 2031-01-01"]],
    [
      "behind a label, though the line says when it ends",
      "Date: 2031-01-01, valid until then",
      ["future-date high 2031-01-01"],
    ],
    ["alone", "on 2026-03-16.", ["future-date medium 2026-03-16"]],
    ["in a moment", "2031-01-01T00:00:00Z", ["future-date medium 2031-01-01"]],
    ["in brackets", "(2031/01/01)", ["future-date medium 2031/01/01"]],
    ["twice on a line", "2031-01-01 2032-01-01", ["future-date medium 2031-01-01", "future-date medium 2032-01-01"]],
    ["on the last of February", "2024-02-29 2023-02-29", ["impossible-date medium 2023-02-29"]],
    ["with the day first", "31/12/2025 31/12/2026", ["future-date medium 31/12/2026"]],
    ["that can be read in two ways", "04/05/2024", ["ambiguous-date low 04/05/2024"]],
    ["of which both readings are to come", "04/05/2034", ["future-date medium 04/05/2034"]],
    ["in no reading", "31/02/2024", ["impossible-date medium 31/02/2024"]],
    ["of today", today, []],
    ["in a table whose heading says that it is a plan", "| milestone | when |\n|---|---|\n| a | 2031-01-01 |", []],
    ["in another table", "| who | when |\n|---|---|\n| a | 2031-01-01 |", ["future-date medium 2031-01-01"]],
    ["where a manual speaks of a day that is none", "certain invalid datetimes (e.g. `2020-02-30`)", []],
    ["before 1900", "1812-13-45", []],
    ["in a longer number", "2031-01-012 12031-01-01 2031-01-01-1 1-2031-01-01 2031-01-01.5", []],
    ["in a path", "/2031/13/45/ x/2031-13-45", []],
  ])("are judged when one stands %s", (_, text, wanted) => {
    expect(rulesIn(text)).toEqual(wanted);
  });

  test("are no future within the days that the caller allows", () => {
    expect(rulesIn("2026-03-16 2026-03-17", 1)).toEqual(["future-date medium 2026-03-17"]);
  });

  test("are days exactly when the calendar of the language has them", () => {
    const numbers = { year: fc.integer({ min: 1900, max: 2199 }), month: fc.nat(15), day: fc.nat(40) };
    fc.assert(
      fc.property(fc.record(numbers), ({ year, month, day }) => {
        const made = new Date(Date.UTC(year, month - 1, day));
        const same = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
        expect(dayOf({ year, month, day })).toBe(same ? made.getTime() / 86_400_000 : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["README.md", true],
    ["a/b/Cargo.TOML", true],
    ["targets/a.md", true],
    ["target/a.md", false],
    ["a/node_modules/b/c.md", false],
    [".github/a.yml", false],
    ["a/.hidden.md", false],
    ["a.json", false],
    ["md", false],
  ])("are looked for in %s: %s", (path, wanted) => {
    expect(isInScope(path)).toBe(wanted);
  });
});

describe("date-validator", () => {
  test("takes a thousand dates of one file, says so, and goes on with the next", () => {
    const root = repository();
    put(root, "dense.md", "2031-01-01\n".repeat(1_500));
    put(root, "other.md", "2032-01-01\n");
    const { file } = proposed(root);
    expect(file).toMatchObject({ counts: { total: 1_002 }, truncated: true });
    expect(file.findings.filter(({ rule }) => rule === "too-many-findings").map(({ path }) => path)).toEqual([
      "dense.md",
    ]);
    expect(file.findings.some(({ path }) => path === "other.md")).toBe(true);
  });

  test("proposes a patch that git applies, after which no date lies in the future, and changes nothing itself", () => {
    const root = labelledTree("date-validator");
    const { file, proposal, output } = proposed(root);
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(proposal).toMatchObject({
      changes: file.findings.filter(({ rule }) => rule === "future-date").length,
      left: 0,
    });
    expect(proposal?.sha256).toBe(shell(output, "sha256sum date-validator.patch").slice(0, 64));
    git(root, "apply", join(output, "date-validator.patch"));
    const after = proposed(root);
    expect(after.file.findings.filter(({ rule }) => rule === "future-date")).toEqual([]);
    expect(after.file.counts.total).toBe(file.counts.total - (proposal?.changes ?? 0));
    expect(after.patch).toBe("");
  });

  test("proposes what git applies to exactly the wanted bytes, whatever lines stand around the dates", () => {
    const line = fc.constantFrom(
      "x\n",
      "\n",
      "2031-01-01\n",
      "a 2031/01/01 b 2032-01-01\n",
      "a\r\n",
      "12/31/2031\r\n",
      "\xe4 2031-01-01\n",
      "-- \n",
    );
    const last = fc.constantFrom("", "x", "2031-01-01");
    const root = repository();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(line, { maxLength: 25 }), last), { minLength: 1, maxLength: 12 }),
        (files) => {
          const names = files.map(
            (_, index) => ["a.md", "b c.md", "ü.md", 'q"\\.md'][index % 4]?.replace(".", `${index}.`) ?? "",
          );
          shell(root, "rm -rf -- *");
          const contents = files.map(([lines, end]) => lines.join("") + end);
          contents.forEach((content, index) => put(root, names[index] ?? "", Buffer.from(content, "latin1")));
          const { output, patch } = proposed(root);
          if (patch !== "") git(root, "apply", join(output, "date-validator.patch"));
          contents.forEach((content, index) => {
            const wanted = content
              .replaceAll(/203\d-\d\d-\d\d/gu, today)
              .replaceAll("2031/01/01", "2026/03/15")
              .replaceAll("12/31/2031", "03/15/2026");
            expect(readFileSync(join(root, names[index] ?? ""), "latin1")).toBe(wanted);
          });
        },
      ),
      { numRuns: 12 },
    );
  });

  test("carries no secret into its proposal, and leaves a date beside one as it is", () => {
    const root = repository();
    const token = `AK${"IA"}QYLPMN5HHHFPZAM2`;
    const key = `-----BEGIN ${"PRIVATE"} KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(5)}-----END ${"PRIVATE"} KEY-----\n`;
    put(root, "same.md", `${token} made 2031-01-01\n`);
    put(root, "next.md", `made 2031-01-01\n${token}\n`);
    put(root, "near.md", `${token}\nmade 2031-01-01\nend\n`);
    put(root, "key.md", `${key}\n2031-01-01\nend\n`);
    put(root, "allowed.md", `${token} # toka:allow\na\n2031-01-01\nend\n`);
    commit(root);
    const { patch, proposal, output } = proposed(root);
    expect(proposal).toMatchObject({ changes: 3, left: 2 });
    expect(patch).not.toMatch(/QYLP|MIIE/u);
    git(root, "apply", join(output, "date-validator.patch"));
    expect(git(root, "diff", "--name-only").split("\n")).toEqual(["allowed.md", "key.md", "near.md"]);
  });

  test("writes no proposal unless it is asked for one", () => {
    const root = repository();
    put(root, "a.md", "2031-01-01\n");
    const output = join(temporaryFolder(), "out");
    expect(resultOf<Result>("date-validator", { root, output, today }).proposal).toBe(undefined);
    expect(shell(output, "find . -type f")).toBe("./findings/date-validator.json");
  });

  test.each(["2026-02-30", "26-01-01", "tomorrow", 20_260_101, undefined])("refuses %s for today", (given) => {
    const ran = callTool("date-validator", { root: repository(), output: temporaryFolder(), today: given });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^Cannot use the argument "today": found .*, wanted a day such as 2026-01-31\n$/u);
  });

  test("comes to an end on lines of a megabyte that are made to hold it up", () => {
    const root = repository();
    const pieces = [
      "1",
      "2031-01-01 ",
      "2031-01-01",
      "12/31/2031",
      "1/",
      "1-",
      "|",
      "| 2031-01-01\n",
      "date: ",
      "date: 2031-13-01 ",
    ];
    pieces.forEach((piece, index) => put(root, `${index}.md`, piece.repeat(Math.ceil(1024 ** 2 / piece.length))));
    const { file } = proposed(root);
    expect(file.scanned).toMatchObject({ files: pieces.length, skipped: 0 });
  });
});
