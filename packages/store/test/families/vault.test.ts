/** A vault with a family: decided, kept, read again and verified, also where its bundle never was. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import fc from "fast-check";
import { type Digest, familyRowsOf, type Operation, type Outcome, type PlainRefusal } from "@toka/kernel";
import { digestOf } from "../../src/digest.ts";
import { engineVersion } from "../../src/families/engine.ts";
import { forkVault } from "../../src/fork/fork-vault.ts";
import { backUp } from "../../src/keep/back-up.ts";
import { verifyBackup } from "../../src/keep/verify-backup.ts";
import { keepState } from "../../src/kept-states.ts";
import { verifyFile } from "../../src/proof/verify-file.ts";
import { vaultFiles } from "../../src/vault-files.ts";
import { openVault, type Vault } from "../../src/vault.ts";
import { verifyBothWays, verifyByHalves } from "../both-ways.ts";
import { forge, tamper, type OpenEntry } from "../tampering.ts";
import { asRoot, createAt, newPlace, openAt, root, steadyClock, type Place } from "../world.ts";

const source = readFileSync(new URL("../../../../examples/families/ledger/family.js", import.meta.url), "utf8");

let place: Place;
let vault: Vault;
beforeEach(async () => {
  place = newPlace();
  vault = await createAt(place);
  await enable(source, 1);
});
afterEach(async () => {
  await vault.close();
  place.clean();
});

async function enable(text: string, version: number): Promise<Outcome> {
  const bundle = vault.machine.seal(text);
  const operation: Operation = {
    type: "family.enable",
    family: "ledger",
    version,
    bundle: bundle.content,
    program: digestOf(text),
    engine: engineVersion,
  };
  return (await vault.machine.submit(operation, { caller: root, payloads: [bundle] })).outcome;
}

function callOf(verb: string, body: object): Operation {
  return { type: "family.call", family: "ledger", verb, body: JSON.stringify(body) };
}

async function ask(verb: string, body: object): Promise<PlainRefusal | undefined> {
  const { outcome } = await vault.machine.submit(callOf(verb, body), { caller: root });
  return "refusal" in outcome ? (outcome.refusal as PlainRefusal) : undefined;
}

async function rows(): Promise<Readonly<Record<string, number>>> {
  const all = await vault.machine.view((state) => familyRowsOf(state, "ledger"));
  return Object.fromEntries(all.map(([key, value]) => [key, Number(value)]));
}

async function lived(): Promise<void> {
  for (const account of ["ann", "ben"]) await ask("open", { account });
  await ask("credit", { account: "ann", amount: 100 });
  await ask("transfer", { from: "ann", to: "ben", amount: 30, memo: "lunch" });
}

async function bundleInForce(): Promise<Digest> {
  const bundle = await vault.machine.view(({ families }) => families.get("ledger")?.bundle);
  if (bundle === undefined) throw new Error("Cannot test: the family is not enabled");
  return bundle.commitment;
}

const verify = (): ReturnType<typeof verifyBothWays> => verifyBothWays({ dir: place.vault, knownVaults: null });

describe("accounts that cannot be overdrawn", () => {
  test("move what they have and no more", async () => {
    await lived();
    expect(await ask("transfer", { from: "ann", to: "ben", amount: 71 })).toEqual({
      code: "family_refused",
      family: "ledger",
      version: 1,
      reason: "overdrawn",
      detail: '{"available":70,"wanted":71}',
    });
    expect(await ask("open", { account: "ann" })).toMatchObject({ reason: "account_exists" });
    expect(await ask("transfer", { from: "ann", to: "eve", amount: 1 })).toMatchObject({ reason: "account_unknown" });
    expect(await ask("credit", { account: "ann", amount: -1 })).toMatchObject({
      code: "family_failed",
      reason: "body",
    });
    expect(await rows()).toEqual({ "account/ann": 70, "account/ben": 30, total: 100 });
  });

  test("are all or none in a batch, of which each sees what those before it did", async () => {
    await lived();
    const move = (from: string, to: string, amount: number): Operation => callOf("transfer", { from, to, amount });
    const operations = [move("ann", "ben", 70), move("ben", "ann", 100)] as never;
    expect((await asRoot(vault.machine, { type: "batch", operations })).outcome).toHaveProperty("events");
    const over = [move("ann", "ben", 100), move("ann", "ben", 1)] as never;
    const { outcome } = await vault.machine.submit({ type: "batch", operations: over }, { caller: root });
    expect(outcome).toMatchObject({ refusal: { code: "batch_refused", index: 1 } });
    expect(await rows()).toEqual({ "account/ann": 100, "account/ben": 0, total: 100 });
  });

  test("conserve their sum and are never negative, whatever is asked", async () => {
    const names = ["a", "b", "c"];
    for (const account of names) await ask("open", { account });
    const name = fc.constantFrom(...names, "d");
    const amount = fc.oneof(fc.integer({ min: -5, max: 60 }), fc.constantFrom(2 ** 53 - 1, 0.5));
    const asking = fc.oneof(
      fc.record({ verb: fc.constant("credit"), body: fc.record({ account: name, amount }) }),
      fc.record({ verb: fc.constant("transfer"), body: fc.record({ from: name, to: name, amount }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(asking, { maxLength: 12 }), async (all) => {
        for (const { verb, body } of all) {
          if (Number.isSafeInteger(body.amount)) await ask(verb, body);
        }
        const { total = 0, ...accounts } = await rows();
        expect(Object.values(accounts).every((balance) => balance >= 0)).toBe(true);
        expect(Object.values(accounts).reduce((sum, balance) => sum + balance, 0)).toBe(total);
      }),
      { numRuns: 30 },
    );
    await vault.close();
    expect(await verify()).toMatchObject({ ok: true, hashOnly: 0 });
  });
});

describe("a vault with a family", () => {
  test("is the same when it is opened again, and goes on", async () => {
    await lived();
    const before = await rows();
    await vault.close();
    vault = await openAt(place);
    expect(await rows()).toEqual(before);
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 31 })).toMatchObject({ reason: "overdrawn" });
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 30 })).toBeUndefined();
  });

  test("goes on with its rows when a later version decides, and each entry is decided again by its own", async () => {
    await lived();
    expect(await enable(source, 1)).toMatchObject({ refusal: { code: "family_version_passed" } });
    const later = source.replace("version: 1", "version: 2").replace("available < amount", "available < amount + 5");
    expect(await enable(later, 2)).toMatchObject({ events: [{ type: "family.enabled", replaced: 1 }] });
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 26 })).toMatchObject({
      reason: "overdrawn",
      version: 2,
    });
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 25 })).toBeUndefined();
    await vault.close();
    expect(await verify()).toMatchObject({ ok: true, hashOnly: 0 });
  });

  test("takes no bundle that is not the program that it is called", async () => {
    const bundle = vault.machine.seal(source);
    const wrong: Operation = {
      type: "family.enable",
      family: "ledger",
      version: 3,
      bundle: bundle.content,
      program: digestOf("another"),
      engine: engineVersion,
    };
    await expect(vault.machine.submit(wrong, { caller: root, payloads: [bundle] })).rejects.toMatchObject({
      code: "operation_malformed",
    });
  });

  test("is found out when it says that a family decided what it did not", async () => {
    await lived();
    const { position } = await vault.machine.head();
    await vault.close();
    forge(place.vault, {
      entries: (entries) => {
        const last = entries.at(-1) as OpenEntry;
        const text = JSON.stringify(last.outcome).replace('"value":"70"', '"value":"7000"');
        last.outcome = JSON.parse(text) as OpenEntry["outcome"];
      },
    });
    expect(await verify()).toMatchObject({ ok: false, firstBad: { position } });
  });

  test("keeps the bundle that decides, whoever erases; one that was replaced goes, and what it decided is hash only", async () => {
    await lived();
    const first = await bundleInForce();
    const erasing = (payload: Digest): Operation => ({
      type: "payload.erase",
      payloads: [payload],
      reason: "asked for",
    });
    const { outcome } = await vault.machine.submit(erasing(first), { caller: root });
    expect(outcome).toEqual({ refusal: { code: "payload_in_use", payload: first, user: "family/ledger" } });
    await enable(source.replace("version: 1", "version: 2"), 2);
    const both = [erasing(first), erasing(await bundleInForce())] as never;
    const { outcome: refused } = await vault.machine.submit({ type: "batch", operations: both }, { caller: root });
    expect(refused).toMatchObject({
      refusal: { code: "batch_refused", index: 1, refusal: { code: "payload_in_use" } },
    });
    await asRoot(vault.machine, erasing(first));
    expect(await ask("credit", { account: "ann", amount: 1 })).toBeUndefined();
    expect(await rows()).toEqual({ "account/ann": 71, "account/ben": 30, total: 101 });
    await vault.close();
    const report = await verify();
    expect(report).toMatchObject({ ok: false, hashOnly: 4, erased: 1 });
    expect(report).not.toHaveProperty("firstBad");
  });

  test("is hash only where its bundle is gone, never OK, and decides nothing of it", async () => {
    await lived();
    await ask("transfer", { from: "ann", to: "ben", amount: 71 });
    const secrets = [{ type: "secret.record", name: "k" }, callOf("credit", { account: "ann", amount: 5 })] as never;
    await asRoot(vault.machine, { type: "batch", operations: secrets });
    const before = await rows();
    await vault.close();
    tamper(place.vault, (db) => {
      db.exec(`UPDATE payloads SET bytes = zeroblob(length(bytes)) WHERE length(bytes) = ${Buffer.byteLength(source)}`);
    });
    const report = await verify();
    expect(report.ok).toBe(false);
    expect(report.hashOnly).toBe(6);
    vault = await openAt(place);
    expect(await rows()).toEqual(before);
    expect(await ask("credit", { account: "ann", amount: 1 })).toMatchObject({ code: "family_absent" });
  });

  test("shares it with a fork, which calls it and decides all of it again", async () => {
    await lived();
    const into = join(place.dir, "fork");
    const head = await vault.machine.head();
    const { key } = vault;
    const shared = { knownVaults: place.known, clock: steadyClock(1_800_000_000_000) };
    const made = await forkVault(head.position, { dir: place.vault, key, head, into, moves: [], ...shared });
    await vault.close();
    vault = await openVault({ ...shared, dir: made.dir });
    await asRoot(vault.machine, { type: "vault.resume" });
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 31 })).toMatchObject({ reason: "overdrawn" });
    expect(await ask("transfer", { from: "ben", to: "ann", amount: 30 })).toBeUndefined();
    expect(await rows()).toEqual({ "account/ann": 100, "account/ben": 0, total: 100 });
    await vault.close();
    const options = { dir: made.dir, knownVaults: place.known };
    expect(await verifyBothWays(options)).toMatchObject({ ok: true, hashOnly: 0 });
    // What its parent holds in place of the bundle is compared with the commitment, too.
    tamper(place.vault, (db) => {
      db.exec(`UPDATE payloads SET bytes = zeroblob(length(bytes)) WHERE length(bytes) = ${Buffer.byteLength(source)}`);
    });
    expect(await verifyBothWays(options)).toMatchObject({ ok: false, hashOnly: 6 });
  });

  test("is decided again from a backup and from an export of it, and by halves", async () => {
    await lived();
    const head = await vault.checkpoint();
    await keepState(vaultFiles(place.vault), { size: head.size, entriesMin: 1 });
    for (let count = 0; count < 4; count += 1) await ask("credit", { account: "ben", amount: 1 });
    const end = await vault.checkpoint();
    const to = join(place.dir, "backup");
    const { signal } = new AbortController();
    await backUp({ dir: place.vault, to, key: vault.key, head: end, signal });
    const all = { included: 0, "hash only": 0 };
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, entries: all });
    const path = join(place.dir, "export");
    const lines: string[] = [];
    const whole = { from: 1, to: null, only: null, redact: false, withhold: () => false, signal };
    for await (const line of vault.prover.export(whole)) lines.push(`${line}\n`);
    writeFileSync(path, lines.join(""));
    expect(await verifyFile({ path, key: vault.key })).toMatchObject({ ok: true, entries: all });
    // Looking something up brings the index to the end.
    await vault.machine.find({ kind: "family.call" }, { after: 0, limit: 1 });
    await vault.close();
    const options = { dir: place.vault, knownVaults: place.known };
    expect(await verifyByHalves(options)).toMatchObject({ ok: true, hashOnly: 0, entries: end.size });
  });
});
