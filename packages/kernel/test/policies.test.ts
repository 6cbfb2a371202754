/** Policies: which of them decides, what they look at, and that none of it depends on their order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Malformed, type Outcome, parseOperation, type PolicyEffect, type Predicate } from "../src/index.ts";
import { go, inhabited } from "./furnished.ts";
import { policyOf } from "./refusals/policy.ts";
import { one, requestOf, root, type Draft, type World } from "./world.ts";

const fact = (name: string): Predicate => ({ fact: `request.${name}` });
const is = (name: string, value: string | number): Predicate => ({ op: "==", left: fact(name), right: { value } });
const isReader = is("tool", "reader");

function rule(effect: PolicyEffect, when: Predicate | null = null, withinMs: number | null = null): Partial<Draft> {
  return { effect, when, withinMs };
}

/** What comes of a request of `worker` for a tool. */
function asking(world: World, draft: Draft): Outcome {
  const agent = [...world.state.agents.values()][0];
  if (agent === undefined) throw new Error("Cannot go on: found no agent");
  return world.ask(draft, { principal: agent.principal, grant: agent.grant });
}

function said(outcome: Outcome): string {
  if ("refusal" in outcome) return outcome.refusal.code;
  return outcome.events[0]?.type ?? "";
}

describe("a ruling", () => {
  test.each<{
    name: string;
    policies: readonly Partial<Draft>[];
    tool?: string;
    comesTo: string;
    policy?: string | null;
  }>([
    { name: "is allow when there is no policy", policies: [], comesTo: "effect.requested", policy: null },
    {
      name: "is require-approval for a privileged tool when there is no policy",
      policies: [],
      tool: "admin",
      comesTo: "approval.requested",
      policy: null,
    },
    { name: "names the policy that allows", policies: [rule("allow")], comesTo: "effect.requested", policy: "p0" },
    {
      name: "is allow for a privileged tool when a policy says so",
      policies: [rule("allow", is("tool", "admin"))],
      tool: "admin",
      comesTo: "effect.requested",
      policy: "p0",
    },
    {
      name: "is require-approval when one policy says so and another allows",
      policies: [rule("allow"), rule("require-approval", isReader)],
      comesTo: "approval.requested",
      policy: "p1",
    },
    {
      name: "is deny when the others say otherwise",
      policies: [rule("require-approval"), rule("allow"), rule("deny", isReader)],
      comesTo: "policy_denied",
    },
    {
      name: "passes over what is about something else",
      policies: [rule("deny", is("tool", "sender")), rule("require-approval", is("agent", "another"))],
      comesTo: "effect.requested",
      policy: null,
    },
    {
      name: "is the first of two as strong",
      policies: [rule("require-approval", isReader), rule("require-approval")],
      comesTo: "approval.requested",
      policy: "p0",
    },
    {
      name: "is deny when the condition of a deny comes to nothing",
      policies: [rule("deny", { op: "<", left: fact("tool"), right: { value: 1 } })],
      comesTo: "policy_denied",
    },
    {
      name: "is require-approval when the condition of one comes to nothing",
      policies: [rule("require-approval", fact("label"))],
      comesTo: "approval.requested",
      policy: "p0",
    },
    {
      name: "is not allow when the condition of an allow comes to nothing",
      policies: [rule("allow", { op: "<", left: fact("tool"), right: { value: 1 } })],
      tool: "admin",
      comesTo: "approval.requested",
      policy: null,
    },
  ])("$name", ({ policies, tool = "reader", comesTo, policy }) => {
    const { world, worker } = inhabited();
    for (const [index, changes] of policies.entries()) world.must(policyOf(`p${index}`, changes));
    const outcome = asking(world, requestOf(worker, { tool }));
    expect(said(outcome)).toBe(comesTo);
    const by = policy === null ? null : { name: policy ?? expect.any(String), position: expect.any(Number) };
    expect("events" in outcome ? outcome.events[0] : outcome.refusal).toMatchObject({ policy: by });
  });

  test.each<[string, Predicate]>([
    ["kind", is("kind", "tool")],
    ["tool", isReader],
    ["sideEffect", is("sideEffect", "read_only")],
    ["label", is("label", "a look")],
    ["agent", is("agent", "worker")],
    ["definition", is("definition", "worker")],
    ["principal", is("principal", "worker")],
    ["task", is("task", "first")],
    ["step", is("step", "look")],
    ["timeoutMs", is("timeoutMs", 1_000)],
    ["amounts", is("amounts.cpuMs", 10)],
    ["tool calls, which the kernel adds", is("amounts.toolCalls", 1)],
    [
      "claims",
      {
        op: "exists",
        list: fact("claims"),
        as: "claim",
        where: { op: "startsWith", left: { local: "claim" }, right: { value: "fs.read:" } },
      },
    ],
  ])("looks at %s", (_, when) => {
    const { world, worker } = inhabited();
    const task = world.start(worker, "first");
    const step = requestOf(worker, { task, step: "look", inputs: go });
    world.must(policyOf("other", rule("deny", { op: "not", of: when })));
    expect(said(world.decideOutcome(step, worker))).toBe("effect.requested");
    world.must(policyOf("other", rule("deny", when)));
    expect(said(asking(world, step))).toBe("policy_denied");
    // The step is refused for good, as by any other refusal of what it asks for.
    expect(world.state.tasks.get(task)?.steps["look"]).toMatchObject({ status: "refused", code: "policy_denied" });
  });

  test("is about what nobody's agent asks for, too", () => {
    const { world, worker } = inhabited();
    const ann = world.person("ann", ["code.run:native"]);
    const draft = { kind: "code", agent: null, tool: null, claims: [], budget: ann.budget };
    world.must(policyOf("code", rule("require-approval", is("agent", ""))));
    expect(said(world.ask(requestOf(worker, draft), ann))).toBe("approval.requested");
    // Nobody could answer for the operator.
    const operators = { ...draft, budget: "budget-1-3" };
    expect(world.ask(requestOf(worker, operators), root)).toEqual({
      refusal: { code: "approval_required", tool: null, policy: { name: "code", position: expect.any(Number) } },
    });
  });

  test("is allow for the operator's own request of a privileged tool, unless a policy says otherwise", () => {
    const { world, worker } = inhabited();
    const own = { tool: "admin", agent: null, budget: "budget-1-3" };
    expect(said(world.ask(requestOf(worker, own), root))).toBe("effect.requested");
    // In an agent's name it is the agent's, and whoever else has to wait.
    expect(said(world.ask(requestOf(worker, { ...own, agent: worker.agent }), root))).toBe("approval_required");
    const ann = world.person("ann", ["tool.call:*", "fs.read:/w/**"]);
    expect(said(world.ask(requestOf(worker, { ...own, budget: ann.budget }), ann))).toBe("approval.requested");
    world.must(policyOf("two-eyes", rule("require-approval", is("sideEffect", "privileged"))));
    expect(world.ask(requestOf(worker, own), root)).toEqual({
      refusal: { code: "approval_required", tool: "admin", policy: { name: "two-eyes", position: expect.any(Number) } },
    });
  });

  test("cannot be walked round with a wider claim than the one that it names", () => {
    const { world, worker } = inhabited();
    world.must(
      policyOf("shut", rule("deny", { op: "touches", left: fact("claims"), right: { value: "fs.read:/w/a/**" } })),
    );
    const claiming = (claim: string): string =>
      said(world.decideOutcome(requestOf(worker, { claims: [claim] }), worker));
    expect(["/w/**", "/w/a", "/w/a/**", "/w/a/b"].map((path) => claiming(`fs.read:${path}`))).toEqual(
      Array.from({ length: 4 }, () => "policy_denied"),
    );
    expect(["/w/b", "/w/ab", "/w"].map((path) => claiming(`fs.read:${path}`))).toEqual(
      Array.from({ length: 3 }, () => "effect.requested"),
    );
  });

  test("is in force from its own entry to the one that repeals it", () => {
    const { world, worker } = inhabited();
    const look = requestOf(worker, { reserve: {} });
    expect(said(world.decideOutcome(look, worker))).toBe("effect.requested");
    world.must(policyOf("closed"));
    expect(said(world.decideOutcome(look, worker))).toBe("policy_denied");
    world.must({ type: "policy.set", name: "closed", rule: null });
    expect(said(world.decideOutcome(look, worker))).toBe("effect.requested");
    expect(world.state.vault?.policies).toEqual([]);
  });

  test("gives a request as long as its policy says, within what the vault allows", () => {
    const { world, worker } = inhabited({ limits: { approvalMsMax: 5_000 } });
    const deadline = (withinMs: number | null): number => {
      world.must(policyOf("slow", rule("require-approval", null, withinMs)));
      const event = one(world.must(requestOf(worker, { reserve: {} }), worker), "approval.requested");
      return event.deadlineMs - world.state.head.timeMs;
    };
    expect(deadline(70)).toBe(70);
    expect(deadline(600_000)).toBe(5_000);
  });

  test("is deny for what waits, when it was forbidden since", () => {
    const { world, worker } = inhabited();
    const effect = world.awaited(worker);
    world.must(policyOf("closed", rule("deny", is("tool", "admin"))));
    const row = world.state.effects.get(effect);
    const binding = { program: row?.program, arguments: row?.arguments.commitment, claims: row?.claims };
    const answer = { type: "approval.answer", effect, answer: "allow", binding, reason: "" };
    expect(said(world.ask(answer))).toBe("policy_denied");
    expect(said(world.ask({ ...answer, answer: "deny" }))).toBe("approval.denied");
  });

  test("is the strongest of all that apply, in whatever order they were enacted", () => {
    const conditions: readonly (Predicate | null)[] = [null, isReader, is("tool", "sender"), is("agent", "worker")];
    const about: readonly boolean[] = [true, true, false, true];
    const effects = ["allow", "require-approval", "deny"] as const;
    const policy = fc.tuple(fc.constantFrom(...effects), fc.nat({ max: conditions.length - 1 }));
    fc.assert(
      fc.property(fc.array(policy, { maxLength: 8 }), (policies) => {
        const { world, worker } = inhabited();
        for (const [index, [effect, which]] of policies.entries()) {
          world.must(policyOf(`p${index}`, rule(effect, conditions[which] ?? null)));
        }
        const applying = policies.filter(([, which]) => about[which] === true).map(([effect]) => effect);
        const strongest = effects.findLast((effect) => applying.includes(effect)) ?? "allow";
        const comesTo = {
          allow: "effect.requested",
          "require-approval": "approval.requested",
          deny: "policy_denied",
        }[strongest];
        expect(said(asking(world, requestOf(worker)))).toBe(comesTo);
      }),
      { seed: 20_261_125, numRuns: 200 },
    );
  });
});

test.each(["steps.look.outcome", "inputs.go", "request.nothing", "request.amounts.gold", "attempt"])(
  "a policy that reads %s is malformed",
  (name) => {
    expect(() => parseOperation(policyOf("p", rule("deny", { fact: name })))).toThrow(Malformed);
  },
);
