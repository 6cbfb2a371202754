/** The past of a vault as its callers read it: directly and over the socket, beside whoever has operations decided. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { applyEntry, type Caller, emptyState, genesisIds, type Operation, type Receipt } from "@toka/kernel";
import { localProof } from "@toka/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { diffOf, textsOf, type StateTexts } from "../src/past/diff.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";
import type { StateArea } from "../src/state/areas.ts";
import { allAreas, stateAreas } from "../src/state/read-state.ts";

let dir: string;
let places: Places;
let composition: Composition;

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-past-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  const parts = { places, create: true, clock: Date.now, tools: toolsOf, onNote: () => {} } as const;
  composition = await compose({ ...parts, purpose: "run" });
});
afterAll(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

async function asOperator(operation: Operation): Promise<Receipt> {
  return composition.vault.machine.submit(operation, { caller: composition.operator });
}

const ann = { type: "principal.register", name: "ann", kind: "person" } as const;

/** Who holds the permissions, and where each step of making them stands in the log. */
async function holderOf(permissions: readonly string[]): Promise<{ readonly caller: Caller; readonly at: number }> {
  const { outcome } = await asOperator(ann);
  const [registered] = "events" in outcome ? outcome.events : [];
  if (registered?.type !== "principal.registered") throw new Error("Cannot prepare: nobody was registered");
  const { principal } = registered;
  const given = await asOperator({
    type: "grant.issue",
    holder: principal,
    permissions,
    expiresAtMs: null,
    depthMax: 2,
  });
  const [issued] = "events" in given.outcome ? given.outcome.events : [];
  if (issued?.type !== "grant.issued") throw new Error("Cannot prepare: no grant was issued");
  return { caller: { principal, grant: issued.grant, proof: localProof() }, at: given.position ?? 0 };
}

/** The states of the log, folded here from its first entry. */
async function foldTo(position: number): Promise<ReturnType<typeof emptyState>> {
  const state = emptyState();
  for (const { entry } of await composition.vault.machine.read(0, { limit: position })) applyEntry(state, entry);
  return state;
}

describe("the state after an entry", () => {
  test("is what the head showed when it stood there, and what the fold of the log so far gives", async () => {
    const { at } = await holderOf(["fs.read:/srv/**"]);
    const shown = Object.fromEntries(
      await Promise.all(
        stateAreas.map(async (area) => [area, await composition.api.state(area as StateArea)] as const),
      ),
    );
    await asOperator(ann);
    for (const api of [composition.api, remoteVault(places.vault)]) {
      expect(await api.stateAt(at)).toEqual(shown);
      for (const earlier of [0, 1, at - 1]) expect(await api.stateAt(earlier)).toEqual(allAreas(await foldTo(earlier)));
    }
  });

  test("is told of every question when many are asked at once", async () => {
    const head = await composition.vault.machine.view((state) => state.head.position);
    const asked = Array.from({ length: 3 }, (_, at) => at % head);
    const answers = await Promise.all(asked.map((at) => composition.api.stateAt(at)));
    expect(answers.map(({ agents }) => agents.position)).toEqual(asked);
  });

  test("is refused with position_beyond when the log is shorter", async () => {
    for (const api of [composition.api, remoteVault(places.vault)]) {
      await expect(api.stateAt(1_000_000)).rejects.toMatchObject({ code: "position_beyond" });
      await expect(api.stateDiff(1, 1_000_000)).rejects.toMatchObject({ code: "position_beyond" });
    }
  });

  test("is shown to a caller only when the grant allows vault.read:state", async () => {
    const { caller } = await holderOf(["vault.read:status", "vault.read:log"]);
    const api = composition.apiFor(caller);
    await expect(api.stateAt(1)).rejects.toMatchObject({ code: "permission_denied" });
    await expect(api.stateDiff(1, 2)).rejects.toMatchObject({ code: "permission_denied" });
    const allowed = composition.apiFor((await holderOf(["vault.read:state"])).caller);
    expect((await allowed.stateAt(1)).principals.total).toBe(2);
  });
});

describe("a stretch decided again under a supposition", () => {
  const nothing = { type: "budget", amounts: {} } as const;

  test("is answered directly and over the socket, and writes nothing", async () => {
    await asOperator(ann);
    for (const api of [composition.api, remoteVault(places.vault)]) {
      const position = await composition.vault.machine.view((state) => state.head.position);
      const report = await api.replay({ at: 1, to: null, supposition: nothing });
      expect(report).toMatchObject({ to: position, entries: position - 1, same: position - 1, divergences: [] });
      expect(await composition.vault.machine.view((state) => state.head.position)).toBe(position);
    }
  });

  test.each([
    { name: "an operation of another kind", supposition: { type: "policy", policies: [ann] } },
    { name: "no list", supposition: { type: "policy", policies: 7 } },
    { name: "a part that is none", supposition: { type: "definition", part: { name: "a" } } },
    { name: "amounts below zero", supposition: { type: "budget", amounts: { a: { tokens: -1 } } } },
    { name: "no amounts", supposition: { type: "budget" } },
    { name: "something else", supposition: { type: "weather" } },
  ])("is refused as malformed for $name", async ({ supposition }) => {
    for (const api of [composition.api, remoteVault(places.vault)])
      // What a caller sends is of any shape.
      await expect(api.replay({ at: 1, to: null, supposition: supposition as never })).rejects.toMatchObject({
        code: "malformed",
      });
  });

  test("is shown to a caller only when the grant allows vault.read:state and vault.read:log", async () => {
    const request = { at: 1, to: 2, supposition: nothing };
    for (const one of ["vault.read:state", "vault.read:log"])
      await expect(composition.apiFor((await holderOf([one])).caller).replay(request)).rejects.toMatchObject({
        code: "permission_denied",
      });
    const both = await holderOf(["vault.read:state", "vault.read:log"]);
    expect(await composition.apiFor(both.caller).replay(request)).toMatchObject({ entries: 1 });
  });
});

describe("what differs between two entries", () => {
  test("names what came, what went and which fields changed, and the other way round when asked so", async () => {
    const { caller, at } = await holderOf(["fs.read:/srv/**"]);
    const { position } = await asOperator({ type: "grant.revoke", grant: caller.grant ?? genesisIds.rootGrant });
    const to = position ?? 0;
    const came = await composition.api.stateDiff(at - 2, at);
    expect(came.areas).toEqual({
      grants: { added: 1, removed: 0, changed: 0 },
      principals: { added: 1, removed: 0, changed: 0 },
    });
    expect(came.changes).toMatchObject([
      { area: "grants", id: caller.grant, change: "added", fields: [], entity: { holder: caller.principal } },
      { area: "principals", id: caller.principal, name: "ann", change: "added" },
    ]);
    const went = await remoteVault(places.vault).stateDiff(at, to);
    expect(went.changes).toMatchObject([
      { area: "grants", id: caller.grant, change: "removed" },
      {
        area: "principals",
        id: caller.principal,
        change: "changed",
        entity: null,
        fields: [{ path: "ended", before: [], after: [caller.grant] }],
      },
    ]);
    const back = await composition.api.stateDiff(to, at);
    expect(back.changes.map(({ change }) => change)).toEqual(["added", "changed"]);
    expect((await composition.api.stateDiff(to, to)).total).toBe(0);
  });

  test("is enough to make the second state of the first, whatever the two are", () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.integer(), { maxLength: 3 }));
    const inner = fc.dictionary(fc.constantFrom("p", "q"), value);
    const entity = fc.record({ a: value, b: fc.oneof(value, inner) }, { requiredKeys: ["a"] });
    const state = fc.dictionary(
      fc.constantFrom("agents/agent-9-0", "agents/agent-10-0", "tasks/task-1-2", "leases/a/b"),
      entity,
    );
    fc.assert(
      fc.property(state, state, (before, after) => {
        const diff = diffOf(textsIn(before), textsIn(after));
        expect(plain(applied(before, diff.changes))).toEqual(plain(after));
        expect(diff.total).toBe(diff.changes.length);
      }),
    );
  });

  test("stands in the order in which entities were made", () => {
    const after = { "agents/agent-10-0": {}, "agents/agent-9-0": {}, "agents/agent-9-11": {}, "agents/agent-9-2": {} };
    expect(diffOf(textsIn({}), textsIn(after)).changes.map(({ id }) => id)).toEqual([
      "agent-9-0",
      "agent-9-2",
      "agent-9-11",
      "agent-10-0",
    ]);
  });

  test("leaves the head out, which differs always", async () => {
    expect([...textsOf(await foldTo(2)).entities.keys()]).not.toContain("head/head");
  });
});

type Entities = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function textsIn(entities: Entities): StateTexts {
  return {
    position: 1,
    timeMs: 1,
    entities: new Map(Object.entries(entities).map(([key, entity]) => [key, JSON.stringify(entity)])),
  };
}

/** Makes of the one state what the changes say. */
function applied(before: Entities, changes: ReturnType<typeof diffOf>["changes"]): Record<string, unknown> {
  const made: Record<string, unknown> = structuredClone(before);
  for (const { area, id, change, entity, fields } of changes) {
    const key = `${area}/${id}`;
    if (change === "removed") delete made[key];
    else if (entity !== null) made[key] = entity;
    for (const { path, after } of fields) {
      let at = made[key] as Record<string, unknown>;
      const names = path.split(".");
      for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
      at[names.at(-1) ?? ""] = after;
    }
  }
  return made;
}

/** A field that is absent and one that is null are one and the same to a diff. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, of]) => (of === null ? [] : [[key, plain(of)] as const])),
  );
}
