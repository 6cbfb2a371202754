/** A stretch of a log decided again under a supposition: what is told of it, that nothing is written, and that no changed file is believed. */
import { readFileSync } from "node:fs";
import type { Supposition } from "@toka/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replayUnder, type ReplayReport } from "../src/replay-under.ts";
import { vaultFiles } from "../src/vault-files.ts";
import type { Vault } from "../src/vault.ts";
import { tamper } from "./tampering.ts";
import { createAt, live, newPlace, type Place } from "./world.ts";

let place: Place;
let vault: Vault;
beforeEach(async () => {
  place = newPlace();
  vault = await createAt(place);
  await live(vault.machine);
});
afterEach(async () => {
  await vault.close();
  place.clean();
});

const nothing: Supposition = { type: "budget", amounts: {} };
const when = { op: "==", left: { fact: "request.tool" }, right: { value: "count" } } as const;
const noCounting: Supposition = {
  type: "policy",
  policies: [{ type: "policy.set", name: "p", rule: { effect: "deny", source: "", when, withinMs: null } }],
};

async function replayed(
  supposition: Supposition,
  { at = 1, to = null }: { readonly at?: number; readonly to?: number | null } = {},
): Promise<ReplayReport> {
  const head = await vault.machine.head();
  return replayUnder(at, { dir: place.vault, key: vault.key, head, supposition, to });
}

test("what is told is nothing but how much was decided again when nothing is supposed", async () => {
  const { position } = await vault.machine.head();
  const cpuMs = { was: { cpuMs: 1_400 }, now: { cpuMs: 1_400 } };
  const none = { refused: 0, allowed: 0, otherwise: 0, undecidable: 0, places: 0, hypotheticalAfter: null };
  expect(await replayed(nothing)).toMatchObject({ ...none, entries: position - 1, same: position - 1, booked: cpuMs });
});

test("what is told names who is refused, what is hypothetical, what is not spent and which objectives are not certain", async () => {
  const { position } = await vault.machine.head();
  const bytes = readFileSync(vaultFiles(place.vault).log);
  const report = await replayed(noCounting);
  const [first, ...rest] = report.divergences;
  const request = { operation: "effect.request", fate: "refused", was: "effect.requested", now: "policy_denied" };
  expect(first).toMatchObject({ ...request, agent: "first", hypothetical: false });
  expect(rest).toContainEqual(expect.objectContaining({ ...request, agent: "second", hypothetical: true }));
  expect(report.hypotheticalAfter).toBe(first?.position);
  expect(report.booked).toEqual({ was: { cpuMs: 1_400, toolCalls: 2 }, now: {} });
  expect(report.objectives.map(({ agent, objective }) => [agent, objective])).toEqual([
    ["first", "counted"],
    ["second", "counted"],
  ]);
  expect((await vault.machine.head()).position).toBe(position);
  expect(readFileSync(vaultFiles(place.vault).log).equals(bytes)).toBe(true);
});

test("what is told is of the stretch that was asked for, which must lie within the log", async () => {
  const { position } = await vault.machine.head();
  expect(await replayed(noCounting, { at: 2, to: 5 })).toMatchObject({ at: 2, to: 5, entries: 3, places: 1 });
  expect(await replayed(noCounting, { at: position })).toMatchObject({ entries: 0 });
  for (const stretch of [{ at: 0 }, { at: position + 1 }, { to: position + 1 }, { at: 3, to: 2 }])
    await expect(replayed(nothing, stretch)).rejects.toMatchObject({ code: "position_beyond" });
});

test("nothing is told of entries that somebody changed", async () => {
  await vault.checkpoint();
  const { position } = await vault.machine.head();
  tamper(place.vault, (db) =>
    db.exec(`UPDATE entries SET bytes = replace(bytes, 'first', 'fir5t') WHERE position > 3`),
  );
  await expect(replayed(nothing, { to: position })).rejects.toMatchObject({ code: "vault_damaged" });
});
