/** Sessions whose agents wait for somebody's approval. */
import { bindingOf, type Entry } from "@toka/kernel";
import { afterEach, expect, test } from "vitest";
import { followProgress, type AgentProgress } from "../src/session/progress.ts";
import { counter, resume, start, summary, supervise } from "./sessions.ts";
import { carryOut, crewOf, makeWorld, type World } from "./world.ts";

let place: World | undefined;
afterEach(async () => {
  await place?.close();
});

// The task has two minutes: what a person takes is not the task's time.
const tasks =
  "{ default: [{ name: work, description: Works, timeout: 2m, attempts: 1, steps: [{ name: rule, tool: rule, with: { text: now } }, { name: after, tool: count, with: { root: '${workspace}' } }] }] }";
const ruler = counter("ruler", { tasks });

const isAwaited = ({ outcome }: Entry): boolean =>
  "events" in outcome && outcome.events.some(({ type }) => type === "approval.requested");

async function answer(world: World, said: "allow" | "deny"): Promise<void> {
  const effect = await world.machine.view((state) => [...state.effects.values()][0]);
  if (effect === undefined) throw new Error("nothing waits");
  const receipt = await world.machine.submit(
    { type: "approval.answer", effect: effect.id, answer: said, binding: bindingOf(effect), reason: "looked at it" },
    { caller: world.operator },
  );
  expect(receipt.outcome).not.toHaveProperty("refusal");
}

test("session waits for an approval, says so, and goes on with it in another process", async () => {
  const world = await makeWorld();
  place = world;
  const crew = crewOf([ruler]);
  const open = await start(world, crew);
  const stop = new AbortController();
  const seen: AgentProgress[] = [];
  const first = supervise(world, open, { signal: stop.signal });
  const signal = stop.signal;
  for await (const { agents } of followProgress(world.machine, { session: open.id, crew, signal })) {
    const [agent] = agents;
    if (agent?.state !== "awaiting") continue;
    seen.push(agent);
    stop.abort();
  }
  expect(await first).toBe("stopped");
  expect(seen[0]).toMatchObject({ state: "awaiting", awaits: { tool: "rule" }, task: { key: "work", step: "rule" } });
  expect(world.performed).toEqual([]);
  // Hours later: the task's two minutes are not over, since nobody worked in it.
  world.clock.set(world.clock.nowMs() + 3_600_000);
  const second = supervise(world, await resume(world));
  await answer(world, "allow");
  expect(await second).toBe("completed");
  expect(world.performed).toEqual(["rule", "after"]);
});

test("session fails a task whose step is denied, performs nothing of it, and says why", async () => {
  const world = await makeWorld();
  place = world;
  const open = await start(world, crewOf([ruler]));
  const ending = supervise(world, open);
  await world.until(isAwaited);
  await answer(world, "deny");
  expect(await ending).toBe("failed");
  expect(world.performed).toEqual([]);
  const { agents } = await summary(world, open);
  expect(agents[0]?.failures[0]).toMatchObject({
    task: "work",
    reason: "permission-denied",
    message: "step rule was refused: approval_denied",
  });
});

test("session reaches its objective by a denial that a step expects", async () => {
  const world = await makeWorld(carryOut);
  place = world;
  const open = await start(
    world,
    crewOf([
      counter("ruler", { tasks: tasks.replace("with: { text: now } }", "with: { text: now }, expect: refusal }") }),
    ]),
  );
  const ending = supervise(world, open);
  await world.until(isAwaited);
  await answer(world, "deny");
  expect(await ending).toBe("completed");
  expect(world.performed).toEqual(["after"]);
});
