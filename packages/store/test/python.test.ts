/** The independent verifier in Python: it agrees on honest vaults and exports, golden and fresh, and every tampering is red there, too. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from "vitest";
import { createLogFile } from "../src/backends/sqlite/file.ts";
import { signCheckpoint } from "../src/checkpoint.ts";
import { contentsOf } from "../src/contents.ts";
import { bytesOfDigest, digestOf } from "../src/digest.ts";
import { generateKey, signerOf } from "../src/note.ts";
import { backUp } from "../src/keep/back-up.ts";
import { restoreVault } from "../src/keep/restore.ts";
import { openVault } from "../src/vault.ts";
import type { ExportOptions } from "../src/proof/export.ts";
import { forge, tamper } from "./tampering.ts";
import { asRoot, createAt, live, newPlace } from "./world.ts";

const folder = join(import.meta.dirname, "../../../tools/verify-py");
const place = newPlace();
const copy = join(place.dir, "copy");
const kept = join(place.dir, "kept");
const never = new AbortController().signal;
const honest = { entries: 0, key: "", whole: [] as string[], part: [] as string[] };

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

async function* these(positions: readonly number[]): AsyncIterable<number> {
  yield* positions;
}

beforeAll(async () => {
  const vault = await createAt(place);
  await live(vault.machine);
  const options: ExportOptions = {
    ...{ from: 1, to: null, only: null, redact: false },
    withhold: () => false,
    signal: new AbortController().signal,
  };
  honest.entries = (await vault.checkpoint()).size;
  await backUp({ ...{ dir: place.vault, to: kept, key: vault.key, signal: never }, head: await vault.checkpoint() });
  await asRoot(vault.machine, { type: "principal.register", name: "late", kind: "person" });
  await backUp({ ...{ dir: place.vault, to: kept, key: vault.key, signal: never }, head: await vault.checkpoint() });
  honest.entries = (await vault.checkpoint()).size;
  honest.whole = await linesOf(vault.prover.export(options));
  honest.part = await linesOf(vault.prover.export({ ...options, only: these([3, 9, 10, 21]) }));
  honest.key = vault.key;
  await vault.close();
});
afterAll(() => place.clean());
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(place.vault, copy, { recursive: true });
});

interface Verdict {
  readonly ok: boolean;
  readonly reason?: string;
  readonly included?: number;
  readonly hashOnly?: number;
  readonly payloads?: number;
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;

function verify(context: TestContext, path: string, key: string | null = honest.key): Verdict {
  if (!hasPython) context.skip("no python3 on this machine");
  const more = key === null ? [] : ["--key", key];
  const { stdout, stderr } = spawnSync("python3", [join(folder, "verify.py"), path, "--json", ...more], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Verdict;
}

function fileOf(lines: readonly string[]): string {
  const path = join(place.dir, "file");
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

describe("the verifier in Python", () => {
  test("checks the published signatures of Ed25519, and no other", (context) => {
    if (!hasPython) context.skip("no python3 on this machine");
    // Source: RFC 8032 section 7.1, tests 1 and 2.
    const script = `
import ed25519
h = bytes.fromhex
one = (h("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), b"", h("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"))
two = (h("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), h("72"), h("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"))
print([ed25519.verify(*one), ed25519.verify(*two)])
wrong = [(one[0], b"x", one[2]), (two[0], one[1], one[2]), (one[0], b"", one[2][:63] + b"\\x00"), (one[0], b"", bytes([one[2][0] ^ 1]) + one[2][1:])]
order = 2**252 + 27742317777372353535851937790883648493
greater = one[2][:32] + (int.from_bytes(one[2][32:], "little") + order).to_bytes(32, "little")
wrong += [(one[0], b"", greater), (b"\\xff" * 32, b"", one[2]), (one[0], b"", b"")]
print([ed25519.verify(*each) for each in wrong])
`;
    const { stdout } = spawnSync("python3", ["-B", "-c", script], { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe(`[True, True]\n[${Array(7).fill("False").join(", ")}]\n`);
  });

  test("finds a fresh vault whole, every entry included", (context) => {
    expect(verify(context, copy)).toMatchObject({ ok: true, included: honest.entries, hashOnly: 0, payloads: 15 });
  });

  test("says of entries behind the last checkpoint that they are hashes only", async (context) => {
    const own = newPlace();
    try {
      const vault = await createAt(own);
      await live(vault.machine);
      const { size } = await vault.checkpoint();
      await asRoot(vault.machine, { type: "principal.register", name: "late", kind: "person" });
      rmSync(copy, { recursive: true, force: true });
      cpSync(own.vault, copy, { recursive: true });
      expect(verify(context, copy, vault.key)).toMatchObject({ ok: true, included: size, hashOnly: 1 });
      tamper(copy, (db) => db.exec("DELETE FROM checkpoints WHERE size > 2"));
      expect(verify(context, copy, vault.key)).toMatchObject({ ok: true, included: 2, hashOnly: size - 1 });
      await vault.close();
    } finally {
      own.clean();
    }
  });

  test("finds the golden vault whole", (context) => {
    const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden/history.json"), "utf8")) as {
      readonly publicKey: string;
      readonly [table: string]: unknown;
    };
    rmSync(copy, { recursive: true });
    mkdirSync(copy);
    writeGolden(golden as never);
    expect(verify(context, copy, golden.publicKey)).toMatchObject({ ok: true });
  });

  test("finds frozen vaults whole", (context) => {
    const frozen = join(import.meta.dirname, "golden/frozen");
    for (const name of readdirSync(frozen).filter((one) => one !== "SHA256SUMS")) {
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(frozen, name), copy, { recursive: true });
      expect(verify(context, copy, null)).toMatchObject({ ok: true });
    }
  });

  test("finds exports whole, and whose they are", (context) => {
    expect(verify(context, fileOf(honest.whole))).toMatchObject({ ok: true, included: honest.entries, absent: 0 });
    expect(verify(context, fileOf(honest.part))).toMatchObject({ ok: true, included: 4 });
    expect(verify(context, fileOf(honest.whole), null)).toMatchObject({ ok: true, signedBy: "file" });
    const other = signerOf(`toka/vault-${"0".repeat(32)}`, generateKey()).verifier.text;
    expect(verify(context, fileOf(honest.whole), other).reason).toContain("its key is another");
  });
});

interface GoldenRows {
  readonly entries: readonly Record<string, string | number | null>[];
  readonly payloads: readonly {
    readonly [column: string]: unknown;
    readonly children: readonly string[];
  }[];
  readonly privateKey: string;
}

/** Its checkpoints are signed anew: one of the golden ones stands before the entry that records the key, for a test of its own. */
function writeGolden({ entries, payloads, privateKey }: GoldenRows): void {
  createLogFile(join(copy, "log.db"));
  const db = new DatabaseSync(join(copy, "log.db"));
  for (const row of entries) {
    const { position, digest, timeMs, kind, principal, agent, session, outcome, bytes } = row;
    const values = [position, digest, timeMs, kind, principal, agent, session, outcome, bytes];
    db.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)").run(...values.map((value) => value ?? null));
  }
  // The golden file lists payloads in another order than that in which entries name them.
  const [held, order] = [new Map(payloads.map((payload) => [payload["commitment"], payload])), new Set<unknown>()];
  const name = (commitment: unknown): void => {
    if (order.has(commitment)) return;
    order.add(commitment);
    held.get(commitment)?.children.forEach(name);
  };
  for (const { bytes } of entries)
    for (const { commitment } of contentsOf(JSON.parse(String(bytes)).operation)) name(commitment);
  for (const [at, commitment] of [...order].entries()) {
    const payload: GoldenRows["payloads"][number] = held.get(commitment) ?? { children: [] };
    const { references, salt, bytes, children } = payload;
    const blobs = [salt, bytes].map((text) => Buffer.from(String(text), "base64"));
    const values = [at + 1, String(commitment), Number(references), ...blobs, children.join(" ")] as const;
    db.prepare("INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)").run(...values);
  }
  const { verifier, ...signer } = signerOf(
    String(JSON.parse(String(entries[1]?.["bytes"])).operation.publicKey.split("+")[0]),
    privateKey,
  );
  let previous = 0;
  for (const size of [2, 8, entries.length]) {
    const { root, state } = entries[size - 1] ?? {};
    const checkpoint = {
      origin: verifier.name,
      size,
      root: bytesOfDigest(String(root)),
      state: String(state),
      previous,
    };
    db.prepare("INSERT INTO checkpoints VALUES (?, ?)").run(size, signCheckpoint(checkpoint, { verifier, ...signer }));
    previous = size;
  }
  db.close();
}

describe("a tampered vault is red in Python", () => {
  const sql = (text: string) => () => tamper(copy, (db) => db.exec(text));
  const tamperings: readonly [string, () => void, RegExp][] = [
    [
      "a letter of an entry",
      sql("UPDATE entries SET bytes = replace(bytes, 'counter', 'c0unter') WHERE bytes LIKE '%counter%'"),
      /digest is not that/,
    ],
    [
      "an entry and its digest",
      () =>
        tamper(copy, (db) => {
          const bytes = String(db.prepare("SELECT bytes FROM entries WHERE position = 6").get()?.["bytes"]).replace(
            "timeMs",
            "timeMS",
          );
          db.prepare("UPDATE entries SET bytes = ?, digest = ? WHERE position = 6").run(bytes, digestOf(`\0${bytes}`));
        }),
      /another form/,
    ],
    [
      "an entry as bytes that are no text",
      sql("UPDATE entries SET bytes = CAST(X'ff' AS TEXT) WHERE position = 5"),
      /digest is not that|UTF-8/,
    ],
    ["a missing entry in the middle", sql("DELETE FROM entries WHERE position = 7"), /entry 7: missing/],
    [
      "a missing entry at the end",
      sql("DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)"),
      /missing/,
    ],
    [
      "two entries in each other's place",
      () =>
        forge(copy, {
          entries: (all) => {
            [all[4], all[5]] = [all[5] as never, all[4] as never];
          },
        }),
      /not those of position|does not follow/,
    ],
    ...["time_ms = 1", "kind = 'x'", "principal = 'x'", "agent = 'x'", "session = 'x'", "outcome = 'x'"].map(
      (column): [string, () => void, RegExp] => [
        `the column ${column}`,
        sql(`UPDATE entries SET ${column} WHERE position = 9`),
        /columns/,
      ],
    ),
    ["a content", sql("UPDATE payloads SET bytes = CAST('x' AS BLOB) WHERE id = 3"), /not what is committed to/],
    ["a salt", sql("UPDATE payloads SET salt = zeroblob(16) WHERE id = 3"), /not what is committed to/],
    ["a payload that is gone", sql("DELETE FROM payloads WHERE id = 4"), /is missing/],
    [
      "a payload that nobody names",
      sql(`INSERT INTO payloads VALUES (99, '${digestOf("")}', 1, zeroblob(16), X'', '')`),
      /named by no entry/,
    ],
    [
      "a reference too many",
      sql('UPDATE payloads SET "references" = "references" + 1 WHERE id = 2'),
      /more references/,
    ],
    ["a reference too few", sql('UPDATE payloads SET "references" = 0 WHERE id = 2'), /counts 0/],
    [
      "a checkpoint's root",
      sql("UPDATE checkpoints SET note = replace(note, 'state ', 'stat3 ') WHERE size = 2"),
      /signature/,
    ],
    [
      "a checkpoint out of the row",
      () =>
        tamper(copy, (db) => {
          db.exec("DELETE FROM checkpoints WHERE size = 2");
        }),
      /predecessor/,
    ],
    ["another key", () => forge(copy, { key: generateKey() }), /not signed|signature/],
    [
      "a missing trigger",
      () => {
        const db = new DatabaseSync(join(copy, "log.db"));
        db.exec("DROP TRIGGER entries_stay");
        db.close();
      },
      /tables or triggers/,
    ],
    [
      "another table",
      () => {
        const db = new DatabaseSync(join(copy, "log.db"));
        db.exec("CREATE TABLE more (x)");
        db.close();
      },
      /tables or triggers/,
    ],
    [
      "another format",
      () => {
        const db = new DatabaseSync(join(copy, "log.db"));
        db.exec("PRAGMA user_version = 99");
        db.close();
      },
      /a newer Toka wrote it, with tables of layout 99/,
    ],
    ["no log", () => rmSync(join(copy, "log.db")), /no log.db/],
    [
      "a file of garbage",
      () => writeFileSync(join(copy, "log.db"), "garbage".repeat(1_000)),
      /not a database|malformed/,
    ],
  ];

  test.for(tamperings)("with %s", ([, change, reason], context) => {
    change();
    const verdict = verify(context, copy);
    expect(verdict.ok, JSON.stringify(verdict)).toBe(false);
    expect(verdict.reason).toMatch(reason);
  });
});

describe("a forged export is red in Python", () => {
  const forgeries: readonly [string, (lines: readonly string[]) => readonly string[]][] = [
    [
      "a changed entry",
      (lines) => lines.map((line) => line.replace("c\\\\ounter", "").replace('\\"counter\\"', '\\"c0unter\\"')),
    ],
    ["a missing entry", (lines) => lines.filter((_line, at) => at !== 3)],
    ["a changed content", (lines) => lines.map((line) => line.replace(/"part":"..../u, '"part":"AAAA'))],
    ["a changed salt", (lines) => lines.map((line) => line.replace(/"salt":"..../u, '"salt":"AAAA'))],
    ["no end", (lines) => lines.slice(0, -1)],
    ["another count", (lines) => [...lines.slice(0, -1), '{"end":true,"entries":1,"payloads":0}']],
    ["something behind the end", (lines) => [...lines, "{}"]],
    ["a strange line", (lines) => [...lines.slice(0, 2), '{"gift":1}', ...lines.slice(2)]],
    ["garbage", () => ["garbage"]],
    ["another size", (lines) => lines.map((line, at) => (at === 0 ? line.replace(/\\n\d+\\n/u, "\\n9\\n") : line))],
  ];

  test.for(forgeries)("with %s", ([, change], context) => {
    expect(verify(context, fileOf(change(honest.whole))).ok).toBe(false);
  });

  test("with another hash for what is left out", (context) => {
    const lines = honest.part.map((line) => line.replace(/"hashes":\["..../u, '"hashes":["AAAA'));
    expect(verify(context, fileOf(lines)).reason).toContain("signed root");
    expect(existsSync(folder)).toBe(true);
  });
});

describe("a backup in Python", () => {
  test("of a vault that was restored is included whole, with the checkpoints of the one before, and so is the vault", async (context) => {
    if (!hasPython) context.skip("no python3 on this machine");
    const at = { into: join(place.dir, "again"), to: join(place.dir, "kept-again") };
    const trusted = { key: honest.key };
    await restoreVault({ from: kept, into: at.into, trusted, until: {}, knownVaults: null, signal: never });
    const again = await openVault({ dir: at.into, knownVaults: null });
    const head = await again.checkpoint();
    await backUp({ dir: at.into, to: at.to, key: again.key, head, signal: never });
    await again.close();
    for (const path of [at.into, at.to])
      expect(verify(context, path, again.key)).toMatchObject({ ok: true, included: head.size, hashOnly: 0 });
  });

  test("is included whole, in two segments", (context) => {
    expect(verify(context, kept)).toMatchObject({ ok: true, included: honest.entries, hashOnly: 0, payloads: 15 });
  });

  type Harm = (path: string, other: string) => void;
  const inLines =
    (change: (text: string) => string): Harm =>
    (path) =>
      writeFileSync(path, gzipSync(change(gunzipSync(readFileSync(path)).toString("utf8"))));
  test.for<readonly [string, Harm]>([
    ["a segment that is gone", (path) => rmSync(path)],
    ["a segment in another's place", (path, other) => cpSync(other, path)],
    ["a segment that is cut", (path) => writeFileSync(path, readFileSync(path).subarray(0, 900))],
    ["no checkpoint among its entries", inLines((text) => text.replace(/\{"signed".*\n/u, ""))],
    ["another checkpoint among its entries", inLines((text) => text.replace(/(\{"signed".*\\n)2(\\n)/u, "$13$2"))],
    ["another gap", inLines((text) => text.replace(/"hashes":\["..../u, '"hashes":["AAAA'))],
    ["no gap", inLines((text) => text.replace(/\{"gap".*\n/u, ""))],
    [
      "a missing payload",
      inLines((text) => text.replace(/\{"payload".*\n\{"part".*\n/u, "").replace(/"payloads":15/u, '"payloads":14')),
    ],
  ])("is red with %s", ([, harm], context) => {
    if (!hasPython) context.skip("no python3 on this machine");
    const [first = "", second = ""] = readdirSync(kept).filter((name) => name.endsWith(".gz"));
    const segments = [join(copy, first), join(copy, second)] as const;
    const kinds = [segments, [segments[1], segments[0]] as const];
    // Whatever can be done to either of the two segments; what one of them has nothing of stays as it was.
    const verdicts = kinds.map(([one, other]) => {
      rmSync(copy, { recursive: true, force: true });
      cpSync(kept, copy, { recursive: true });
      harm(one, other);
      return verify(context, copy);
    });
    expect(
      verdicts.some(({ ok }) => !ok),
      JSON.stringify(verdicts),
    ).toBe(true);
  });
});
