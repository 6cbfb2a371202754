/** What the state keeps of a live agent in memory: counted after the collector has been, so that neither load nor time moves it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  applyEntry,
  decide,
  emptyState,
  genesisIds,
  genesisPrevious,
  takeDirty,
  type KernelEvent,
  type KernelState,
} from "@toka/kernel";
import { expect, test } from "vitest";
import { definitionIn, genesis, settlersOf, spawnsOf, type Ask, type Script } from "./mix.ts";

const agents = 5_000;
/** 100,000 of them are to fit into 600 MB together with their digests, the threads, SQLite and Node: a third of it is theirs. */
const bytesOfAgentMax = 2_000;

test("a live agent keeps less than 2,000 bytes of the heap, with its principal, grant and budget", () => {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("Cannot count: the collector cannot be called");
  const state = emptyState();
  const limit = 4 * agents;
  const limits = { agentsMax: limit, grantsMax: limit, principalsMax: limit, budgetsMax: limit };
  ask(state, { operation: genesis(), principal: genesisIds.host, grant: null });
  ask(state, {
    operation: { type: "vault.configure", schema: 2, limits, flags: null },
    principal: genesisIds.root,
    grant: genesisIds.rootGrant,
  });
  const definition = definitionIn(run(state, settlersOf(1)));
  collect();
  const before = process.memoryUsage().heapUsed;
  run(state, spawnsOf(definition, agents));
  // As the store does with every checkpoint.
  takeDirty(state);
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / agents;
  expect(state.agents.size).toBe(agents + 1);
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThan(bytesOfAgentMax);
});

function run(state: KernelState, script: Script<unknown>): readonly KernelEvent[] {
  const seen: KernelEvent[] = [];
  for (let step = script.next(); step.done !== true;) {
    const events = ask(state, step.value);
    // Of the spawns nothing is to be kept but what the state keeps.
    if (step.value.operation.type === "definition.register") seen.push(...events);
    step = script.next(events);
  }
  return seen;
}

function ask(state: KernelState, { operation, principal, grant }: Ask): readonly KernelEvent[] {
  const stamp = {
    timeMs: 1_790_000_000_000,
    principal,
    grant,
    causes: [],
    proof: { method: "local-uid" as const, digest: genesisPrevious },
  };
  const decision = decide(state, operation, stamp);
  if ("refused" in decision) throw new Error(`Cannot go on: ${operation.type} is ${decision.refused.code}`);
  const outcome = { events: decision.accepted };
  applyEntry(state, { position: state.head.position + 1, previous: genesisPrevious, stamp, operation, outcome });
  return decision.accepted;
}
