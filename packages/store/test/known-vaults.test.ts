/** The known-vaults file: several vaults, several writers, damage. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { signCheckpoint } from "../src/checkpoint.ts";
import { zeroDigest } from "../src/digest.ts";
import { knownOf, readKnownVaults, recordKnownVault, type KnownVault } from "../src/known-vaults.ts";
import { tryLock } from "../src/lock.ts";
import { generateKey, signerOf } from "../src/note.ts";

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-known-"));
  file = join(dir, "config", "known-vaults");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const signer = signerOf("toka/vault-1", generateKey());

function seen(path: string, size: number, vault = "vault-1"): KnownVault {
  const checkpoint = signCheckpoint(
    { origin: `toka/${vault}`, size, root: Buffer.alloc(32), state: zeroDigest, previous: 0 },
    signer,
  );
  return { path, vault, key: signer.verifier.text, checkpoint, size };
}

describe("known vaults", () => {
  test("are none when there is no file", async () => {
    expect(await readKnownVaults(file)).toEqual([]);
  });

  test("are all there when many are recorded at once, and the file is its owner's alone", async () => {
    const all = Array.from({ length: 20 }, (_, index) => seen(`/vaults/${index}`, 10 + index));
    await Promise.all(all.map((one) => recordKnownVault(file, one)));
    const known = await readKnownVaults(file);
    expect(known.toSorted((left, right) => left.size - right.size)).toEqual(all);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("keep the larger checkpoint when a smaller one of the same vault comes late", async () => {
    await recordKnownVault(file, seen("/vaults/a", 20));
    await recordKnownVault(file, seen("/vaults/a", 10));
    expect((await readKnownVaults(file)).map((one) => one.size)).toEqual([20]);
  });

  test("are found by path, and by id when the vault was moved", async () => {
    await recordKnownVault(file, seen("/vaults/a", 20));
    await recordKnownVault(file, seen("/vaults/b", 30, "vault-2"));
    const known = await readKnownVaults(file);
    expect(knownOf(known, { path: "/vaults/b", vault: "vault-1" })?.vault).toBe("vault-2");
    expect(knownOf(known, { path: "/vaults/moved", vault: "vault-1" })?.path).toBe("/vaults/a");
    expect(knownOf(known, { path: "/vaults/new", vault: "vault-3" })).toBeUndefined();
  });

  test.each([
    ["not JSON", "{"],
    ["of another format", '{"format":2,"vaults":[]}'],
    ["without vaults", '{"format":1}'],
    ["with a vault that lacks a field", '{"format":1,"vaults":[{"path":"/a","vault":"v","key":"k"}]}'],
    [
      "with a checkpoint that has no size",
      '{"format":1,"vaults":[{"path":"/a","vault":"v","key":"k","checkpoint":"x"}]}',
    ],
  ])("fail with known_vaults_damaged and are never overwritten when the file is %s", async (_, text) => {
    await recordKnownVault(file, seen("/vaults/a", 20));
    writeFileSync(file, text);
    await expect(readKnownVaults(file)).rejects.toMatchObject({ code: "known_vaults_damaged", retry: "never" });
    await expect(recordKnownVault(file, seen("/vaults/b", 1))).rejects.toMatchObject({ code: "known_vaults_damaged" });
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("wait for whoever holds the lock", async () => {
    await recordKnownVault(file, seen("/vaults/a", 1));
    const lock = tryLock(`${file}.lock`);
    const recording = recordKnownVault(file, seen("/vaults/b", 2));
    expect((await readKnownVaults(file)).length).toBe(1);
    lock?.release();
    await recording;
    expect((await readKnownVaults(file)).length).toBe(2);
  });
});
