/** The findings file: whole counts, bounded lists, one order; and how files are read for it. */
import { symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listFiles } from "../tools/repository/catalogue/listing.ts";
import { deliverFindings } from "../tools/repository/findings/deliver-findings.ts";
import { Findings, type FindingsFile, type Found } from "../tools/repository/findings/findings.ts";
import { placesIn } from "../tools/repository/findings/places.ts";
import { type ScannedTree, fileBytesMax, scanTree } from "../tools/repository/findings/scan-tree.ts";
import { commit, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { readJson } from "./run-tool.ts";

const tool = { tool: "checker", version: "1.0.0", title: "Checks", about: "What it checks.", root: "/root" };
const tree: ScannedTree = { listed: 3, files: 3, bytes: 30, outOfScope: 0, skipped: [] };

function fileOf(found: readonly Found[]): FindingsFile {
  const findings = new Findings();
  for (const each of found) findings.add(each);
  return findings.file(tree, tool);
}

function finding(index: number, severity: Found["severity"] = "low"): Found {
  return { path: `f${index % 97}.txt`, line: index, column: 1, rule: "rule", severity, message: `number ${index}` };
}

const anyFound: fc.Arbitrary<Found> = fc.record({
  path: fc.constantFrom("a", "a/b", "b", "\xc3\xa4", "\xff"),
  line: fc.nat(5),
  column: fc.nat(3),
  rule: fc.constantFrom("one", "two"),
  severity: fc.constantFrom("high", "medium", "low"),
  message: fc.constantFrom("m", "n"),
  excerpt: fc.constant("x"),
});

describe("a findings file", () => {
  test("is the same whatever the order that findings come in", () => {
    fc.assert(
      fc.property(fc.array(anyFound, { maxLength: 40 }), fc.nat(), (found, turn) => {
        const at = found.length === 0 ? 0 : turn % found.length;
        const turned = [...found.slice(at), ...found.slice(0, at)].toReversed();
        expect(fileOf(turned)).toEqual(fileOf(found));
      }),
    );
  });

  test("names the weightiest and counts all when there are too many, whatever their order", () => {
    const many = Array.from({ length: 9000 }, (_, index) => finding(index, index % 3000 === 0 ? "high" : "low"));
    const file = fileOf(many);
    expect(file).toMatchObject({ truncated: true, counts: { total: 9000, high: 3, medium: 0, low: 8997 } });
    expect(file.findings.length).toBe(2000);
    expect(file.findings.filter((each) => each.severity === "high")).toHaveLength(3);
    expect(file.counts.byRule).toEqual([
      { rule: "rule", severity: "high", count: 3 },
      { rule: "rule", severity: "low", count: 8997 },
    ]);
    expect(fileOf(many.toReversed())).toEqual(file);
  });

  test("stays below two megabytes when every text is as bad as can be", () => {
    const bad = "\x01".repeat(4000);
    const many = Array.from({ length: 3000 }, (_, line) => {
      return { path: bad, line, column: 0, rule: "rule", severity: "low", message: bad, excerpt: bad } as const;
    });
    const findings = new Findings();
    for (const each of many) findings.add(each);
    const skipped = many.map(() => ({ path: bad, reason: "link" as const }));
    const rows = many.map(() => [bad, bad]);
    const tables = Array.from({ length: 9 }, () => ({ title: "t", columns: ["a", "b"], rows }));
    const file = findings.file({ ...tree, skipped }, { ...tool, tables });
    expect(JSON.stringify(file, undefined, 2).length).toBeLessThan(2 * 1024 ** 2);
    expect(file.findings.length).toBeGreaterThan(10);
    expect(file).toMatchObject({ truncated: true, counts: { total: 3000 }, scanned: { skipped: 3000 } });
    for (const table of file.tables) expect(table.rows.length + table.left).toBe(3000);
  });

  test("is delivered below the output folder, and the tool answers with its digest and counts", () => {
    const output = temporaryFolder();
    const file = fileOf([finding(1, "high"), finding(2)]);
    const { findings, ...result } = deliverFindings(output, file);
    expect(result).toEqual({
      scanned: file.scanned,
      counts: { total: 2, high: 1, medium: 0, low: 1 },
      truncated: false,
    });
    expect(findings.path).toBe(join(output, "findings/checker.json"));
    expect(findings.sha256).toBe(shell(output, "sha256sum findings/checker.json").slice(0, 64));
    expect(readJson(findings.path)).toEqual(file);
  });

  test("cuts a long text between characters, and decodes what it names", () => {
    const long = Buffer.from("ä".repeat(400)).toString("latin1");
    const [written] = fileOf([{ ...finding(1), message: long, path: "\xc3\xa4\xff" }]).findings;
    expect(written?.message).toBe(`${"ä".repeat(250)}...`);
    expect(written).toMatchObject({ path: "ä\\xff", pathBytes: Buffer.from([0xc3, 0xa4, 0xff]).toString("base64") });
  });
});

describe("places", () => {
  test("are what a count of lines and characters gives, for every offset", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", "\n", "ä", "😀", " ", "\r") });
    fc.assert(
      fc.property(texts, (text) => {
        const at = placesIn(Buffer.from(text).toString("latin1"));
        for (let index = 0; index < text.length; index += 1) {
          if (/[\udc00-\udfff]/u.test(text[index] ?? "")) continue; // inside a character
          const before = text.slice(0, index);
          const lines = before.split("\n");
          const offset = Buffer.byteLength(before);
          expect(at(offset)).toEqual({ line: lines.length, column: (lines.at(-1) ?? "").length + 1 });
        }
      }),
    );
  });
});

describe("a scan", () => {
  test("reads what is a file, and names everything else with its reason", async () => {
    const root = repository();
    put(root, "a.txt", "one\n");
    put(root, "utf16.txt", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("zwö\n", "utf16le")]));
    put(root, "bad-utf8.txt", Buffer.from([0x61, 0xff, 0x0a]));
    put(root, "image.png", Buffer.from([0x89, 0, 1]));
    put(root, "gone.txt", "gone\n");
    put(root, "out-of-scope.bin", "x");
    commit(root);
    shell(root, "rm gone.txt && ln -s loop loop && ln -s /etc folder-out && ln -s a.txt link");
    put(root, "large.txt", "");
    truncateSync(join(root, "large.txt"), fileBytesMax + 1);
    put(root, Buffer.from([0xfe]), "odd\n");
    const seen = new Map<string, string>();
    const listing = await listFiles(root, "/nowhere");
    const scanned = scanTree({ root, listing, wanted: (path) => !path.endsWith(".bin") }, ({ path, text }) => {
      seen.set(path, text);
    });
    expect(Object.fromEntries(seen)).toEqual({
      "a.txt": "one\n",
      "bad-utf8.txt": "a\xff\n",
      "utf16.txt": "zw\xc3\xb6\n",
      "\xfe": "odd\n",
    });
    expect(scanned.skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "folder-out: link",
      "gone.txt: missing",
      "image.png: binary",
      "large.txt: too large",
      "link: link",
      "loop: link",
    ]);
    expect(scanned.listed).toBe(scanned.files + scanned.outOfScope + scanned.skipped.length);
    expect(scanned).toMatchObject({ files: 4, outOfScope: 1, listed: listing.entries.length });
  });

  test("reads nothing through a folder that became a link, waits for no pipe, and names a closed folder", async () => {
    const root = temporaryFolder();
    const outside = temporaryFolder();
    put(outside, "file.txt", "theirs\n");
    put(root, "folder/file.txt", "mine\n");
    const listing = await listFiles(root, "/nowhere");
    shell(root, "rm -r folder && mkfifo pipe");
    symlinkSync(outside, join(root, "folder"));
    const entries = [...listing.entries, { path: "pipe", origin: "found", type: "file" } as const];
    const scanned = scanTree(
      { root, listing: { ...listing, entries, closedFolders: ["shut"] }, wanted: () => true },
      () => {
        throw new Error("nothing is read");
      },
    );
    expect(scanned).toMatchObject({
      listed: 3,
      files: 0,
      skipped: [
        { path: "folder/file.txt", reason: "missing" },
        { path: "pipe", reason: "special" },
        { path: "shut", reason: "closed folder" },
      ],
    });
  });
});
