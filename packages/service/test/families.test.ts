/** Families as a caller asks about them: a bundle that is enabled, called and shown, directly and over the socket. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Caller, KernelState, Operation, Receipt } from "@toka/kernel";
import { localProof } from "@toka/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { readFamilyFile } from "../src/families/family-file.ts";
import { readFamily } from "../src/families/read-family.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

const ledger = fileURLToPath(new URL("../../../examples/families/ledger", import.meta.url));
let dir: string;
let places: Places;
let composition: Composition;

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-families-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  const parts = { places, create: true, clock: Date.now, tools: toolsOf, onNote: () => {} } as const;
  composition = await compose({ ...parts, purpose: "run" });
  await composition.api.operate(await readFamilyFile(ledger));
});
afterAll(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

async function call(verb: string, body: object): Promise<Receipt> {
  const operation = { type: "family.call", family: "ledger", verb, body: JSON.stringify(body) };
  return composition.api.operate({ operation, contents: {} });
}

async function submitted(operation: Operation): Promise<Extract<Receipt["outcome"], { events: unknown }>["events"]> {
  const { outcome } = await composition.vault.machine.submit(operation, { caller: composition.operator });
  if ("refusal" in outcome) throw new Error(`Cannot prepare: ${outcome.refusal.code}`);
  return outcome.events;
}

describe("a family", () => {
  test("shows what its bundle describes and the rows that its calls wrote, over the socket as directly", async () => {
    await call("open", { account: "ann" });
    const { position } = await call("credit", { account: "ann", amount: 12 });
    const shown = await composition.api.family("ledger");
    expect(shown).toMatchObject({
      position,
      family: { id: "ledger", version: 1, rows: 2 },
      description: { operations: { open: { account: "name" } }, events: { opened: { account: "name" } } },
      total: 2,
      rows: [
        { key: "account/ann", value: 12 },
        { key: "total", value: 12 },
      ],
    });
    expect(await remoteVault(places.vault).family("ledger")).toEqual(shown);
    expect((await composition.api.state("families")).rows).toEqual([shown.family]);
  });

  test("refuses in its own words when a call breaks its rule", async () => {
    await call("open", { account: "bob" });
    const { outcome } = await call("transfer", { from: "bob", to: "ann", amount: 1 });
    expect(outcome).toMatchObject({ refusal: { code: "family_refused", reason: "overdrawn" } });
  });

  test.each(["legder", "__proto__", "a/b", "%"])(
    "that is not enabled is unknown over the socket: %s",
    async (prefix) => {
      await expect(remoteVault(places.vault).family(prefix)).rejects.toMatchObject({ code: "family_unknown" });
    },
  );

  test("is shown to a caller only when the grant allows vault.read:state", async () => {
    const [registered] = await submitted({ type: "principal.register", name: "ann", kind: "person" });
    if (registered?.type !== "principal.registered") throw new Error("Cannot prepare: nobody was registered");
    const { principal } = registered;
    const permissions = ["family.call:ledger.open", "vault.read:status"];
    const [issued] = await submitted({
      type: "grant.issue",
      holder: principal,
      permissions,
      expiresAtMs: null,
      depthMax: 0,
    });
    if (issued?.type !== "grant.issued") throw new Error("Cannot prepare: no grant was issued");
    const caller: Caller = { principal, grant: issued.grant, proof: localProof() };
    await expect(composition.apiFor(caller).family("ledger")).rejects.toMatchObject({ code: "permission_denied" });
  });

  test("keeps the bundle that decides, whoever erases", async () => {
    const before = await composition.api.family("ledger");
    const payloads = [before.family.bundle];
    const erase = { payloads, entries: [], agent: null, session: null, before: null, beforeMs: null };
    await composition.api.erase({ ...erase, reason: "the domain is gone", dryRun: false });
    expect(await composition.api.family("ledger")).toMatchObject({
      rows: before.rows,
      description: before.description,
    });
  });

  test("shows its rows and no description when its bundle is not here", async () => {
    const { machine } = composition.vault;
    const without = {
      view: async <T>(select: (state: KernelState) => T): Promise<T> => machine.view(select),
      payload: async () => undefined,
    };
    const { rows } = await composition.api.family("ledger");
    expect(await readFamily(without, "ledger")).toMatchObject({ rows, description: null });
  });
});

describe("a bundle's file", () => {
  test.each([
    ["is absent", undefined, "there is no such file"],
    ["defines no family", "1 + 1", "calls defineFamily nowhere"],
    ["is no script", "{", "SyntaxError"],
    ["is no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "it is no UTF-8"],
    ["is too large", Buffer.alloc(262_145, 0x20), "found 262145 bytes, wanted 262144 at most"],
    ["loops for ever", "for (;;);", "more steps than it may"],
  ])("cannot be enabled when it %s", async (_what, text, message) => {
    const file = join(dir, "family.js");
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    await expect(readFamilyFile(file)).rejects.toMatchObject({
      code: "family_file_unfit",
      message: expect.stringContaining(message) as string,
    });
  });
});
