/** The report: its numbers are those of the inputs, and no name in a repository becomes HTML, Markdown or a link. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Catalogue } from "../tools/repository/catalogue/catalogue.ts";
import type { History } from "../tools/repository/history/history.ts";
import { toByteText } from "../tools/repository/catalogue/byte-text.ts";
import { Findings } from "../tools/repository/findings/findings.ts";
import { commit, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { callTool, readJson, resultOf } from "./run-tool.ts";

/** One written file, as the tool answers it. */
interface Delivered {
  readonly path: string;
  readonly sha256: string;
}

interface Report {
  readonly folder: string;
  readonly html: string;
  readonly markdown: string;
  readonly json: {
    readonly totals: Readonly<Record<string, number>>;
    readonly findings: readonly { readonly code: string }[];
    readonly checks: readonly { readonly tool: string; readonly counts: { readonly total: number } }[];
  };
}

/** Runs the crew's three tools over a folder. */
function reportOn(root: string): Report {
  const folder = join(temporaryFolder(), "out");
  resultOf("file-catalogue", { root, output: folder });
  resultOf("git-history", { root, output: folder });
  return render(folder);
}

function render(folder: string): Report {
  const result = resultOf<Readonly<Record<"html" | "markdown" | "json", Delivered>>>("report-render", {
    input: folder,
    output: folder,
  });
  for (const { path, sha256 } of [result.html, result.markdown, result.json]) {
    expect(sha256).toBe(shell(folder, `sha256sum ${path}`).slice(0, 64));
  }
  return {
    folder,
    html: readFileSync(join(folder, "report.html"), "utf8"),
    markdown: readFileSync(join(folder, "report.md"), "utf8"),
    json: readJson(join(folder, "report.json")),
  };
}

/** Names that break out of HTML, Markdown, tables, code spans or lines when they are not escaped. */
const hostileNames = [
  "<script>alert(1)<.js",
  '"><img src=x onerror=alert(1)>.md',
  "</title><h1>owned<.txt",
  "a|b|c.ts",
  "`code` ``more``.ts",
  "back\\|slash.ts",
  "[link](https:owned.example).md",
  "line\nbreak\n# heading.md",
  "\u202egpj.exe",
  "&lt;b&gt;.html",
  "'quote'.css",
  "| --- |\n| row |.ts",
  "zero\u200bwidth.py",
];

function hostile(): string {
  const root = repository();
  for (const name of hostileNames) put(root, name, `${"x\n".repeat(20)}${name}\n`);
  put(root, Buffer.from([0x3c, 0xff, 0x3e]), "x\n".repeat(30));
  for (const copy of ["<i>1", "<i>2|`"]) put(root, copy, "the same\n".repeat(40));
  commit(root, { author: hostileAuthor });
  return root;
}

const hostileAuthor = "</td><script>alert(2)</script>`|";

/** Writes the findings of a tool that has nothing but hostile texts to say: one finding for each name. */
function putFindings(
  folder: string,
  { root, tool = "odd-checker" }: { readonly root: string; readonly tool?: string },
): void {
  const findings = new Findings();
  hostileNames.forEach((name, index) => {
    const text = toByteText(name);
    const severity = index < 2 ? "high" : "low";
    findings.add({ path: text, line: index, column: 1, rule: text, severity, message: text, excerpt: text });
  });
  const tree = { listed: 9, files: 7, bytes: 2048, outOfScope: 1, skipped: [{ path: "<b>", reason: "link" as const }] };
  const tables = [{ title: hostileAuthor, columns: [hostileAuthor, "b"], rows: [hostileNames.slice(0, 2)] }];
  const about = hostileAuthor;
  const file = findings.file(tree, { tool, version: "1.0.0", title: hostileAuthor, about, root, tables });
  put(folder, `findings/${tool}.json`, JSON.stringify(file));
}

/** The tags of a page, and the text between them. */
function parse(html: string): { readonly tags: readonly string[]; readonly text: string } {
  const body = html.replace(/<style>[\s\S]*?<\/style>/u, "");
  return { tags: body.match(/<[^>]*>/gu) ?? [], text: body.replaceAll(/<[^>]*>/gu, "") };
}

const tagsKnown = new Set(
  "!doctype html head meta title body header h1 h2 p code ul li b span main section svg rect line text g div table thead tbody tr th td wbr details summary footer nav a h3 br".split(
    " ",
  ),
);

describe("report-render", () => {
  test("repeats the numbers of its inputs in all three files", () => {
    const root = repository();
    put(root, "a.ts", "one\n".repeat(1234));
    put(root, "b.md", "two\n");
    commit(root);
    commit(root, { author: "Grace", email: "grace@example.org" });
    const { html, markdown, json, folder } = reportOn(root);
    const catalogue = readJson<Catalogue>(join(folder, "catalogue.json"));
    const history = readJson<History>(join(folder, "history.json"));
    expect(json.totals).toMatchObject({
      ...catalogue.totals,
      commits: 2,
      authors: 2,
      linesAdded: history.totals.added,
    });
    expect(html).toContain("<b>1,235</b><span>lines of text</span>");
    expect(html).toContain("<b>2</b><span>commits</span>");
    expect(markdown).toContain("| 2 | 1,235 | 2 | 2 | 2 | 4.8 KiB |");
    expect(markdown).toContain("| TypeScript | ████████████████████ | 1,234 | 99.9 % | 1 | 4.8 KiB |");
    expect(html).toContain('aria-label="Lines by language: TypeScript 99.9 %, Markdown &lt; 0.1 %"');
    expect(html).toMatch(
      /id="chart-commits" [^>]*aria-label="Commits by month: 1 month, most in 2023-11 with 2 commits"/u,
    );
  });

  test("lets no name become markup", () => {
    const { folder } = reportOn(hostile());
    // Git itself drops the marks from an author's name; whoever writes the input does not.
    const history = readJson<History>(join(folder, "history.json"));
    const authors = history.authors.map((author) => ({ ...author, name: hostileAuthor }));
    put(
      folder,
      "history.json",
      JSON.stringify({ ...history, authors, head: { ...history.head, branch: hostileAuthor } }),
    );
    putFindings(folder, { root: history.root });
    const { html, markdown } = render(folder);
    const { tags, text } = parse(html);
    expect(markdown).toContain("| ``</td><script>alert(2)</script>`\\|`` |");
    const odd = tags.filter((tag) => !tagsKnown.has(/^<\/?([!a-z0-9]+)/iu.exec(tag)?.[1]?.toLowerCase() ?? tag));
    expect(odd).toEqual([]);
    // Links lead to places on the page and nowhere else.
    const links = tags.filter((tag) => /\shref/iu.test(tag));
    expect(links).toEqual(['<a href="#check-odd-checker">']);
    expect(tags.filter((tag) => /\son[a-z]+\s*=|\ssrc|javascript:/iu.test(tag))).toEqual([]);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;.js");
    expect(text).toContain("&lt;/td&gt;&lt;script&gt;alert(2)&lt;/script&gt;");
    expect(text).toContain("&amp;lt;b&amp;gt;.html");
    expect(text).toContain("line\\nbreak\\n# heading.md");
    expect(text).toContain("\\u{202e}gpj.exe");
    expect(text).toContain("&lt;\\xff&gt;");
    expect(html).not.toMatch(/[\u200b\u202e]/u);
  });

  test("forbids the page to run or load anything, and loads nothing", () => {
    const { html } = reportOn(hostile());
    const style = /<style>([\s\S]*?)<\/style>/u.exec(html)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    expect(html).toContain(
      `content="default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(html).not.toMatch(/<script|<link|<iframe|<object|<img|@import|url\(|style="|https?:\/\//iu);
  });

  test("keeps each hostile name in one cell of one row of Markdown", () => {
    const { markdown } = reportOn(hostile());
    const tables = markdown.split("\n\n").filter((block) => block.startsWith("|"));
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      const [head = "", ...rows] = table.trim().split("\n");
      for (const row of rows) expect([row, cells(row).length]).toEqual([row, cells(head).length]);
    }
    // Outside code spans nothing of a name is left.
    const outside = markdown.replaceAll(/(`+)[^`](?:.*?[^`])??\1(?!`)/gu, "");
    expect(outside).not.toMatch(/script|owned|onerror|heading|gpj/u);
    expect(markdown.split("\n").filter((line) => line.startsWith("#"))).toEqual([
      "# Repository report: `repo`",
      ...[
        "Languages",
        "Commits over time",
        "Hot files",
        "Authors",
        "Largest files",
        "Untouched for longest",
        "Duplicates",
      ].map((title) => `## ${title}`),
    ]);
  });

  test("has a page for each tool that wrote findings, with its counts in all three files", () => {
    const { folder } = reportOn(hostile());
    const { root } = readJson<{ root: string }>(join(folder, "catalogue.json"));
    putFindings(folder, { root, tool: "first-checker" });
    putFindings(folder, { root, tool: "second-checker" });
    const { html, markdown, json } = render(folder);
    expect(html.match(/<section id="check-[^"]*"/gu)).toEqual([
      '<section id="check-first-checker"',
      '<section id="check-second-checker"',
    ]);
    expect(html).toContain("<b>13 findings in 7 files (2.0 KiB).</b>");
    expect(html).toContain('aria-label="Findings by severity: high 15.4 %, low 84.6 %"');
    expect(markdown.match(/^.* 13 findings in 7 files \(2\.0 KiB\)\.$/gmu)).toHaveLength(2);
    expect(markdown).toContain("1 path not looked at: none of this tool’s business. 1 path skipped:");
    expect(json.checks.map((check) => [check.tool, check.counts.total])).toEqual([
      ["first-checker", 13],
      ["second-checker", 13],
    ]);
    expect(json.findings.filter((finding) => finding.code === "check_findings")).toHaveLength(2);
  });

  test("keeps each hostile text of a finding in one cell of one row of Markdown", () => {
    const { folder } = reportOn(repository());
    const { root } = readJson<{ root: string }>(join(folder, "catalogue.json"));
    putFindings(folder, { root });
    const { markdown } = render(folder);
    for (const block of markdown.split("\n\n").filter((each) => each.startsWith("|"))) {
      const [head = "", ...rows] = block.trim().split("\n");
      for (const row of rows) expect([row, cells(row).length]).toEqual([row, cells(head).length]);
    }
    const outside = markdown.replaceAll(/(`+)[^`](?:.*?[^`])??\1(?!`)/gu, "");
    expect(outside).not.toMatch(/(?<!\\)(?:<script|<img|<h1|<\/|\]\()/u);
  });

  test("refuses findings about another folder, and a file that another tool wrote", () => {
    const { folder } = reportOn(repository());
    putFindings(folder, { root: "/elsewhere" });
    expect(callTool("report-render", { input: folder, output: folder }).stderr).toMatch(
      /^Cannot make one report: the catalogue is about .*, findings\/odd-checker\.json about \/elsewhere$/mu,
    );
    const { root } = readJson<{ root: string }>(join(folder, "catalogue.json"));
    putFindings(folder, { root });
    shell(folder, "mv findings/odd-checker.json findings/other.json");
    expect(callTool("report-render", { input: folder, output: folder }).stderr).toBe(
      "Cannot read findings/other.json: it is what odd-checker found\n",
    );
  });

  test("has a report for a folder without files, and for one without a history", () => {
    const empty = reportOn(repository());
    expect(empty.html).toContain('id="languages"');
    expect(empty.html).toContain('id="commits"');
    expect(empty.html).toContain("There are no commits.");
    expect(empty.json.findings.map((finding) => finding.code)).toEqual(["no_history"]);
    const folder = temporaryFolder();
    put(folder, "a.txt", "a\n");
    expect(reportOn(folder).markdown).toContain("no git repository");
  });

  test("draws a history of centuries in few columns", () => {
    const root = repository();
    put(root, "a.txt", "a\n");
    for (const year of [1971, 1999, 2024, 2900])
      commit(root, { authored: Date.UTC(year, 0, 2) / 1000, committed: 1_700_000_000 });
    const { html, markdown } = reportOn(root);
    expect(html).toContain("Commits by year");
    expect(html.match(/<g><title>/gu)).toHaveLength(48);
    expect(html).toContain("Before the first column: 3 commits.");
    expect(markdown).toContain("Before that: 3 commits.");
  });

  test("gives the same bytes for the same inputs", () => {
    const first = reportOn(hostile());
    const second = render(first.folder);
    expect(second).toEqual(first);
  });

  test.each([
    ["is not JSON", "catalogue.json", "{", "Cannot read catalogue.json: it is not JSON"],
    ["is missing a total", "history.json", "null", "Cannot read history.json: found null, wanted a map"],
    [
      "is another file",
      "catalogue.json",
      '{"schema":"other/1"}',
      'Cannot read catalogue.json/schema: found "other/1", wanted repo-care.catalogue/1',
    ],
  ])("refuses an input that %s", (_, name, content, message) => {
    const root = repository();
    const { folder } = reportOn(root);
    put(folder, name, content);
    expect(callTool("report-render", { input: folder, output: folder })).toEqual({
      code: 1,
      stdout: "",
      stderr: `${message}\n`,
    });
  });

  test("refuses two inputs that are about different folders", () => {
    const { folder } = reportOn(repository());
    const other = repository();
    resultOf("git-history", { root: other, output: folder });
    const ran = callTool("report-render", { input: folder, output: folder });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^Cannot make one report: the catalogue is about .*, the history about /u);
  });
});

/** Splits a row as GitHub does: at each bar that no backslash escapes. */
function cells(row: string): readonly string[] {
  return row.match(/(?:\\.|[^|\\])+|\|/gu)?.filter((piece) => piece !== "|") ?? [];
}
