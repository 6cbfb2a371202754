/** Forks: what of a vault another goes on with, and what stays with the one it comes from. */
import { describe, expect, test } from "vitest";
import { excess, leasesIn, nextTimerMs, type AgentId } from "../src/index.ts";
import { go, inhabited } from "./furnished.ts";
import { forkOf } from "./generate/fork.ts";
import { takeOf } from "./refusals/lease.ts";
import { policyOf } from "./refusals/policy.ts";
import { host, one, requestOf, root, someContent, someDigest, type World } from "./world.ts";

const dayMs = 86_400_000;

function fork(world: World, moves: readonly unknown[] = []): void {
  world.must({ ...forkOf(world.state), moves }, host);
}

function figure(world: World, budget: Parameters<World["state"]["budgets"]["get"]>[0]): unknown {
  const { cpuMs: spent } = world.state.budgets.get(budget)?.spent ?? {};
  const { cpuMs: reserved } = world.state.budgets.get(budget)?.reserved ?? {};
  return { spent, reserved };
}

describe("a fork", () => {
  test("is another vault, held, without keys and secrets, however long after the last entry it is made", () => {
    const { world } = inhabited();
    world.must({ type: "key.record", publicKey: "k", purpose: "p" }, host);
    world.must({ type: "secret.record", name: "deploy" });
    const { vault: parent } = world.state.vault ?? {};
    world.timeMs += 400 * dayMs;
    fork(world);
    expect(world.state.vault).toMatchObject({ held: true, keys: [], secrets: [] });
    expect(world.state.vault?.vault).not.toBe(parent);
    expect(world.state.head.timeMs).toBe(world.timeMs);
    // Its keys and secrets begin anew.
    world.must({ type: "key.record", publicKey: "own", purpose: "p" }, host);
    world.must({ type: "secret.record", name: "deploy" });
    expect(world.state.vault?.keys.map(({ publicKey }) => publicKey)).toEqual(["own"]);
  });

  test("leaves every effect to its parent: what was begun counts as spent, what was not is given back", () => {
    const { world, worker } = inhabited();
    const other = world.spawn();
    const reserve = { cpuMs: 10 };
    world.request(worker, { reserve });
    world.awaited(worker, { reserve });
    const started = world.request(other, { tool: "sender", reserve });
    world.must({ type: "effect.start", effect: started }, host);
    const owed = world.request(other, { tool: "sender", reserve });
    world.must({ type: "effect.start", effect: owed }, host);
    world.settle(owed, { outcome: "unknown", result: null, usage: {} });
    expect(figure(world, worker.budget)).toEqual({ spent: 0, reserved: 20 });
    expect(figure(world, other.budget)).toEqual({ spent: 10, reserved: 10 });
    fork(world);
    expect(figure(world, worker.budget)).toEqual({ spent: 0, reserved: 0 });
    expect(figure(world, other.budget)).toEqual({ spent: 20, reserved: 0 });
    expect(world.state.effects.size).toBe(0);
    const settle = { type: "effect.settle", effect: started, outcome: "succeeded", code: null, result: null };
    const late = world.ask({ ...settle, usage: {}, changes: null, changed: 0 }, host);
    expect(late).toEqual({ refusal: { code: "effect_unknown", effect: started } });
    const again = world.ask({ type: "effect.abandon", effect: owed, reason: "gone" }, host);
    expect(again).toEqual({ refusal: { code: "effect_unknown", effect: owed } });
  });

  test("tells a step whose effect was under way that it was abandoned, and its task loses no time", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    world.request(worker, { task, step: "look", inputs: go });
    const before = world.state.tasks.get(task)?.startedAtMs ?? 0;
    const elapsedMs = world.state.head.timeMs - before;
    world.timeMs += 3 * dayMs;
    fork(world);
    const row = world.state.tasks.get(task);
    expect(row?.steps["look"]).toMatchObject({ status: "failed", code: "abandoned" });
    expect(world.state.head.timeMs - (row?.startedAtMs ?? 0)).toBe(elapsedMs);
  });

  test("starts nothing before it is resumed, and carries no approval over", () => {
    const { world, worker } = inhabited();
    const effect = world.awaited(worker);
    fork(world);
    const binding = { program: someDigest, arguments: someDigest, claims: ["fs.read:/w/a"] };
    const answer = { type: "approval.answer", effect, answer: "allow", binding, reason: "it is fine" };
    const held = { refusal: { code: "vault_held" } };
    expect(world.ask(answer)).toEqual(held);
    expect(world.ask({ type: "run.start", agent: worker.agent })).toEqual(held);
    expect(world.ask({ type: "clock.tick" }, host)).toEqual(held);
    world.must({ type: "vault.resume" });
    expect(world.ask(answer)).toEqual({ refusal: { code: "effect_unknown", effect } });
    world.run(worker);
  });

  test("owns no lease of its parent, and the next one has a later epoch than any before", () => {
    const { world } = inhabited();
    const { epoch } = one(world.must(takeOf()), "lease.taken");
    fork(world);
    expect(leasesIn(world.state, world.timeMs)).toEqual([]);
    expect(one(world.must(takeOf()), "lease.taken").epoch).toBe(epoch + 1);
  });

  test("keeps messages and budgets as they were", () => {
    const { world, worker } = inhabited();
    world.must({ type: "message.send", agent: worker.agent, topic: null, content: someContent });
    const budgets = [...world.state.budgets.values()];
    fork(world);
    expect(world.state.lookup.messagesTo(worker.principal)).toHaveLength(1);
    expect([...world.state.budgets.values()]).toEqual(budgets);
  });
});

describe("timers of a held vault", () => {
  test("wait; what recurs goes on behind the moment of resuming, what fires once fires late", () => {
    const { world, worker } = inhabited();
    const set = { type: "timer.set", agent: worker.agent as AgentId, content: someContent };
    const fromMs = world.timeMs + 1_000;
    world.must({ ...set, schedule: { type: "interval", everyMs: 1_000, fromMs } }, worker);
    world.must({ ...set, schedule: { type: "once", atMs: fromMs } }, worker);
    fork(world);
    world.timeMs = fromMs + 4_500;
    expect(nextTimerMs(world.state)).toBeNull();
    world.must({ type: "vault.resume" });
    const fired = world.must({ type: "clock.tick" }, host).filter(({ type }) => type === "timer.fired");
    expect(fired).toMatchObject([{ dueMs: fromMs, again: 0, nextMs: null }]);
    expect([...world.state.timers.values()]).toMatchObject([{ nextMs: fromMs + 5_000, fired: 0, missed: 5 }]);
  });
});

describe("folders of a fork", () => {
  const moves = [
    { from: "/w", to: "/fork" },
    { from: "/w/.toka", to: "/vaults/fork" },
  ];

  test("take the place of its parent's in grants, sessions and policies; the inner one holds", () => {
    const { world, worker } = inhabited();
    const session = world.session();
    const when = { op: "touches", left: { fact: "request.claims" }, right: { value: "fs.read:/w/private/**" } };
    world.must(policyOf("private", { effect: "deny", when }));
    fork(world, moves);
    expect(world.state.grants.get(worker.grant)?.permissions).toContain("fs.read:/fork/**");
    expect(JSON.stringify([...world.state.grants.values()])).not.toContain(":/w/");
    expect(world.state.sessions.get(session)).toMatchObject({ workspace: "/fork", output: "/out" });
    world.must({ type: "vault.resume" });
    const asked = (path: string): unknown => world.decide(requestOf(worker, { claims: [`fs.read:${path}`] }), worker);
    expect(asked("/fork/private/key")).toMatchObject({
      refused: { code: "policy_denied", policy: { name: "private" } },
    });
    expect(asked("/w/a")).toMatchObject({ refused: { code: "permission_denied", permission: "fs.read:/w/a" } });
    expect(asked("/fork/a")).toHaveProperty("accepted");
  });

  test("leave a grant nothing that the one above does not have", () => {
    const { world } = inhabited();
    const ann = world.person("ann", ["fs.read:/w/**", "fs.read:/wide/**"]);
    const below = { type: "grant.delegate", to: root.principal, parent: ann.grant, expiresAtMs: null };
    const permissions = ["fs.read:/w/.toka/out/**", "fs.read:/w/src/**"];
    const { grant } = one(world.must({ ...below, permissions }, ann), "grant.delegated");
    fork(world, moves);
    // What is below the vault went elsewhere, where ann has nothing.
    expect(world.state.grants.get(grant)?.permissions).toEqual(["fs.read:/fork/src/**"]);
    for (const row of world.state.grants.values()) {
      const above = row.parent === null ? undefined : world.state.grants.get(row.parent);
      if (above !== undefined) expect(excess(above.permissions, row.permissions)).toEqual([]);
    }
  });

  test("do not touch what only begins alike", () => {
    const { world } = inhabited();
    const ann = world.person("ann", ["fs.read:/w2/**", "fs.read:/**"]);
    fork(world, moves);
    expect(world.state.grants.get(ann.grant)?.permissions).toEqual(["fs.read:/w2/**", "fs.read:/**"]);
  });
});
