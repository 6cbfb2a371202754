/** Erasing on a whole vault: what is gone, what still verifies, and what somebody may try who wants it back or hides that it went. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Content, PayloadDraft, Receipt } from "@toka/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from "vitest";
import { backUp } from "../src/keep/back-up.ts";
import { verifyBackup } from "../src/keep/verify-backup.ts";
import { verifyFile } from "../src/proof/verify-file.ts";
import type { Vault } from "../src/vault.ts";
import type { VerifyReport } from "../src/verify/verify.ts";
import { verifyBothWays } from "./both-ways.ts";
import { rowsOf, tamper } from "./tampering.ts";
import { asRoot, createAt, live, newPlace, openAt, saying } from "./world.ts";

const place = newPlace();
const copy = join(place.dir, "copy");
const small = Buffer.from("the canary of 1902, rather small");
const large = Buffer.alloc(300_000, "the canary of 1903, which is large ");
const kept = "what nobody erases";
/** Every way in which the bytes could still be told: as they are, in base64 at each offset, and their own digest, which could be guessed against. */
const told: Buffer[] = [small, large.subarray(0, 64)].flatMap((bytes) => {
  const whole = bytes === small ? small : large;
  const digest = createHash("sha256").update(whole).digest();
  const encoded = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + 24).toString("base64"));
  const texts = [...encoded, bytes.toString("hex"), digest.toString("hex"), digest.toString("base64url")];
  return [bytes.subarray(0, 32), digest, ...texts.map((text) => Buffer.from(text))];
});

let vault: Vault;
let contents: readonly Content[] = [];
let erasedBy = 0;
let lines: string[] = [];
/** Salt and bytes of the small one as they were. */
let before: { readonly salt: Uint8Array; readonly bytes: Uint8Array } | undefined;

function said(draft: PayloadDraft, of: Vault = vault): Promise<Receipt> {
  return asRoot(of.machine, saying(draft), [draft]);
}

function erase(payloads: readonly Content[], of: Vault = vault): Promise<Receipt> {
  const commitments = payloads.map(({ commitment }) => commitment);
  return asRoot(of.machine, { type: "payload.erase", payloads: commitments, reason: "it was asked for" });
}

function filesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name));
}

/** Files in which anything of it stands. */
function holding(dir: string): readonly string[] {
  return filesIn(dir).filter((path) => {
    const bytes = readFileSync(path);
    return told.some((form) => bytes.includes(form));
  });
}

async function exported(of: Vault): Promise<string[]> {
  const found: string[] = [];
  const signal = new AbortController().signal;
  const options = { from: 1, to: null, only: null, redact: false, withhold: () => false, signal };
  for await (const line of of.prover.export(options)) found.push(line);
  return found;
}

beforeAll(async () => {
  vault = await createAt(place);
  await live(vault.machine);
  const drafts = [vault.machine.seal(small), vault.machine.seal(large)] as const;
  const stays = vault.machine.seal(kept);
  for (const draft of [...drafts, stays]) await said(draft);
  // Once more, as another entry would name it.
  await said(drafts[0]);
  await vault.checkpoint();
  contents = drafts.map(({ content }) => content);
  before = { salt: Uint8Array.from(drafts[0].salt), bytes: small };
  expect(holding(place.vault)).not.toEqual([]);
  erasedBy = (await erase(contents)).position ?? 0;
  lines = await exported(vault);
});
afterAll(async () => {
  await vault.close();
  place.clean();
});
beforeEach(async () => {
  rmSync(copy, { recursive: true, force: true });
});

describe("erasing", () => {
  test("leaves nothing of it in any file of the vault that holds it open, as bytes, encoded, or as a digest", async () => {
    expect(await vault.machine.scrub()).toBe(true);
    expect(holding(place.vault)).toEqual([]);
    for (const content of contents) {
      expect(await vault.machine.payload(content)).toBeUndefined();
      expect(await vault.machine.erasedAt(content)).toBe(erasedBy);
    }
  });

  test("leaves a vault that verifies, opens, and knows what was erased", async () => {
    place.copyOf("copy");
    expect(await verifyBothWays({ dir: copy, knownVaults: null })).toMatchObject({ ok: true, erased: 2 });
    const again = await openAt({ ...place, vault: copy });
    expect(await again.machine.erasedAt(contents[0] as Content)).toBe(erasedBy);
    await again.close();
    expect(holding(copy)).toEqual([]);
  });

  test("fails for what was erased before and for what never was, and writes nothing", async () => {
    const { position } = await vault.machine.head();
    await expect(erase(contents)).rejects.toMatchObject({ code: "payload_missing" });
    await expect(erase([vault.machine.seal("never").content])).rejects.toMatchObject({ code: "payload_missing" });
    expect((await vault.machine.head()).position).toBe(position);
  });

  test("lets nobody name it again, nor bring it back with the salt and bytes that it had", async () => {
    const { position } = await vault.machine.head();
    const [content] = contents;
    if (content === undefined || before === undefined) throw new Error("Cannot test: nothing was erased");
    const draft = { content, ...before };
    await expect(said(draft)).rejects.toMatchObject({ code: "payload_erased" });
    const named = { ...draft.content };
    await expect(
      asRoot(vault.machine, {
        type: "observation.emit",
        ...{ agent: null, kind: "finding", confidencePermille: 0, metadata: [], content: named },
      }),
    ).rejects.toMatchObject({ code: "payload_erased" });
    expect((await vault.machine.head()).position).toBe(position);
  });

  test("and naming it in the same moment come to one or the other, in their order", async () => {
    const draft = vault.machine.seal("named and erased at once");
    await said(draft);
    const outcomes = await Promise.allSettled([erase([draft.content]), said(draft), erase([draft.content])]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await vault.machine.payload(draft.content)).toBeUndefined();
  });

  test("is refused while something that lives needs it, and erases nothing", async () => {
    const agent = [...(await vault.machine.view((state) => [...state.definitions.values()]))][0];
    if (agent === undefined) throw new Error("Cannot test: there is no definition");
    const { outcome } = await erase([agent.source]);
    expect(outcome).toMatchObject({ refusal: { code: "payload_in_use", user: agent.id } });
    expect(await vault.machine.payload(agent.source)).toBeDefined();
  });

  test("waits for whoever reads the log at one moment, and is done when he is gone", async () => {
    const own = newPlace();
    const other = await createAt(own);
    try {
      const draft = other.machine.seal(small);
      await said(draft, other);
      const reader = new DatabaseSync(join(own.vault, "log.db"), { readOnly: true });
      reader.exec("BEGIN");
      reader.prepare("SELECT count(*) FROM entries").get();
      await erase([draft.content], other);
      expect(await other.machine.scrub()).toBe(false);
      expect(await other.machine.payload(draft.content)).toBeUndefined();
      reader.exec("COMMIT");
      reader.close();
      expect(await other.machine.scrub()).toBe(true);
      expect(holding(own.vault)).toEqual([]);
    } finally {
      await other.close();
      own.clean();
    }
  });
});

describe("a process that is killed", () => {
  test.each([
    ["between its entry and the scrubbing", "between"],
    ["while somebody who reads holds the scrubbing up", "waiting"],
  ])("%s leaves that to who opens the vault next, and then nothing is left in any file", async (_, when) => {
    const own = newPlace();
    try {
      const first = await createAt(own);
      const draft = first.machine.seal(small);
      await said(draft, first);
      await first.close();
      const script = fileURLToPath(new URL("erase-and-die.ts", import.meta.url));
      const text = large.subarray(0, 4_000).toString();
      const args = [script, own.vault, own.known, draft.content.commitment, text, when];
      const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"];
      const { signal, stderr } = spawnSync(process.execPath, [...flags, ...args], { encoding: "utf8" });
      expect({ signal, stderr }).toEqual({ signal: "SIGKILL", stderr: "" });
      const log = join(own.vault, "log.db");
      expect(holding(own.vault).toSorted()).toEqual([log, `${log}-wal`]);
      const again = await openAt(own);
      expect(await again.machine.payload(draft.content)).toBeUndefined();
      expect(await again.machine.erasedAt(draft.content)).toBe((await again.machine.head()).position);
      expect(holding(own.vault)).toEqual([]);
      await again.close();
      expect(await verifyBothWays({ dir: own.vault, knownVaults: null })).toMatchObject({ ok: true, erased: 2 });
      expect(holding(own.vault)).toEqual([]);
    } finally {
      own.clean();
    }
  });
});

describe("an export behind an erasure", () => {
  const verdictOf = async (text: readonly string[]): ReturnType<typeof verifyFile> => {
    const path = join(place.dir, "export");
    writeFileSync(path, text.map((line) => `${line}\n`).join(""));
    return verifyFile({ path, key: vault.key });
  };

  test("shows nothing of it, verifies, and tells it from what was left out", async () => {
    const whole = Buffer.from(lines.join("\n"));
    expect(told.filter((form) => whole.includes(form))).toEqual([]);
    const verdict = await verdictOf(lines);
    expect(verdict).toMatchObject({ ok: true, payloads: { absent: 0, erased: 2 } });
    expect(verdict.unproved.join("\n")).toContain("2 payloads that entries of the file erased");
  });

  test("is red when somebody puts it back into the file, before the entry that erased it or behind it", async () => {
    const [content] = contents;
    const salt = Buffer.from(before?.salt ?? []).toString("base64");
    const put = [
      JSON.stringify({ payload: content?.commitment, size: small.length, salt, children: [] }),
      JSON.stringify({ part: small.toString("base64") }),
    ];
    const named = lines.findIndex((line) => line.startsWith('{"entry"') && line.includes(content?.commitment ?? ""));
    const erasing = lines.findIndex((line) => line.includes("payload.erased"));
    for (const at of [named + 1, erasing + 1]) {
      const forged = lines.toSpliced(at, 0, ...put).map((line) => {
        return line.replace(/"payloads":(\d+)\}$/u, (_, count) => `"payloads":${Number(count) + 1}}`);
      });
      const { ok, firstBad } = await verdictOf(forged);
      expect(ok).toBe(false);
      expect(firstBad?.reason).toMatch(/erased the payload/);
    }
  });
});

describe("a backup", () => {
  const judgedInPython = (path: string): Record<string, unknown> | undefined => {
    const script = join(import.meta.dirname, "../../../tools/verify-py/verify.py");
    const env = { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout, error } = spawnSync("python3", [script, path, "--json"], { encoding: "utf8", env });
    return error === undefined ? JSON.parse(stdout) : undefined;
  };

  test("of a vault in which something was erased holds nothing of it, and verifies", async () => {
    const to = join(place.dir, "backup");
    const head = await vault.checkpoint();
    await backUp({ dir: place.vault, to, key: vault.key, head, signal: new AbortController().signal });
    const verdict = await verifyBackup({ path: to, key: vault.key });
    expect(verdict).toMatchObject({ ok: true, payloads: { absent: 0 } });
    expect(verdict.payloads.erased).toBeGreaterThanOrEqual(2);
    expect(judgedInPython(to) ?? { ok: true }).toMatchObject({ ok: true });
    for (const path of filesIn(to).filter((one) => one.endsWith(".gz"))) {
      const bytes = gunzipSync(readFileSync(path));
      expect(told.filter((form) => bytes.includes(form))).toEqual([]);
    }
  });

  test("that goes on behind an erasure forgets what it held before, and verifies", async () => {
    const own = newPlace();
    const other = await createAt(own);
    try {
      const to = join(own.dir, "backup");
      const draft = other.machine.seal(small);
      const later = other.machine.seal(large);
      await said(draft, other);
      const back = async (): Promise<void> => {
        const head = await other.checkpoint();
        await backUp({ dir: own.vault, to, key: other.key, head, signal: new AbortController().signal });
      };
      await back();
      await said(later, other);
      await erase([draft.content, later.content], other);
      await back();
      const verdict = await verifyBackup({ path: to, key: other.key });
      expect(verdict).toMatchObject({ ok: true, payloads: { whole: 0, absent: 0, erased: 2 } });
      for (const path of filesIn(to).filter((one) => one.endsWith(".gz")))
        expect(told.filter((form) => gunzipSync(readFileSync(path)).includes(form))).toEqual([]);
      expect(judgedInPython(to) ?? { ok: true }).toMatchObject({ ok: true });
    } finally {
      await other.close();
      own.clean();
    }
  });
});

describe("a vault in which something was erased", () => {
  const verify = (): Promise<VerifyReport> => verifyBothWays({ dir: copy, knownVaults: null });
  const idOf = (content: Content | undefined): number =>
    Number(rowsOf(copy, `SELECT id FROM payloads WHERE commitment = '${content?.commitment}'`)[0]?.["id"]);
  const other = (): number =>
    Number(rowsOf(copy, "SELECT min(id) AS id FROM payloads WHERE length(salt) > 0")[0]?.["id"]);

  const tamperings: readonly [string, () => void, RegExp][] = [
    [
      "content that was put back",
      () => {
        const id = idOf(contents[0]);
        tamper(copy, (db) =>
          db
            .prepare("UPDATE payloads SET salt = ?, bytes = ? WHERE id = ?")
            .run(before?.salt ?? null, before?.bytes ?? null, id),
        );
      },
      /which it erases, is there/,
    ],
    [
      "content blanked as if the entry had erased it",
      () => {
        const id = other();
        tamper(copy, (db) =>
          db.exec(`UPDATE payloads SET salt = X'', bytes = CAST('${erasedBy}' AS BLOB) WHERE id = ${id}`),
        );
      },
      /has no bytes, and no entry erased it/,
    ],
    [
      "content blanked in the name of no entry",
      () => {
        const id = other();
        tamper(copy, (db) => db.exec(`UPDATE payloads SET salt = X'', bytes = X'' WHERE id = ${id}`));
      },
      /not those committed to|not what is committed to/,
    ],
    [
      "another entry that is said to have erased it",
      () => {
        const id = idOf(contents[1]);
        tamper(copy, (db) => db.exec(`UPDATE payloads SET bytes = CAST('${erasedBy + 1}' AS BLOB) WHERE id = ${id}`));
      },
      /says that entry|another entry erased it/,
    ],
    [
      "an erased payload whose row is gone",
      () => {
        const id = idOf(contents[0]);
        tamper(copy, (db) => db.exec(`DELETE FROM payloads WHERE id = ${id}`));
      },
      /missing/,
    ],
    [
      "an erased payload that counts a reference more",
      () => {
        const id = idOf(contents[0]);
        tamper(copy, (db) => db.exec(`UPDATE payloads SET "references" = "references" + 1 WHERE id = ${id}`));
      },
      /more references/,
    ],
  ];

  test.each(tamperings)("is red with %s", async (_, change, reason) => {
    place.copyOf("copy");
    change();
    const { ok, firstBad } = await verify();
    expect(firstBad?.reason).toMatch(reason);
    expect(ok).toBe(false);
  });

  test("is judged so by the verifier in Python, too, and an export of it", (context: TestContext) => {
    if (spawnSync("python3", ["-c", "import sqlite3"]).status !== 0) context.skip("no python3 on this machine");
    const script = join(import.meta.dirname, "../../../tools/verify-py/verify.py");
    const judged = (path: string): Record<string, unknown> => {
      const env = { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" };
      const { stdout, stderr } = spawnSync("python3", [script, path, "--json"], { encoding: "utf8", env });
      expect(stderr).toBe("");
      return JSON.parse(stdout);
    };
    const path = join(place.dir, "python-export");
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    expect(judged(path)).toMatchObject({ ok: true, erased: 2, absent: 0 });
    const honest = place.copyOf("honest");
    expect(judged(honest)).toMatchObject({ ok: true, erased: expect.any(Number) });
    for (const [what, change, reason] of tamperings) {
      rmSync(copy, { recursive: true, force: true });
      cpSync(honest, copy, { recursive: true });
      change();
      const verdict = judged(copy);
      expect(verdict["ok"], what).toBe(false);
      expect(String(verdict["reason"]), what).toMatch(reason);
    }
  });
});
