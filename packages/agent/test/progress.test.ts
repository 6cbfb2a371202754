/** What people see of a session while it runs. */
import { afterEach, expect, test } from "vitest";
import { followProgress, type AgentProgress } from "../src/session/progress.ts";
import { counter, start, supervise } from "./sessions.ts";
import { carryOut, crewOf, makeWorld, type Performed, type World } from "./world.ts";

let place: World | undefined;
afterEach(async () => {
  await place?.close();
});

function line(agent: AgentProgress): string {
  const task =
    agent.task === null
      ? ""
      : ` ${agent.task.key}#${agent.task.attempt}${agent.task.step === null ? "" : `/${agent.task.step}`}`;
  return `${agent.name} ${agent.state}${task} ${agent.tasksDone}/${agent.tasksTotal}`;
}

test("progress shows each agent's way from waiting to its end, and ends with the session", async () => {
  const world = await makeWorld(async (call) => (call.label === "first-step" ? undefined : await carryOut(call)));
  place = world;
  const crew = crewOf([counter("first"), counter("second", { dependencies: "{ required: { first: needed } }" })]);
  const open = await start(world, crew);
  const lines: string[] = [];
  let budget: AgentProgress["budget"] = null;
  const following = (async (): Promise<void> => {
    for await (const { agents } of followProgress(world.machine, {
      session: open.id,
      crew,
      signal: new AbortController().signal,
    })) {
      const now = agents.map(line).join(", ");
      if (lines.at(-1) !== now) lines.push(now);
      budget = agents[0]?.budget ?? budget;
      // The first agent's step is settled only once it was seen under way, so that nothing is shown by luck.
      if (now.startsWith("first running work#1/first-step")) {
        const effect = await world.machine.view((state) => [...state.effects.keys()][0]);
        if (effect !== undefined) await world.settle(effect, { outcome: "succeeded", code: "0", result: {} });
      }
    }
  })();
  expect(await supervise(world, open)).toBe("completed");
  await following;
  expect(lines[0]).toBe("first waiting 0/1, second waiting 0/1");
  expect(lines).toContain("first running work#1/first-step 0/1, second waiting 0/1");
  expect(lines.at(-1)).toBe("first completed 1/1, second completed 1/1");
  expect(budget).toMatchObject({ kind: expect.any(String), allotment: expect.any(Number) });
});

test("progress says that a failed task waits for its next attempt, and which of how many that is", async () => {
  const failed: Performed = { outcome: "failed", code: "1", result: { $failure: { message: "broken" } } };
  const world = await makeWorld(async (call) => (call.before === 0 ? failed : await carryOut(call)));
  place = world;
  const tasks =
    "{ default: [{ name: work, description: Works, attempts: 2, backoff: { first: 10s, max: 1m }, steps: [{ name: s, tool: count, with: { root: '${workspace}' } }] }] }";
  const crew = crewOf([counter("patient", { tasks })], "restarts: 1");
  const open = await start(world, crew);
  const seen: AgentProgress["task"][] = [];
  const following = (async (): Promise<void> => {
    const signal = new AbortController().signal;
    for await (const { agents } of followProgress(world.machine, { session: open.id, crew, signal })) {
      const task = agents[0]?.task ?? null;
      expect(agents[0]).toMatchObject({ restarts: 0, restartsMax: 1 });
      if (task?.waits !== true) continue;
      seen.push(task);
      world.clock.set(world.clock.nowMs() + 10_000);
    }
  })();
  expect(await supervise(world, open)).toBe("completed");
  await following;
  expect(seen[0]).toEqual({ key: "work", description: "Works", attempt: 2, attemptsMax: 2, waits: true, step: null });
});
