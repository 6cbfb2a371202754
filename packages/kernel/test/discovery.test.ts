/** Agents are found by what their definition says and by whether they run. */
import { expect, test } from "vitest";
import { type AgentQuery, findAgents } from "../src/index.ts";
import { furnished, workerPart } from "./furnished.ts";
import { someContent } from "./world.ts";

const anything: AgentQuery = { capability: null, domain: null, state: null };

test("agents are found by capability, domain and state, all together, in the order they were spawned", () => {
  const world = furnished();
  const first = world.spawn().agent;
  const { capabilities: _, domain: __, ...bare } = workerPart;
  world.must({ type: "definition.register", part: { ...bare, name: "plain" }, source: someContent });
  const plain = world.spawn({ definition: world.state.lookup.definition("plain")?.id, name: "plain" }).agent;
  const charts = { ...workerPart, name: "charts", capabilities: ["charts"], domain: "documentation" };
  world.must({ type: "definition.register", part: charts, source: someContent });
  const third = world.spawn({ definition: world.state.lookup.definition("charts")?.id, name: "charts" }).agent;
  world.must({ type: "agent.suspend", agent: third, reason: "other" });
  const found = (query: Partial<AgentQuery>): readonly string[] =>
    findAgents(world.state, { ...anything, ...query }).map(({ id }) => id);
  expect(found({})).toEqual([first, plain, third]);
  expect(found({ capability: "charts" })).toEqual([first, third]);
  expect(found({ capability: "review" })).toEqual([first]);
  expect(found({ domain: "documentation" })).toEqual([third]);
  expect(found({ state: "suspended" })).toEqual([third]);
  expect(found({ state: "running", capability: "charts" })).toEqual([first]);
  expect(found({ capability: "charts", domain: "documentation", state: "running" })).toEqual([]);
  // What an object has by itself is no capability.
  expect(found({ capability: "length" })).toEqual([]);
  expect(found({ domain: "toString" })).toEqual([]);
  world.must({ type: "agent.terminate", agent: first, reason: "completed", exitCode: 0 });
  expect(found({ capability: "review" })).toEqual([]);
});
