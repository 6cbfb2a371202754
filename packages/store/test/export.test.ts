/** Exports of a vault, verified as somebody would who has the file alone; and what a forger may try with one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExportOptions } from "../src/proof/export.ts";
import type { FileVerdict } from "../src/proof/file-verdict.ts";
import { subtreesOver } from "../src/proof/gaps.ts";
import { verifyFile } from "../src/proof/verify-file.ts";
import type { Vault } from "../src/vault.ts";
import { asRoot, createAt, live, newPlace, prepare, sessionOf } from "./world.ts";

const place = newPlace();
let vault: Vault;
const middle = { size: 0, note: "" };
/** Entries in the vault. */
let size = 0;
/** A content of more than one line. */
const large = Buffer.alloc(3 * 1024 * 1024 + 7, "a large content ");

beforeAll(async () => {
  vault = await createAt(place);
  await prepare(vault.machine);
  Object.assign(middle, await vault.checkpoint());
  await live(vault.machine);
  const crew = vault.machine.seal(large);
  await asRoot(vault.machine, sessionOf(crew.content), [crew]);
  ({ size } = await vault.checkpoint());
});
afterAll(async () => {
  await vault.close();
  place.clean();
});

const all: ExportOptions = {
  from: 1,
  to: null,
  only: null,
  redact: false,
  withhold: () => false,
  signal: new AbortController().signal,
};

async function* these(positions: readonly number[]): AsyncIterable<number> {
  yield* positions;
}

async function linesOf(options: Partial<ExportOptions> = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of vault.prover.export({ ...all, ...options })) lines.push(line);
  return lines;
}

async function verdictOf(
  lines: readonly string[] | string,
  trusted: { readonly key?: string; readonly checkpoint?: string } = {},
): Promise<FileVerdict> {
  const path = join(place.dir, "export");
  writeFileSync(path, typeof lines === "string" ? lines : lines.map((line) => `${line}\n`).join(""));
  return verifyFile({ path, key: vault.key, ...trusted });
}

describe("an export", () => {
  test("of the whole log is decided again, with every payload, and continues an older checkpoint", async () => {
    const verdict = await verdictOf(await linesOf(), { checkpoint: middle.note });
    expect(verdict).toMatchObject({ ok: true, kind: "export", size, continues: middle.size, signedBy: "key" });
    const { "re-decided": decided, attested, included } = verdict.entries;
    expect({ all: decided + attested, included }).toEqual({ all: size, included: 0 });
    expect(attested).toBeGreaterThan(0);
    expect(verdict.payloads).toMatchObject({ absent: 0 });
    expect(verdict.payloads.whole).toBeGreaterThan(10);
  });

  test("from the first entry to one before the last is decided again, and the rest stands as hashes", async () => {
    const verdict = await verdictOf(await linesOf({ to: 9 }));
    expect(verdict).toMatchObject({ ok: true, size, entries: { included: 0 } });
    expect(verdict.entries["re-decided"] + verdict.entries.attested).toBe(9);
    expect(verdict.unproved.join("\n")).toContain(`the ${size - 9} entries that are left out`);
  });

  test("of any entries is included, whatever is left out between them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: size }), { minLength: 1 }), async (chosen) => {
        const positions = chosen.toSorted((left, right) => left - right);
        const verdict = await verdictOf(await linesOf({ only: these(positions) }));
        expect(verdict.firstBad).toBeUndefined();
        const prefix = positions.findIndex((position, at) => position !== at + 1);
        const decided = prefix === -1 ? positions.length : prefix;
        expect(verdict.entries.included).toBe(positions.length - decided);
      }),
      { numRuns: 25 },
    );
  });

  test("of a part leads to a checkpoint that lies in what is left out", async () => {
    const verdict = await verdictOf(await linesOf({ from: middle.size + 3 }), { checkpoint: middle.note });
    expect(verdict).toMatchObject({ ok: true, continues: middle.size });
  });

  test("without contents verifies, and no content, salt or digest of one stands in it", async () => {
    const lines = await linesOf({ redact: true });
    const verdict = await verdictOf(lines);
    expect(verdict).toMatchObject({ ok: true, payloads: { whole: 0 } });
    expect(verdict.payloads.absent).toBeGreaterThan(10);
    expect(verdict.unproved.join("\n")).toContain("payloads");
    const text = lines.join("\n");
    for (const content of ["what first counts", "the file as it was"])
      for (const form of ["utf8", "base64", "hex"] as const)
        expect(text).not.toContain(Buffer.from(content).toString(form));
  });

  test("leaves out what must not be shown, and says so", async () => {
    const lines = await linesOf({ withhold: (bytes) => Buffer.from(bytes).includes("what first counts") });
    expect((await verdictOf(lines)).payloads.absent).toBe(1);
    expect(lines.join("\n")).not.toContain(Buffer.from("what first counts").toString("base64"));
  });

  test("of what is not there is refused", async () => {
    for (const options of [{ from: 0 }, { from: 5, to: 4 }, { to: 1_000_000 }, { only: these([]) }])
      await expect(linesOf(options)).rejects.toMatchObject({ code: "no_such_entry" });
  });
});

describe("a forged export", () => {
  type Forge = (lines: readonly string[]) => readonly string[] | string;
  const change =
    (from: string, to: string): Forge =>
    (lines) => {
      const at = lines.findIndex((line, index) => index > 0 && line.includes(from));
      return lines.map((line, index) => (index === at ? line.replace(from, to) : line));
    };
  const without =
    (part: string): Forge =>
    (lines) => {
      const at = lines.findIndex((line) => line.includes(part));
      return lines.filter((_, index) => index !== at);
    };
  const outcome = '\\"outcome\\":{\\"events\\":[';
  const forgeries: readonly [string, Forge, RegExp][] = [
    ["with a changed entry", change('\\"name\\":\\"counter\\"', '\\"name\\":\\"c0unter\\"'), /entry \d+: /],
    ["with a changed outcome", change(outcome, '\\"outcome\\":{\\"refusal\\":['), /outcome is not the one/],
    ["without an entry", without("task.schedule"), /no entry before it|does not follow|position/],
    [
      "with an entry twice",
      (lines) => lines.flatMap((line) => (line.includes("task.schedule") ? [line, line] : [line])),
      /entry \d+/,
    ],
    ["with a changed content", change('"part":"d2hhd', '"part":"d2hhe'), /not those committed to/],
    [
      "with a changed salt",
      (lines) =>
        lines.map((line) => (line.startsWith('{"payload"') ? line.replace(/"salt":".{4}/u, '"salt":"AAAA') : line)),
      /not those committed to/,
    ],
    [
      "with a payload that nobody names",
      (lines) => [
        ...lines.slice(0, 2),
        `{"payload":"sha256:${"A".repeat(43)}","size":0,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","children":[]}`,
        ...lines.slice(2),
      ],
      /no entry before it names/,
    ],
    ["cut at the end", (lines) => lines.slice(0, -1), /the file is cut/],
    ["cut in a line", (lines) => lines.join("\n").slice(0, 5_000), /not JSON/],
    ["cut in a payload", without('"part":"YSBsYXJnZS') as Forge, /payload|part/],
    ["with another count", (lines) => [...lines.slice(0, -1), '{"end":true,"entries":1,"payloads":1}'], /it counts/],
    ["followed by something", (lines) => [...lines, "{}"], /something follows/],
    ["with a strange line", (lines) => [lines[0] ?? "", '{"gift":1}', ...lines.slice(1)], /no line of an export/],
    [
      "with another checkpoint",
      (lines) => lines.map((line, at) => (at === 0 ? line.replace(/\\n\d+\\n/u, "\\n3\\n") : line)),
      /not signed/,
    ],
    [
      "without a checkpoint",
      (lines) => lines.map((line, at) => (at === 0 ? line.replace(/"checkpoint":".*"/u, '"checkpoint":null') : line)),
      /"checkpoint" is not text/,
    ],
    ["that is not UTF-8", (lines) => lines.join("\n").replace("}", "\u{fffd}"), /not JSON/],
  ];

  test.each(forgeries)("%s is bad, with its line", async (_, forge, reason) => {
    const verdict = await verdictOf(forge(await linesOf()));
    expect(verdict.firstBad?.reason ?? "it verifies").toMatch(reason);
    expect(verdict.firstBad?.line).toBeGreaterThan(0);
  });

  const gaps: readonly [string, Forge, RegExp][] = [
    [
      "a changed hash",
      (lines) =>
        lines.map((line) => (line.startsWith('{"gap"') ? line.replace(/"hashes":\["..../u, '"hashes":["AAAA') : line)),
      /root/,
    ],
    ["a hash too few", (lines) => lines.map((line) => line.replace(/"hashes":\["[^"]*",/u, '"hashes":[')), /list of/],
    ["a longer gap", (lines) => lines.map((line) => line.replace(/"gap":\d+/u, '"gap":9000000')), /gap ends at/],
    ["an empty gap", (lines) => lines.map((line) => line.replace(/"gap":\d+/u, '"gap":0')), /gap ends at/],
    ["a changed entry", change('\\"type\\":', '\\"typ3\\":'), /root/],
    ["an entry of elsewhere", change('\\"position\\":', '\\"position\\":1'), /says position/],
  ];

  test.each(gaps)("in parts, with %s, is bad", async (_, forge, reason) => {
    const verdict = await verdictOf(forge(await linesOf({ only: these([6, 7, 20]) })));
    expect(verdict.firstBad?.reason ?? "it verifies").toMatch(reason);
  });

  test("with one byte changed anywhere never verifies as what it was", async () => {
    const lines = await linesOf({ to: 12 });
    const text = `${lines.join("\n")}\n`;
    const good = await verdictOf(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 33, max: 126 }), async (at, code) => {
        if (text.charCodeAt(at) === code) return;
        const verdict = await verdictOf(text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1));
        // White space, an escape or a word that nothing reads may differ; what is told of the log may not.
        if (verdict.ok) expect({ ...verdict, unproved: [] }).toEqual({ ...good, unproved: [] });
      }),
      { numRuns: 150 },
    );
  });

  test("that is endless without a line's end is bad at once", async () => {
    const path = join(place.dir, "endless");
    writeFileSync(path, Buffer.alloc(17 * 1024 * 1024, "x"));
    expect((await verifyFile({ path })).firstBad).toMatchObject({
      line: 1,
      reason: expect.stringContaining("more than"),
    });
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });
});

test("subtrees over a range cover it, in order, each at a place of its size", () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (begin, length) => {
      let at = begin;
      for (const { level, index } of subtreesOver(begin, begin + length)) {
        expect(index * 2 ** level).toBe(at);
        at += 2 ** level;
      }
      expect(at).toBe(begin + length);
    }),
  );
});
