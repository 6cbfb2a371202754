/** The link-checker: what it takes for a link and for an anchor, where links lead, and that no page holds it up. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listFiles } from "../tools/repository/catalogue/listing.ts";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { PageReader } from "../tools/repository/links/page-reader.ts";
import { readPage } from "../tools/repository/links/read-page.ts";
import { targetOf } from "../tools/repository/links/target.ts";
import { Tree, resolved } from "../tools/repository/links/tree.ts";
import { commit, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { readJson, resultOf } from "./run-tool.ts";

function targetsIn(text: string): readonly string[] {
  return readPage(text).links.map(({ target, line, column }) => `${line}:${column} ${target}`);
}

/** What the tool finds in a folder, as texts. */
function found(root: string): { readonly file: FindingsFile; readonly texts: readonly string[] } {
  const output = join(temporaryFolder(), "out");
  resultOf("link-checker", { root, output });
  const file = readJson<FindingsFile>(join(output, "findings/link-checker.json"));
  const texts = file.findings.map(({ path, line, rule, excerpt }) => `${path}:${line} ${rule} ${excerpt}`);
  return { file, texts };
}

describe("a page", () => {
  test.each([
    ["an image in a link", "[![a](b.png)](c.md)", ["1:1 c.md", "1:2 b.png"]],
    ["a definition, where it stands and not where it is used", "[a][b] [b]\n\n[b]: c.md", ["3:1 c.md"]],
    ["escapes and entities in a target", "[a](b\\_c&amp;d.md)", ["1:1 b_c&d.md"]],
    ["a target in pointed brackets", "[a](<b c.md>)", ["1:1 b c.md"]],
    ["an address by itself", "see https://example.org/a.", ["1:5 https://example.org/a"]],
    ["what stands behind letters beyond the first plane", "😀ä [a](b)", ["1:5 b"]],
    ["what stands behind a tab", "\t\t\n\n-\t[a](b)", ["3:3 b"]],
    ["lines that end as on another system", "a\r\n[a](b)\r\n[c](d)", ["2:1 b", "3:1 d"]],
    ["attributes in HTML, whatever their quotes", "<p><a\n href='b'>x</a> <IMG SRC=\"c\">", ["1:4 b", "2:17 c"]],
    ["source sets", '<img srcset="a.png, b.png 2x">', ["1:1 a.png", "1:1 b.png"]],
    ["nothing in a comment in HTML", '<div><!-- <a href="b"> --></div>', []],
    ["nothing in a script", "<script>\n'<a href=b>'\n</script>", []],
    ["nothing in front matter", "---\na: '[b](c)'\n---\n", []],
    ["nothing in an attribute of another name", '<a data-href="b" title="href=c">', []],
    ["a reference that nothing defines", "[a][b c] [`d`][e f]", ["1:1 b c", "1:10 e f"]],
    ["a reference over a line break", "[a\nb][c\nd]", ["1:1 c d"]],
    ["no index, call, task, footnote or number", "a[b][cc] f()[x][yy] [ ][x] [a][^bb] [1][22] \\[a][bb]", []],
    ["no reference in code", "`[a][bb]` x", []],
  ])("has %s", (_, text, wanted) => {
    expect(targetsIn(text)).toEqual(wanted);
  });

  test.each([
    ["# A\n# A\n# A-1", ["a", "a-1", "a-1-1"]],
    ["A\nb\n===", ["ab"]],
    ["# [a](b) ![c](d) `e_f` *g* <i>h</i>", ["a--e_f-g-h"]],
    ["<h2>A <b>b</b> &amp; c<!-- d --></h2>\n\n# a-b--c", ["a-b--c", "a-b--c-1"]],
    ["<h1>\n\nA *b*\n\n</h1>", ["a-b"]],
    ["<a name=x></a><p id='y'><b name=z>", ["x", "y"]],
    ["# A {#b}", ["a-b", "b"]],
    ["# A {: #b .c }", ["a--b-c-", "b"]],
    ["# A <a id=b></a>", ["a-", "a", "b"]],
    ["    # A\n\n```\n# B\n```\n", []],
  ])("of %j can be led to at %j", (text, wanted) => {
    expect(readPage(text).anchors).toEqual(wanted);
  });

  test("has every link once and where it stands, whatever stands around it", () => {
    const piece = fc.constantFrom("a", "\n", "\n\n", "- ", "> ", "# ", "ä", "😀", "\t", "`x`", "**b**", "| ", "1. ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(piece, { maxLength: 5 }), (before, behind) => {
        const text = `${before.join("")}\n\n[x](target-1.md)${behind.join("")}\n\n![y](target-2.md)`;
        for (const { target, line, column } of readPage(text).links) {
          const start =
            text
              .split("\n")
              .slice(0, line - 1)
              .join("\n").length +
            (line === 1 ? 0 : 1) +
            column -
            1;
          expect(text.slice(start)).toMatch(target === "target-1.md" ? /^\[x\]/u : /^!\[y\]/u);
        }
        expect(readPage(text).links.map(({ target }) => target)).toEqual(["target-1.md", "target-2.md"]);
      }),
    );
  });
});

describe("a target", () => {
  test.each([
    ["https://example.org", { kind: "external" }],
    ["//example.org/a", { kind: "external" }],
    ["mailto:a@example.org", { kind: "other" }],
    ["javascript:void(0)", { kind: "other" }],
    ["{{ site.url }}/a", { kind: "other" }],
    ["file:///etc/passwd", { kind: "machine" }],
    ["C:\\a", { kind: "machine" }],
    ["", { kind: "empty" }],
    ["#", { kind: "path", rooted: false, paths: [""], fragment: "" }],
    ["a.md?x=1#b", { kind: "path", rooted: false, paths: ["a.md"], fragment: "b" }],
    ["/a%20b", { kind: "path", rooted: true, paths: ["a b", "a%20b"], fragment: undefined }],
    ["100%.md", { kind: "path", rooted: false, paths: ["100%.md"], fragment: undefined }],
    ["%C3%A4", { kind: "path", rooted: false, paths: ["\xc3\xa4", "%C3%A4"], fragment: undefined }],
    ["ä#%C3%A4", { kind: "path", rooted: false, paths: ["\xc3\xa4"], fragment: "ä" }],
  ])("of %j is taken apart", (written, wanted) => {
    expect(targetOf(written)).toEqual(wanted);
  });

  test("never resolves to a path out of the root", () => {
    const part = fc.constantFrom("..", ".", "", "a", "b");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 9 }), (folder, path) => {
        const from = folder.filter((each) => /\w/u.test(each)).join("/");
        const to = resolved(from, path.join("/"));
        const real = join("/root", from, path.join("/"));
        if (to !== undefined) expect(join("/root", to)).toBe(real.replace(/(?<=.)\/$/u, ""));
        else expect(path).toContain("..");
      }),
    );
  });
});

describe("link-checker", () => {
  test("follows symbolic links inside the repository, and looks at nothing behind one that leads out", async () => {
    const root = repository();
    const outside = temporaryFolder();
    put(outside, "secret.md", "# Secret\n");
    put(root, "docs/v1/a.md", "# A\n");
    symlinkSync("v1", join(root, "docs/current"));
    symlinkSync("docs/current/a.md", join(root, "a.md"));
    symlinkSync(outside, join(root, "out"));
    symlinkSync("../../..", join(root, "docs/up"));
    symlinkSync("loop", join(root, "loop"));
    commit(root);
    const tree = new Tree(root, await listFiles(root, "/nowhere"));
    expect(tree.at("docs/current/a.md")).toEqual({ kind: "file", path: "docs/v1/a.md" });
    expect(tree.at("a.md")).toEqual({ kind: "file", path: "docs/v1/a.md" });
    expect(tree.at("docs/current")).toEqual({ kind: "folder", path: "docs/v1" });
    expect(tree.at("docs/current/b.md")).toEqual({ kind: "nothing" });
    expect(tree.at("loop")).toEqual({ kind: "nothing" });
    // The answer is the same whether something is there or not.
    for (const path of ["out/secret.md", "out/none.md", "out", "docs/up", "docs/up/etc/passwd"])
      expect(tree.at(path)).toEqual({ kind: "unseen" });
  });

  test("says what git ignores, whether it is there or not, and what was deleted", () => {
    const root = repository();
    put(root, ".gitignore", "build/\n*.log\n!keep.log\n");
    put(root, "gone.md", "x\n");
    put(root, "README.md", "[a](build/a.md) [b](x.log) [c](keep.log) [d](gone.md) [e](.git/config) [f](build)\n");
    commit(root);
    shell(root, "rm gone.md; touch x.log");
    expect(found(root).texts).toEqual([
      "README.md:1 untracked-target build/a.md",
      "README.md:1 untracked-target x.log",
      "README.md:1 missing-file keep.log",
      "README.md:1 missing-file gone.md",
      "README.md:1 untracked-target .git/config",
      "README.md:1 missing-file build",
    ]);
  });

  test("judges anchors across pages, whichever is read first, and lines of files", () => {
    const root = repository();
    put(root, "a.md", "# One\n[x](b.md#two) [y](b.md#TWO) [z](b.md#three) [p](p.py#L2) [q](p.py#L3-L4) [f](sub#in)\n");
    put(root, "b.md", "# Two\n[x](a.md#one)\n[a](a.md#none) <!-- toka:allow missing-anchor -->\n");
    put(root, "p.py", "1\n2");
    put(root, "sub/ReadMe.md", "# In\n");
    commit(root);
    const { file, texts } = found(root);
    expect(texts).toEqual([
      "a.md:2 anchor-case b.md#TWO",
      "a.md:2 missing-anchor b.md#three",
      "a.md:2 missing-anchor p.py#L3-L4",
    ]);
    expect(file.scanned).toMatchObject({ files: 3, outOfScope: 1, skipped: 0, allowed: 1 });
  });

  test("lists addresses outside by how often they are led to", () => {
    const root = repository();
    put(root, "a.md", "<https://b.example> [x](https://a.example)\n\n[y]: https://a.example\n[y] [z](//c.example)\n");
    const [addresses, unjudged] = found(root).file.tables;
    expect(addresses?.rows).toEqual([
      ["https://a.example", "2", "a.md:1"],
      ["//c.example", "1", "a.md:4"],
      ["https://b.example", "1", "a.md:1"],
    ]);
    expect(unjudged?.rows).toEqual([]);
  });

  test("writes no secret whole that stands in an address or in a path", () => {
    const root = repository();
    const [token, password] = [`AK${"IA"}QYLPMN5HHHFPZAM2`, "Wharf-61-Lantern"];
    const targets = [
      `https://ada:${password}@db.corp.net/x`,
      `https://corp.net/${token}/y#${"z".repeat(400)}`,
      `none/${token}.md`,
      `#${token}`,
      `${"y".repeat(295)}/${token}`,
    ];
    put(root, "a.md", targets.map((target) => `[a](${target})\n`).join("\n"));
    const { file, texts } = found(root);
    expect(texts).toHaveLength(3);
    expect(file.tables[0]?.rows).toHaveLength(2);
    for (const secret of [token.slice(4), password]) expect(JSON.stringify(file)).not.toContain(secret.slice(4));
  });

  test("reads a folder that is no repository, names that are no text, and bytes that are no text", () => {
    const root = temporaryFolder();
    put(root, Buffer.from("\xff.md", "latin1"), "# A\n");
    put(
      root,
      "a.md",
      Buffer.from("\xef\xbb\xbf# B\n[x](%FF.md#a) [y](%FF.md#b) \xff [z](%FE.md) [n](a%00b)\n", "latin1"),
    );
    expect(found(root).texts).toEqual([
      "a.md:2 missing-anchor %FF.md#b",
      "a.md:2 missing-file %FE.md",
      "a.md:2 missing-file a%00b",
    ]);
  });

  test("names a page with too many links, and goes on with the next", () => {
    const root = repository();
    put(root, "dense.md", `${"[a](b)".repeat(100)}\n\n`.repeat(210));
    put(root, "other.md", "[a](c)\n");
    const { file, texts } = found(root);
    expect(file).toMatchObject({ truncated: true, scanned: { files: 2, skipped: 0 } });
    expect(texts).toContain("other.md:1 missing-file c");
    expect(texts.filter((text) => text.includes("too-many-findings"))).toEqual([
      "dense.md:0 too-many-findings undefined",
    ]);
  });
});

describe("a reader of pages", () => {
  test("gives up pages that are made to hold it up, and reads the next", { timeout: 120_000 }, async () => {
    const reader = new PageReader({ pageCpuMs: 1000 });
    try {
      const good = "[a](b)\n# C\n";
      const read = { links: [{ target: "b", kind: "target", line: 1, column: 1 }], anchors: ["c"], truncated: false };
      expect(await reader.read(good)).toEqual(read);
      for (const piece of ["]", "*a_ ", "a\n=\n"]) {
        expect(await reader.read(piece.repeat(20_000)), piece).toBe("too dense");
        expect(await reader.read(good)).toEqual(read);
      }
      expect(await reader.read("a".repeat(2 * 1024 ** 2 + 1))).toBe("too large");
      expect(await reader.read(good)).toEqual(read);
    } finally {
      await reader.close();
    }
  });

  test("reads short pages only when pages that were given up took the time of all", { timeout: 120_000 }, async () => {
    const reader = new PageReader({ pageCpuMs: 1000, lostMost: { cpuMs: 1000, wallMs: 60_000 } });
    try {
      expect(await reader.read("]".repeat(20_000))).toBe("too dense");
      expect(await reader.read("a".repeat(50_001))).toBe("over the time of all files");
      expect(await reader.read("# A")).toMatchObject({ anchors: ["a"] });
    } finally {
      await reader.close();
    }
  });
});
