/**
 * `nextStep` against the kernel alone: whatever the program and whatever its steps come to, what it asks for is allowed,
 * nothing that succeeded is asked for again, and it comes to an end.
 */
import { genesisIds, type Agent, type AgentId } from "@toka/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, type Program } from "../src/compile.ts";
import { readAgentFile } from "../src/definition/agent-file.ts";
import { nextStep, type AgentView, type Move } from "../src/run/next-step.ts";
import { readResults } from "../src/run/step-results.ts";
import { toOperation } from "../src/run/to-operation.ts";
import { agentText, bytes, knownTools, shown, testTools } from "./files.ts";
import { PureVault } from "./pure-kernel.ts";

/** What the successive performances of a step come to. */
type Script = readonly ("succeeded" | "failed" | "unknown" | "never")[];

interface PlannedStep {
  readonly kind: "count" | "forbidden" | "lucky";
  readonly when: "none" | "always" | "never" | "depends";
  readonly script: Script;
}

interface PlannedTask {
  readonly attempts: number;
  readonly after: readonly number[];
  readonly when: "none" | "depends";
  readonly priority: string;
  readonly steps: readonly PlannedStep[];
}

const plannedStep: fc.Arbitrary<PlannedStep> = fc.record({
  kind: fc.constantFrom("count", "count", "count", "forbidden", "lucky"),
  when: fc.constantFrom("none", "none", "always", "never", "depends"),
  script: fc.array(fc.constantFrom("succeeded", "succeeded", "failed", "unknown", "never"), {
    minLength: 1,
    maxLength: 4,
  }),
});

const plannedTasks: fc.Arbitrary<readonly PlannedTask[]> = fc.array(
  fc.record({
    attempts: fc.integer({ min: 1, max: 3 }),
    after: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
    when: fc.constantFrom("none", "none", "depends"),
    priority: fc.constantFrom("critical", "high", "medium", "low"),
    steps: fc.array(plannedStep, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function programOf(planned: readonly PlannedTask[]): Program {
  const tasks = planned.map((task, index) => {
    const after = task.after.filter((other) => other < index);
    const earlier = after.map((other) => `s${other}x0`);
    const steps = task.steps.map((step, place) => {
      const before = place > 0 ? `s${index}x${place - 1}` : earlier[0];
      const depends = before === undefined ? "attempt < 3" : `steps.${before}.outcome == "succeeded"`;
      const when = {
        none: "",
        always: ", when: 'attempt >= 1'",
        never: ", when: 'attempt < 1'",
        depends: `, when: '${depends}'`,
      }[step.when];
      const call =
        step.kind === "forbidden"
          ? "tool: peek, with: { path: /etc/passwd }, expect: refusal"
          : `tool: count, with: { root: '\${workspace}' }${step.kind === "lucky" ? ", expect: refusal" : ""}`;
      return `{ name: s${index}x${place}, ${call}${when} }`;
    });
    const when =
      task.when === "none" || earlier[0] === undefined ? "" : `, when: 'steps.${earlier[0]}.outcome == "succeeded"'`;
    const names = after.map((other) => `t${other}`).join(", ");
    return `{ name: t${index}, description: Works, priority: ${task.priority}, attempts: ${task.attempts}, backoff: { first: 1s, max: 2s }, dependencies: [${names}]${when}, steps: [${steps.join(", ")}] }`;
  });
  const objectives = "[{ description: It came to an end, validation: { file: notes.md } }]";
  const read = readAgentFile(bytes(agentText({ tasks: `{ default: [${tasks.join(", ")}] }`, objectives })), {
    file: "a",
  });
  if ("problems" in read) throw new Error(shown(read).join("\n"));
  return compile(read.value, { workspace: "/w", output: "/o" });
}

function spawn(vault: PureVault, program: Program): AgentId {
  for (const { name } of testTools) {
    const tool = knownTools().find(name);
    if (tool === undefined) throw new Error(name);
    const manifest = vault.seal(name).content;
    const program_ = `sha256:${"A".repeat(43)}`;
    vault.ask({
      type: "tool.register",
      name,
      version: "1",
      sideEffect: tool.sideEffect,
      manifest,
      program: program_,
      permissions: tool.permissions,
      timeoutMsMax: tool.timeoutMs,
    });
  }
  const registered = vault.ask({
    type: "definition.register",
    part: program.part,
    source: vault.seal("source").content,
  });
  const definition =
    "events" in registered && registered.events[0]?.type === "definition.registered"
      ? registered.events[0].definition
      : null;
  if (definition === null) throw new Error(JSON.stringify(registered));
  const spawned = vault.ask({
    type: "agent.spawn",
    name: "reader",
    definition,
    parent: null,
    session: null,
    permissions: program.part.permissions,
    expiresAtMs: null,
    allotment: program.part.allotment,
    budget: genesisIds.rootBudget,
  });
  const agent = "events" in spawned && spawned.events[0]?.type === "agent.spawned" ? spawned.events[0].agent : null;
  if (agent === null) throw new Error(JSON.stringify(spawned));
  return agent;
}

async function look(
  vault: PureVault,
  { agent, program }: { readonly agent: Agent; readonly program: Program },
): Promise<AgentView> {
  const tasks = [...vault.state.lookup.tasksOf(agent.id)];
  // A cache of its own each time: what is seen depends on the log and on nothing that was seen before.
  const result = await readResults(vault, { agent, tasks, cache: new Map() });
  return {
    agent,
    tasks,
    effects: [...vault.state.lookup.effectsOf(agent.id)],
    companions: new Map(),
    nowMs: vault.timeMs,
    program,
    tools: knownTools(),
    result,
  };
}

/** Operations after which a run of the largest program must have come to an end. */
const operationsMax = 400;

async function runToEnd(
  planned: readonly PlannedTask[],
): Promise<{ readonly outcome: string; readonly agent: Agent; readonly moves: readonly Move[] }> {
  const vault = new PureVault();
  const program = programOf(planned);
  const id = spawn(vault, program);
  const succeeded = new Set<string>();
  const performed = new Map<string, number>();
  const moves: Move[] = [];
  while (moves.length < operationsMax) {
    const agent = vault.state.agents.get(id);
    if (agent === undefined) throw new Error("the agent is gone");
    const view = await look(vault, { agent, program });
    const next = nextStep(view);
    expect(nextStep(await look(vault, { agent, program }))).toEqual(next);
    if (next.type === "done") return { outcome: next.outcome, agent, moves };
    if (next.type === "wait") {
      if (next.untilMs === null) throw new Error("it waits for ever");
      expect(next.untilMs).toBeGreaterThan(vault.timeMs);
      vault.timeMs = next.untilMs;
      continue;
    }
    for (const move of next.moves) {
      moves.push(move);
      if (move.type === "effect.request") expect(succeeded).not.toContain(move.step.label);
      const { operation } = toOperation(move, { agent, seal: (content) => vault.seal(content) });
      const answer = vault.ask(operation, { principal: agent.principal, grant: agent.grant });
      if ("refusal" in answer)
        expect([move.type, answer.refusal.code]).toEqual(["effect.request", "permission_denied"]);
      else if (move.type === "effect.request") perform(vault, { planned, move, succeeded, performed });
    }
  }
  throw new Error(`no end after ${operationsMax} operations`);
}

interface Performing {
  readonly planned: readonly PlannedTask[];
  readonly move: Extract<Move, { readonly type: "effect.request" }>;
  readonly succeeded: Set<string>;
  readonly performed: Map<string, number>;
}

function perform(vault: PureVault, { planned, move, succeeded, performed }: Performing): void {
  const [, task = "0", place = "0"] = /^s(\d)x(\d)$/u.exec(move.step.label) ?? [];
  const times = performed.get(move.step.label) ?? 0;
  performed.set(move.step.label, times + 1);
  const script = planned[Number(task)]?.steps[Number(place)]?.script ?? [];
  const outcome = script[Math.min(times, script.length - 1)] ?? "succeeded";
  if (outcome === "never") return;
  const effect = [...vault.state.effects.values()].find(
    ({ label, status }) => label === move.step.label && status !== "owed",
  );
  if (effect === undefined) throw new Error(`no effect of ${move.step.label}`);
  const result = outcome === "succeeded" ? vault.seal(JSON.stringify({ files: 3 })).content : null;
  const answer = vault.ask(
    {
      type: "effect.settle",
      effect: effect.id,
      outcome,
      code: outcome === "succeeded" ? "0" : "1",
      result,
      usage: { cpuMs: 1 },
      changes: null,
      changed: 0,
    },
    { principal: genesisIds.host, grant: null },
  );
  if ("refusal" in answer) throw new Error(JSON.stringify(answer.refusal));
  if (outcome === "succeeded") succeeded.add(move.step.label);
}

describe("nextStep", () => {
  test("asks only for what the kernel allows, repeats nothing that succeeded, and comes to an end", async () => {
    const outcomes = new Set<string>();
    const types = new Set<string>();
    await fc.assert(
      fc.asyncProperty(plannedTasks, async (planned) => {
        const { outcome, agent, moves } = await runToEnd(planned);
        const ends = Object.values(agent.tasks).map(({ status }) => status);
        expect(ends).toHaveLength(planned.length);
        expect(outcome === "completed").toBe(ends.every((status) => status === "completed" || status === "skipped"));
        outcomes.add(outcome);
        for (const move of moves) types.add(move.type);
      }),
      { numRuns: 300 },
    );
    // The programs are varied enough to have needed every kind of move.
    expect([...outcomes].sort()).toEqual(["completed", "failed"]);
    expect([...types].sort()).toEqual([
      "effect.request",
      "run.end",
      "run.start",
      "task.cancel",
      "task.complete",
      "task.fail",
      "task.schedule",
      "task.start",
      "task.time-out",
    ]);
  });
});
