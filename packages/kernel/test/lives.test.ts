/** Lives of agents, tasks, effects, sessions and definitions by example, and what is left of them. */
import { describe, expect, test } from "vitest";
import type { SessionId, TaskId } from "../src/index.ts";
import { furnished, go, inhabited, noGo, workerPart } from "./furnished.ts";
import { host, one, outcomeOf, requestOf, root, someContent, World, type Spawned } from "./world.ts";

/** Does the declared steps of the task `first`. */
function doSteps(world: World, { worker, task }: { readonly worker: Spawned; readonly task: TaskId }): void {
  world.settle(world.request(worker, { task, step: "look" }));
  world.ask(requestOf(worker, { task, step: "probe", claims: ["fs.read:/elsewhere"] }), worker);
}

describe("an agent that ends", () => {
  test("takes with it its children, grants, tasks and run, and leaves effects in flight", () => {
    const { world, worker } = inhabited();
    const { budget } = worker;
    const changes = {
      parent: worker.agent,
      budget,
      allotment: { toolCalls: 2, cpuMs: 20 },
      permissions: ["fs.read:/w/**"],
    };
    const child = world.spawn(changes, worker);
    const task = world.start(worker, "first");
    world.run(worker);
    const effect = world.request(worker, { task, step: "look" });
    const ann = world.person("ann", []);
    const pass = { type: "grant.delegate", to: ann.principal, parent: worker.grant, permissions: ["fs.read:/w/a"] };
    const { grant } = one(world.must({ ...pass, expiresAtMs: null }, worker), "grant.delegated");

    const events = world.must({ type: "agent.terminate", agent: worker.agent, reason: "crashed", exitCode: 3 });
    expect(events).toMatchObject([
      { type: "agent.terminated", agent: child.agent, reason: "killed", with: worker.agent },
      { type: "agent.terminated", agent: worker.agent, reason: "crashed", exitCode: 3, cancelled: [task] },
    ]);
    const { agents, tasks, runs, grants, principals, effects, budgets } = world.state;
    expect([agents.size, tasks.size, runs.size]).toEqual([0, 0, 0]);
    expect([grants.has(worker.grant), grants.has(child.grant), grants.has(grant)]).toEqual([false, false, false]);
    expect([principals.has(worker.principal), principals.has(ann.principal)]).toEqual([false, true]);
    expect([effects.has(effect), budgets.has(worker.budget), budgets.has(child.budget)]).toEqual([true, true, false]);
    world.settle(effect);
    expect(world.state.budgets.has(worker.budget)).toBe(false);
    const asAnn = { principal: ann.principal, grant };
    expect(world.decide({ type: "secret.record", name: "x" }, asAnn)).toMatchObject({
      refused: { code: "grant_ended" },
    });
  });

  test("cannot be asked for by its own principal any more", () => {
    const { world, worker } = inhabited();
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 }, worker);
    const outcome = outcomeOf(world.decide({ type: "run.start", agent: worker.agent }, worker));
    expect(outcome).toEqual({ refusal: { code: "principal_unknown", principal: worker.principal } });
  });
});

describe("a task", () => {
  test("is done when its steps are as expected and the others definitely excluded, and stays with its agent", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    doSteps(world, { worker, task });
    world.must({ type: "task.complete", task, result: someContent, inputs: noGo }, worker);
    expect(world.state.tasks.has(task)).toBe(false);
    expect(world.state.agents.get(worker.agent)?.tasks).toMatchObject({
      first: {
        task,
        status: "completed",
        attempt: 1,
        result: someContent,
        steps: {
          look: { status: "succeeded", result: someContent },
          probe: { status: "refused", code: "permission_denied" },
        },
      },
    });
  });

  test("is not done while an expected refusal was granted", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    world.settle(world.request(worker, { task, step: "look" }));
    world.settle(world.request(worker, { task, step: "probe" }));
    const outcome = outcomeOf(world.decide({ type: "task.complete", task, result: null, inputs: noGo }, worker));
    expect(outcome).toEqual({ refusal: { code: "step_unsettled", step: "probe", status: "succeeded" } });
  });

  test("that failed waits twice as long each time, at most the declared longest, until its attempts are used up", () => {
    const { world, worker } = inhabited();
    const task = world.schedule(worker, "first");
    const waits: (number | null)[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      world.must({ type: "task.start", task, inputs: [] }, worker);
      const fail = { type: "task.fail", task, reason: "other", message: null, retry: true };
      const { retryAtMs } = one(world.must(fail, worker), "task.failed");
      waits.push(retryAtMs === null ? null : retryAtMs - world.timeMs);
      world.timeMs += 1_000;
    }
    expect(waits).toEqual([100, 150, null]);
    expect(world.state.agents.get(worker.agent)?.tasks).toMatchObject({ first: { status: "failed", attempt: 3 } });
  });

  test("that is tried again keeps what succeeded and waits for what is in flight", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    world.settle(world.request(worker, { task, step: "look" }));
    const probe = world.request(worker, { task, step: "probe" });
    const maybe = world.request(worker, { task, step: "maybe", inputs: go });
    world.settle(maybe, { outcome: "failed", code: "2" });
    world.must({ type: "task.fail", task, reason: "other", message: null, retry: true }, worker);
    const steps = (): unknown => world.state.tasks.get(task)?.steps;
    expect(steps()).toMatchObject({ look: { status: "succeeded" }, probe: { status: "requested" } });
    expect(steps()).not.toHaveProperty("maybe");
    world.settle(probe, { outcome: "limit", code: "wallMs" });
    expect(steps()).toMatchObject({ probe: { status: "failed", code: "wallMs" } });
  });

  test("that took too long is tried again, and failing that is timed out", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "third");
    world.timeMs += 1_000;
    const { retryAtMs } = one(world.must({ type: "task.time-out", task }), "task.timed-out");
    expect(retryAtMs).toBeNull();
    expect(world.state.agents.get(worker.agent)?.tasks).toMatchObject({ third: { status: "timed-out" } });
  });

  test("that is skipped lets those after it start, and one that is cancelled does not", () => {
    for (const [reason, status] of [
      ["condition-not-met", "skipped"],
      ["not-needed", "cancelled"],
    ]) {
      const chain = [
        { ...workerPart.tasks[1], after: [], key: "one" },
        { ...workerPart.tasks[2], after: ["one"], key: "two" },
      ];
      const world = furnished();
      world.must({ type: "definition.register", part: { ...workerPart, tasks: chain }, source: someContent });
      const worker = world.spawn();
      const task = world.schedule(worker, "one");
      const cancel = { type: "task.cancel", task, reason, inputs: noGo };
      expect(one(world.must(cancel, worker), "task.cancelled").status).toBe(status);
      const start = { type: "task.start", task: world.schedule(worker, "two"), inputs: [] };
      const expected =
        status === "skipped" ? { accepted: [{ type: "task.started" }] } : { refused: { code: "task_waits" } };
      expect(world.decide(start, worker)).toMatchObject(expected);
    }
  });
});

describe("the class of an effect", () => {
  test.each([
    [[], "read_only"],
    [["fs.read:/w/a"], "read_only"],
    [["fs.read:/w/a", "fs.write:/w/b"], "idempotent"],
    [["fs.write:/w/b", "net.connect:a.example:443"], "external"],
  ])("of code that claims %j is %s", (claims, sideEffect) => {
    const { world, worker } = inhabited();
    const nobody = { ...worker, ...root, budget: "budget-1-3" } as Spawned;
    const draft = requestOf(nobody, { kind: "code", agent: null, tool: null, claims });
    expect(one(world.must(draft), "effect.requested").sideEffect).toBe(sideEffect);
  });

  test("of a tool is its registration's, also when it is updated later", () => {
    const { world, worker } = inhabited();
    const effect = world.request(worker, { tool: "sender", claims: [] });
    expect(world.state.effects.get(effect)?.sideEffect).toBe("external");
  });
});

describe("an owed effect", () => {
  test("leaves its step requested until it is settled or abandoned", () => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    const effect = world.request(worker, { task, step: "look" });
    world.settle(effect, { outcome: "unknown", result: null });
    expect(world.state.tasks.get(task)?.steps).toMatchObject({ look: { status: "requested" } });
    world.must({ type: "effect.abandon", effect, reason: "the machine is gone" }, host);
    expect(world.state.tasks.get(task)?.steps).toMatchObject({ look: { status: "failed", code: "abandoned" } });
    expect(world.state.effects.has(effect)).toBe(false);
  });
});

describe("an effect that was asked for", () => {
  test("is not started once its agent has ended, also when somebody else's grant stands behind it", () => {
    const { world, worker } = inhabited();
    const draft = { tool: "sender", claims: ["net.connect:a.example:443"], budget: "budget-1-3" };
    const { effect } = one(world.must(requestOf(worker, draft), root), "effect.requested");
    expect(world.decide({ type: "effect.start", effect }, host)).toHaveProperty("accepted");
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "killed", exitCode: 0 });
    expect(world.state.grants.has(root.grant)).toBe(true);
    expect(world.decide({ type: "effect.start", effect }, host)).toMatchObject({
      refused: { code: "authority_ended" },
    });
  });

  test("is not started once its grant has expired", () => {
    const { world } = inhabited();
    const worker = world.spawn({ expiresAtMs: world.timeMs + 1_000 });
    const effect = world.request(worker, { tool: "sender", claims: [] });
    world.timeMs += 1_000;
    expect(world.decide({ type: "effect.start", effect }, host)).toMatchObject({
      refused: { code: "authority_ended" },
    });
  });
});

describe("a grant", () => {
  test("is of use to its holder alone, and to another it does not even seem to exist", () => {
    const { world, worker } = inhabited();
    const ann = world.person("ann", ["vault.admin:*"]);
    for (const grant of [ann.grant, root.grant, "grant-900-0" as typeof ann.grant]) {
      const by = { principal: worker.principal, grant };
      const refused = { code: "grant_not_held", grant };
      expect(world.decide({ type: "secret.record", name: "x" }, by)).toEqual({ refused, recorded: true });
    }
    expect(world.decide({ type: "secret.record", name: "x" }, ann)).toHaveProperty("accepted");
  });

  test("that is asked under lends nothing of another grant of the same holder", () => {
    const world = World.open();
    const narrow = world.person("ann", ["fs.read:/a"]);
    const permissions = ["fs.read:/**"];
    const issue = { type: "grant.issue", holder: narrow.principal, permissions, expiresAtMs: null, depthMax: 4 };
    const { grant: wide } = one(world.must(issue), "grant.issued");
    const underWide = { principal: narrow.principal, grant: wide };
    const pass = { type: "grant.delegate", to: narrow.principal, parent: wide, permissions, expiresAtMs: null };
    expect(world.decide(pass, narrow)).toMatchObject({ refused: { code: "grant_not_held", grant: wide } });
    const { grant: passed } = one(world.must(pass, underWide), "grant.delegated");
    expect(world.decide({ ...pass, parent: passed }, underWide)).toHaveProperty("accepted");
    const revoke = { type: "grant.revoke", grant: passed };
    expect(world.decide(revoke, narrow)).toMatchObject({ refused: { code: "grant_not_revocable" } });
    expect(world.decide(revoke, underWide)).toHaveProperty("accepted");
  });

  test("that ended is known as such to its last holder, for its last eight", () => {
    const world = World.open();
    const ann = world.person("ann", []);
    const issue = { type: "grant.issue", holder: ann.principal, permissions: [], expiresAtMs: null, depthMax: 0 };
    const grants = Array.from({ length: 9 }, () => one(world.must(issue), "grant.issued").grant);
    for (const grant of grants) world.must({ type: "grant.revoke", grant });
    const codes = grants.map((grant) => {
      const outcome = outcomeOf(world.decide({ type: "vault.resume" }, { principal: ann.principal, grant }));
      return "refusal" in outcome ? outcome.refusal.code : "accepted";
    });
    expect(codes).toEqual(["grant_not_held", ...Array.from({ length: 8 }, () => "grant_ended")]);
  });

  test("of an agent is delegated one time less than the grant that spawned it", () => {
    const { world, worker } = inhabited();
    const [above, own] = [root.grant, worker.grant].map((id) => world.state.grants.get(id)?.depthLeft);
    expect(own).toBe((above ?? 0) - 1);
  });
});

describe("a session", () => {
  function end(world: World, { session, name, reason }: { session: SessionId; name: string; reason: string }): void {
    const { agent } = world.spawn({ session, name, permissions: [] });
    world.must({ type: "agent.terminate", agent, reason, exitCode: 0 });
  }

  const fan = [
    { name: "a", dependsOn: [] },
    { name: "b", dependsOn: ["a"] },
    { name: "c", dependsOn: ["b"] },
    { name: "d", dependsOn: [] },
  ];

  test.each([
    ["continue", []],
    ["suspend-dependents", ["b", "c"]],
    ["stop", ["b", "c", "d"]],
  ])("with the policy %s skips %j after a failure for good", (onFailure, skipped) => {
    const world = furnished();
    const session = world.session({ agents: fan, onFailure });
    end(world, { session, name: "a", reason: "crashed" });
    const advance = { type: "session.advance", session, wave: 1 };
    expect(one(world.must(advance), "session.advanced").skipped).toEqual(skipped);
    const states = world.state.sessions.get(session)?.agents.map(({ state }) => state);
    const lives = ["b", "c", "d"].map((name) => (skipped.includes(name) ? "skipped" : "waiting"));
    expect(states).toEqual(["failed", ...lives]);
  });

  test("skips nobody while the one that failed may be spawned again", () => {
    const world = furnished();
    const session = world.session({ agents: fan, onFailure: "stop", restartsMax: 1 });
    end(world, { session, name: "a", reason: "crashed" });
    const advance = (wave: number) => one(world.must({ type: "session.advance", session, wave }), "session.advanced");
    expect(advance(1).skipped).toEqual([]);
    end(world, { session, name: "a", reason: "crashed" });
    expect(advance(2).skipped).toEqual(["b", "c", "d"]);
  });

  test("ends when no agent lives, and says who never ran", () => {
    const world = furnished();
    const session = world.session({ agents: fan });
    end(world, { session, name: "a", reason: "completed" });
    end(world, { session, name: "b", reason: "completed" });
    const ended = one(world.must({ type: "session.end", session, outcome: "cancelled" }), "session.ended");
    expect(ended.skipped).toEqual(["c", "d"]);
    expect(world.state.sessions.size).toBe(0);
  });
});

describe("definitions", () => {
  const register = { type: "definition.register", part: workerPart, source: someContent };

  test("go back through 16 versions and no further, and older ones go with their last agent", () => {
    const world = furnished();
    const worker = world.spawn();
    const first = world.state.agents.get(worker.agent)?.definition;
    for (let version = 1; version < 18; version += 1) world.must(register);
    expect(world.state.definitions.size).toBe(17);
    expect([...world.state.definitions.values()].filter(({ retired }) => retired).map(({ id }) => id)).toEqual([first]);
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 });
    expect(world.state.definitions.size).toBe(16);
    for (let back = 0; back < 15; back += 1) world.must({ type: "definition.roll-back", name: "worker" });
    expect(world.decide({ type: "definition.roll-back", name: "worker" })).toHaveProperty("refused");
    expect(world.state.definitions.size).toBe(1);
  });

  test("that are proposed become active by somebody else's word", () => {
    const world = furnished();
    const ann = world.person("ann", []);
    const before = world.state.lookup.definition("worker")?.id;
    const { definition } = one(world.must({ ...register, type: "definition.propose" }, ann), "definition.proposed");
    expect(world.state.lookup.definition("worker")?.id).toBe(before);
    const promoted = one(world.must({ type: "definition.promote", definition }), "definition.promoted");
    expect(promoted.replaced).toBe(before);
    expect(world.state.lookup.definition("worker")?.id).toBe(definition);
  });
});

describe("time", () => {
  test("does not run backwards: a clock that steps back revives nothing", () => {
    const world = World.open();
    const ann = world.person("ann", ["fs.read:/a"], { expiresAtMs: world.timeMs + 1_000 });
    world.timeMs += 1_000;
    world.must({ type: "secret.record", name: "later" });
    world.timeMs -= 500;
    const draft = { type: "definition.propose", part: workerPart, source: someContent };
    expect(world.decide(draft, ann)).toMatchObject({ refused: { code: "grant_ended" } });
    expect(world.state.head.timeMs).toBeGreaterThan(world.timeMs);
  });

  test("that jumps is refused and not believed, until an administrator confirms it", () => {
    const world = World.open();
    const before = world.state.head.timeMs;
    world.timeMs += 86_400_000 * 2;
    expect(world.ask({ type: "secret.record", name: "x" })).toMatchObject({ refusal: { code: "clock_jump" } });
    expect(world.state.head).toEqual({ position: 2, timeMs: before });
    world.must({ type: "clock.accept", timeMs: world.timeMs });
    expect(world.state.head.timeMs).toBe(world.timeMs);
    world.must({ type: "secret.record", name: "x" });
  });
});

describe("refusals", () => {
  test("are recorded singly up to 20 a minute and principal, and refuse all the same beyond", () => {
    const world = World.open();
    const ann = world.person("ann", []);
    const draft = { type: "secret.record", name: "x" };
    for (let count = 0; count < 20; count += 1) {
      expect(world.decide(draft, ann)).toMatchObject({ recorded: true });
      world.ask(draft, ann);
    }
    const refused = { code: "permission_denied", permission: "vault.admin:*" };
    expect(world.decide(draft, ann)).toEqual({ refused, recorded: false });
    expect(world.decide({ type: "grant.revoke", grant: "grant-9-9" }, root)).toMatchObject({ recorded: true });
    world.timeMs += 60_000;
    expect(world.decide(draft, ann)).toEqual({ refused, recorded: true });
  });

  test("of those whom nobody knows are counted together", () => {
    const world = World.open();
    for (let count = 0; count < 25; count += 1) {
      const by = { principal: `principal-900-${count}` as typeof root.principal, grant: null };
      world.ask({ type: "secret.record", name: "x" }, by);
    }
    expect([...world.state.refusals.keys()]).toEqual(["principal-1-0"]);
    expect(world.entries.length).toBe(21);
  });
});

test("a batch gives running ids and shares its events out, and each operation sees those before it", () => {
  const world = furnished();
  const register = { type: "principal.register", name: "ann", kind: "person" };
  const position = world.state.head.position + 1;
  const holder = `principal-${position}-0`;
  const issue = { type: "grant.issue", holder, permissions: [], expiresAtMs: null, depthMax: 0 };
  const outcome = world.ask({
    type: "batch",
    operations: [register, issue, { type: "grant.revoke", grant: `grant-${position}-1` }],
  });
  expect(outcome).toMatchObject({
    events: [
      { type: "principal.registered", principal: holder },
      { type: "grant.issued", grant: `grant-${position}-1`, holder },
      { type: "grant.revoked" },
    ],
    counts: [1, 1, 1],
  });
  expect([...world.state.principals.values()].at(-1)).toMatchObject({ id: holder, ended: [`grant-${position}-1`] });
});
