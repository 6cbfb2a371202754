/** What lives in a vault as rows, and operations in a caller's name: directly and over the socket, with the same answers. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type AgentQuery, type Caller, genesisIds, type KernelEvent, type Operation, type Receipt } from "@toka/kernel";
import { localProof } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { VaultApi } from "../src/api.ts";
import { compose, type Composition } from "../src/compose.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";
import type { BudgetRow, SessionRow, StateArea } from "../src/state/areas.ts";
import { endOfSession } from "../src/state/end-session.ts";
import { stateAreas } from "../src/state/read-state.ts";

let dir: string;
let places: Places;
let composition: Composition;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-state-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  const parts = { places, create: true, clock: Date.now, tools: toolsOf, onNote: () => {} } as const;
  composition = await compose({ ...parts, purpose: "run" });
});
afterEach(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

function eventsOf({ outcome }: Receipt): readonly KernelEvent[] {
  if ("refusal" in outcome) throw new Error(`Cannot prepare: ${outcome.refusal.code}`);
  return outcome.events;
}

async function asOperator(operation: Operation): Promise<readonly KernelEvent[]> {
  return eventsOf(await composition.vault.machine.submit(operation, { caller: composition.operator }));
}

async function person(permissions: readonly string[]): Promise<Caller> {
  const [registered] = await asOperator({ type: "principal.register", name: "ann", kind: "person" });
  if (registered?.type !== "principal.registered") throw new Error("Cannot prepare: nobody was registered");
  const { principal } = registered;
  const issue: Operation = { type: "grant.issue", holder: principal, permissions, expiresAtMs: null, depthMax: 2 };
  const [issued] = await asOperator(issue);
  if (issued?.type !== "grant.issued") throw new Error("Cannot prepare: no grant was issued");
  return { principal, grant: issued.grant, proof: localProof() };
}

/** A definition with one task. */
const greeter = {
  name: "greeter",
  version: "1.0.0",
  capabilities: ["greeting"],
  domain: "documentation",
  permissions: ["fs.read:/srv/**"],
  allotment: { toolCalls: 5 },
  tools: [],
  lifecycle: { initial: "ready", states: ["ready"], transitions: [] },
  limits: { openTasksMax: 1, openEffectsMax: 1 },
  tasks: [
    {
      key: "greet",
      priority: "high",
      after: [],
      attemptsMax: 1,
      backoff: { firstMs: 1, maxMs: 1 },
      timeoutMs: 1000,
      steps: [],
    },
  ],
  objectives: [],
} as const;

/** An agent with one task, spawned out of a session that nobody supervises. */
async function spawnGreeter(): Promise<{ readonly agent: string; readonly session: string }> {
  const { machine } = composition.vault;
  const source = machine.seal("the source");
  const registered = await machine.submit(
    { type: "definition.register", part: greeter, source: source.content },
    { caller: composition.operator, payloads: [source] },
  );
  const [definition] = eventsOf(registered);
  if (definition?.type !== "definition.registered") throw new Error("Cannot prepare: no definition was registered");
  const crew = machine.seal("the crew");
  const started = await machine.submit(
    {
      type: "batch",
      operations: [
        {
          type: "budget.carve",
          parent: genesisIds.rootBudget,
          holder: genesisIds.root,
          amounts: { toolCalls: 7 },
        },
        {
          type: "session.start",
          name: "greeters",
          plan: {
            agents: [{ name: "greeter", dependsOn: [] }],
            concurrencyMax: 1,
            onFailure: "continue",
            restartsMax: 0,
          },
          crew: crew.content,
          workspace: "/srv",
          output: "/srv/out",
        },
      ],
    },
    { caller: composition.operator, payloads: [crew] },
  );
  const session = eventsOf(started).find((event) => event.type === "session.started")?.session;
  const budget = eventsOf(started).find((event) => event.type === "budget.carved")?.budget;
  if (session === undefined || budget === undefined) throw new Error("Cannot prepare: no session was started");
  await asOperator({ type: "session.advance", session, wave: 1 });
  const spawned = await asOperator({
    type: "agent.spawn",
    name: "greeter",
    definition: definition.definition,
    parent: null,
    session,
    permissions: ["fs.read:/srv/data/**"],
    expiresAtMs: null,
    allotment: { toolCalls: 4 },
    budget,
  });
  const agent = spawned.find((event) => event.type === "agent.spawned")?.agent;
  if (agent === undefined) throw new Error("Cannot prepare: no agent was spawned");
  return { agent, session };
}

function schedule(agent: string): Parameters<VaultApi["operate"]>[0] {
  return {
    operation: { type: "task.schedule", agent, key: "greet", priority: "low" },
    contents: { description: Buffer.from("say hello").toString("base64") },
  };
}

describe("the state of a vault", () => {
  test("is the same directly and over the socket when asked for any area", async () => {
    const { agent } = await spawnGreeter();
    await composition.api.operate(schedule(agent));
    const rule = { effect: "deny", source: "false", when: { value: false }, withinMs: null };
    await composition.api.operate({ operation: { type: "policy.set", name: "nothing", rule }, contents: {} });
    await composition.api.operate({
      operation: { type: "lease.take", resource: "deploy", forMs: 60_000 },
      contents: {},
    });
    for (const area of stateAreas as readonly StateArea[]) {
      const direct = await composition.api.state(area);
      expect(direct.total).toBe(direct.rows.length);
      expect(await remoteVault(places.vault).state(area)).toEqual(direct);
      // A vault at rest has nothing under way, and nobody has said anything.
      const empty = ["effects", "approvals", "messages", "timers", "families"].includes(area);
      expect(direct.rows.length > 0, area).toBe(!empty);
    }
  });

  test("tells of an agent what it may, may use, has done and has to do when one lives", async () => {
    const { agent, session } = await spawnGreeter();
    const { rows } = await composition.api.state("agents");
    expect(rows).toMatchObject([
      {
        id: agent,
        name: "greeter",
        version: "1.0.0",
        state: "running",
        session,
        permissions: ["fs.read:/srv/data/**"],
        allotment: { toolCalls: 4 },
        used: {},
        tasks: [{ key: "greet", status: "waiting", task: null }],
      },
    ]);
    for (const api of [composition.api, remoteVault(places.vault)]) {
      const found = async (query: Partial<AgentQuery>): Promise<number> =>
        (await api.findAgents({ capability: null, domain: null, state: null, ...query })).total;
      expect(await found({ capability: "greeting", domain: "documentation", state: "running" })).toBe(1);
      expect(await found({ capability: "greet" })).toBe(0);
      expect(await found({ domain: "security" })).toBe(0);
      expect(await found({ state: "suspended" })).toBe(0);
    }
    const { rows: budgets } = await composition.api.state("budgets");
    expect(budgets.map((row) => [row.holderName, row.available.toolCalls, row.carved.toolCalls])).toEqual([
      ["root", 999_999_993, 7],
      ["root", 3, 4],
      ["greeter", 4, undefined],
    ]);
  });

  test("is refused as malformed when the area does not exist", async () => {
    await expect(remoteVault(places.vault).state("nothing" as StateArea)).rejects.toMatchObject({ code: "malformed" });
  });

  test("is shown to a caller only when the grant allows vault.read:state", async () => {
    const ann = await person(["vault.read:status"]);
    await expect(composition.apiFor(ann).state("agents")).rejects.toMatchObject({ code: "permission_denied" });
  });
});

describe("an operation", () => {
  test("is recorded under the principal and the grant of whoever asks, over the socket as directly", async () => {
    const { agent } = await spawnGreeter();
    const ann = await person(["agent.control:greeter"]);
    const receipt = await composition.apiFor(ann).operate(schedule(agent));
    const [recorded] = await composition.vault.machine.read((receipt.position ?? 1) - 1, { limit: 1 });
    expect(recorded?.entry.stamp).toMatchObject({ principal: ann.principal, grant: ann.grant });
    const again = await remoteVault(places.vault).operate(schedule(agent));
    expect(again.outcome).toMatchObject({ refusal: { code: "task_exists" } });
    const [refused] = await composition.vault.machine.read((again.position ?? 1) - 1, { limit: 1 });
    expect(refused?.entry.stamp.principal).toBe(genesisIds.root);
  });

  test("keeps the bytes of its contents, salted by whoever holds the vault", async () => {
    const { agent } = await spawnGreeter();
    const receipt = await remoteVault(places.vault).operate(schedule(agent));
    const [recorded] = await composition.vault.machine.read((receipt.position ?? 1) - 1, { limit: 1 });
    const operation = recorded?.entry.operation;
    if (operation?.type !== "task.schedule") throw new Error("Cannot find the task: another operation is recorded");
    const bytes = await composition.vault.machine.payload(operation.description);
    expect(Buffer.from(bytes ?? []).toString()).toBe("say hello");
  });

  test("shows the bytes of its contents to who may read them, and only under the entry that names them", async () => {
    const { agent } = await spawnGreeter();
    const { position } = await composition.api.operate(schedule(agent));
    const at = position ?? 1;
    const [recorded] = await composition.vault.machine.read(at - 1, { limit: 1 });
    const operation = recorded?.entry.operation;
    if (operation?.type !== "task.schedule") throw new Error("Cannot find the task: another operation is recorded");
    const { commitment } = operation.description;
    for (const api of [composition.api, remoteVault(places.vault)]) {
      expect(await api.content(at, commitment)).toEqual({ bytes: Buffer.from("say hello").toString("base64") });
      for (const other of [at - 1, at + 1])
        await expect(api.content(other, commitment)).rejects.toMatchObject({ code: "content_unknown" });
    }
    const ann = await person(["vault.read:state", "vault.read:log"]);
    await expect(composition.apiFor(ann).content(at, commitment)).rejects.toMatchObject({ code: "permission_denied" });
  });

  test.each([
    ["is of no known type", { type: "agent.explode" }],
    ["has a field that none of its type has", { type: "agent.resume", agent: "agent-2-0", force: true }],
    ["names no agent", { type: "agent.resume", agent: "../agent" }],
  ])("never reaches the log when it %s", async (_what, operation) => {
    const head = await composition.vault.machine.view((state) => state.head.position);
    for (const api of [composition.api, remoteVault(places.vault)])
      await expect(api.operate({ operation, contents: {} })).rejects.toMatchObject({ code: "malformed" });
    expect(await composition.vault.machine.view((state) => state.head.position)).toBe(head);
  });

  test("that only the host may ask is refused to the operator", async () => {
    const operation = { type: "effect.abandon", effect: "effect-2-0", reason: "why not" };
    const { outcome } = await composition.api.operate({ operation, contents: {} });
    expect(outcome).toMatchObject({ refusal: { code: "host_only" } });
  });
});

describe("abandoning an effect", () => {
  test("is refused to a caller who does not administer the vault, whatever effect is named", async () => {
    const ann = await person(["vault.read:*", "agent.control:*"]);
    for (const effect of ["effect-2-0", genesisIds.rootGrant]) {
      const { outcome, position } = await composition.apiFor(ann).abandon(effect, "mine");
      expect({ outcome, position }).toMatchObject({
        position: null,
        outcome: { refusal: { code: "permission_denied" } },
      });
    }
  });

  test("is decided by the kernel, as the host, when the operator asks", async () => {
    const receipt = await remoteVault(places.vault).abandon("effect-2-0", "looked at it");
    expect(receipt.outcome).toMatchObject({ refusal: { code: "effect_unknown" } });
  });
});

describe("the end of a session", () => {
  test("ends its agents and closes its budget in one entry", async () => {
    const { session } = await spawnGreeter();
    const sessions = await composition.api.state("sessions");
    const budgets = await composition.api.state("budgets");
    const row = sessions.rows.find((one) => one.id === session);
    if (row === undefined) throw new Error("Cannot end the session: there is none");
    const operation = endOfSession(row, { outcome: "cancelled", budgets: budgets.rows });
    const { outcome } = await composition.api.operate({ operation, contents: {} });
    expect("events" in outcome && outcome.events.map((event) => event.type)).toEqual([
      "agent.terminated",
      "session.ended",
      "budget.closed",
    ]);
    const left = await composition.api.state("budgets");
    expect(left.rows.map((one) => one.id)).toEqual([genesisIds.rootBudget]);
  });

  test.each([
    ["belongs to another entry", "budget-91-0", false],
    ["is closing already", "budget-9-0", true],
  ])("leaves a budget alone that %s", (_what, id, closing) => {
    const session = { id: "session-9-1", agents: [] } as unknown as SessionRow;
    const budgets = [{ id, closing } as unknown as BudgetRow];
    expect(endOfSession(session, { outcome: "failed", budgets }).operations).toEqual([
      { type: "session.end", session: "session-9-1", outcome: "failed" },
    ]);
  });
});
