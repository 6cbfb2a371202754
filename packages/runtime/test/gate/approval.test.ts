/** The gate performs what needs an approval only after the entry that allows it. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { isNothing, type EffectId } from "@toka/kernel";
import { afterEach, expect, test } from "vitest";
import { eventsOf, makeBench, plain, type Bench, type Requester, type TestTool } from "./vault.ts";

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

const rule: TestTool = { name: "rule", program: "echo 1\n", manifest: plain("privileged") };

async function worker(): Promise<Requester> {
  const agent = await bench.spawn("worker", ["rule"]);
  return { caller: agent.caller, agent: agent.id, budget: agent.budget };
}

/** What the agent's budget holds for effects under way. */
async function held({ budget }: Requester): Promise<boolean> {
  const reserved = await bench.machine.view((state) => (budget === undefined ? undefined : state.budgets.get(budget)));
  return reserved !== undefined && !isNothing(reserved.reserved);
}

async function statusOf(effect: EffectId): Promise<string> {
  return bench.machine.view((state) => state.effects.get(effect)?.status ?? "gone");
}

test("gate performs a privileged effect once it is allowed, and not before", async () => {
  bench = await makeBench([rule]);
  await bench.startGate();
  const by = await worker();
  const effect = await bench.request("rule", {}, by);
  expect(await statusOf(effect)).toBe("awaiting");
  expect(await held(by)).toBe(true);
  expect(bench.starts.get(effect)).toBeUndefined();
  await bench.answer(effect, "allow");
  expect(await bench.settled(effect)).toMatchObject({ outcome: "succeeded" });
  expect(bench.starts.get(effect)).toBe(1);
  const types = (await bench.entries()).map(({ entry }) => entry.operation.type).slice(-4);
  expect(types).toEqual(["effect.request", "approval.answer", "effect.start", "effect.settle"]);
});

test("gate performs nothing of what is denied, and its reservation is given back", async () => {
  bench = await makeBench([rule]);
  await bench.startGate();
  const by = await worker();
  const effect = await bench.request("rule", {}, by);
  await bench.answer(effect, "deny");
  expect(await statusOf(effect)).toBe("gone");
  expect(await held(by)).toBe(false);
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate performs nothing when the agent allows it to itself", async () => {
  bench = await makeBench([rule]);
  await bench.startGate();
  const by = await worker();
  const effect = await bench.request("rule", {}, by);
  const issued = await bench.submit({
    type: "grant.issue",
    holder: by.caller.principal,
    permissions: ["approval.answer:*", "vault.admin:*"],
    expiresAtMs: null,
    depthMax: 1,
  });
  const [event] = "events" in issued.outcome ? issued.outcome.events : [];
  if (event?.type !== "grant.issued") throw new Error("not issued");
  const binding = await bench.machine.view((state) => {
    const row = state.effects.get(effect);
    return { program: row?.program ?? null, arguments: row?.arguments.commitment ?? "", claims: row?.claims ?? [] };
  });
  const receipt = await bench.submit(
    { type: "approval.answer", effect, answer: "allow", binding, reason: "" },
    { caller: { ...by.caller, grant: event.grant } },
  );
  expect(receipt.outcome).toEqual({ refusal: { code: "requester_answers", effect } });
  expect(await statusOf(effect)).toBe("awaiting");
});

test("gate refuses what nobody answered about in time", async () => {
  bench = await makeBench([rule]);
  await bench.submit({ type: "vault.configure", schema: 2, limits: { approvalMsMax: 100 }, flags: null });
  await bench.startGate();
  const by = await worker();
  const effect = await bench.request("rule", {}, by);
  expect(await bench.until("approval.expired")).toMatchObject({ effect });
  expect(await held(by)).toBe(false);
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate refuses at its start what became overdue while there was none", async () => {
  let aheadMs = 0;
  bench = await makeBench([rule], { clock: () => Date.now() + aheadMs });
  await bench.submit({ type: "vault.configure", schema: 2, limits: { approvalMsMax: 1 }, flags: null });
  const effect = await bench.request("rule", {}, await worker());
  aheadMs = 1000;
  await bench.startGate();
  expect(await bench.until("approval.expired")).toMatchObject({ effect });
});

test("gate gives up what waits for an approval when its agent is terminated", async () => {
  bench = await makeBench([rule]);
  await bench.startGate();
  const by = await worker();
  const effect = await bench.request("rule", {}, by);
  if (by.agent === undefined) throw new Error("there is no agent");
  await bench.submit({ type: "agent.terminate", agent: by.agent, reason: "killed", exitCode: 1 });
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted", code: "agent_terminated" });
  expect(eventsOf(await bench.entries(), "effect.settled")[0]?.booked).toEqual({});
});

test("gate does not run a program that was changed after it was allowed", async () => {
  bench = await makeBench([rule]);
  const effect = await bench.request("rule", {}, await worker());
  await bench.answer(effect, "allow");
  appendFileSync(join(bench.scratch.path, "tools/rule/program.sh"), "echo more\n");
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "failed", code: "program_changed" });
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate does not begin an allowed effect whose tool was registered anew meanwhile", async () => {
  bench = await makeBench([rule]);
  const effect = await bench.request("rule", {}, await worker());
  await bench.answer(effect, "allow");
  const tool = await bench.machine.view((state) => state.lookup.tool("rule"));
  if (tool === undefined) throw new Error("there is no tool");
  const { id: _id, ...fields } = tool;
  const program = `sha256:${"A".repeat(42)}E`;
  await bench.submit({ type: "tool.update", ...fields, program });
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted", code: "tool_changed" });
});
