/** A history decided again: what comes out otherwise under a supposition, and that nothing does where nothing is supposed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyEntry,
  decodeEntry,
  type DefinitionPart,
  emptyState,
  type KernelState,
  parseOperation,
  type PolicyEffect,
  type PolicySet,
  type Redecided,
  Redecision,
  type Supposition,
} from "../src/index.ts";
import { furnished, workerPart } from "./furnished.ts";
import { draw } from "./generate.ts";
import { Choices } from "./generate/setting.ts";
import { policyOf } from "./refusals/policy.ts";
import { tally as families } from "./tally.ts";
import { host, requestOf, someContent, type World } from "./world.ts";

const nothing: Supposition = { type: "budget", amounts: {} };

function policySet(effect: PolicyEffect): PolicySet {
  const operation = parseOperation(policyOf("p", { effect, when: isReader }));
  if (operation.type !== "policy.set") throw new Error("Cannot prepare: found no policy");
  return operation;
}

const isReader = { op: "==", left: { fact: "request.tool" }, right: { value: "reader" } } as const;

/** The state after an entry, made of the recorded bytes alone. */
function stateAfter(world: World, at: number): KernelState {
  const state = emptyState();
  for (const text of world.bytes.slice(0, at)) applyEntry(state, decodeEntry(text));
  return state;
}

/** Everything behind an entry, decided again. */
function again(world: World, at: number, supposition: Supposition): readonly Redecided[] {
  const redecision = new Redecision(stateAfter(world, at), { supposition, families });
  return world.bytes.slice(at).map((text) => redecision.next(decodeEntry(text)));
}

const readerPart: DefinitionPart = { ...workerPart, allotment: { cpuMs: 100, toolCalls: 5 } };

/** `worker` is spawned, reads twice and once sends; what it used is booked. */
function life(): { readonly world: World; readonly before: number; readonly spawned: number } {
  const world = furnished();
  world.must({ type: "definition.register", part: readerPart, source: someContent });
  const before = world.entries.length;
  const { permissions, allotment } = readerPart;
  const worker = world.spawn({ permissions, allotment });
  const spawned = world.entries.length;
  for (const tool of ["reader", "sender", "reader"]) {
    const effect = world.request(worker, { tool, label: tool, reserve: { cpuMs: 40 } });
    world.must({ type: "effect.start", effect }, host);
    world.settle(effect, { usage: { cpuMs: 30 } });
  }
  return { world, before, spawned };
}

const fates = (found: readonly Redecided[]): readonly string[] => found.map(({ fate }) => fate);
/** Of a request, its start and its settlement. */
const same = ["same", "same", "same"];
const refused = ["refused", "undecidable", "undecidable"];
const cpuOf = (found: readonly Redecided[]): readonly number[] =>
  (["booked", "bookedNow"] as const).map((side) => found.reduce((sum, one) => sum + (one[side].cpuMs ?? 0), 0));

describe("what comes out otherwise", () => {
  test("is each request that a supposed policy forbids, and what follows from it is not decidable", () => {
    const { world, spawned } = life();
    const rule = { effect: "deny", source: 'request.tool == "reader"', when: isReader, withinMs: null } as const;
    const supposition: Supposition = { type: "policy", policies: [{ type: "policy.set", name: "no-reader", rule }] };
    const found = again(world, spawned, supposition);
    expect(fates(found)).toEqual([...refused, ...same, ...refused]);
    expect(found[0]).toMatchObject({ was: "effect.requested", now: "policy_denied", hypothetical: false });
    expect(found.slice(1).every(({ hypothetical }) => hypothetical)).toBe(true);
    expect(cpuOf(found)).toEqual([90, 30]);
  });

  test("is what was refused, once the policy that forbade it says otherwise", () => {
    const world = furnished();
    const worker = world.spawn();
    const at = world.entries.length;
    world.must(policyOf("p", { when: isReader }));
    world.ask(requestOf(worker), worker);
    const lifted = policySet("allow");
    for (const from of [at, at + 1]) {
      const found = again(world, from, { type: "policy", policies: [lifted] }).slice(-1);
      expect(found).toMatchObject([{ fate: "allowed", was: "policy_denied", now: "effect.requested" }]);
    }
  });

  test("is what waits for an approval instead", () => {
    const { world, spawned } = life();
    const asked = policySet("require-approval");
    const found = again(world, spawned, { type: "policy", policies: [asked] });
    expect(found[0]).toMatchObject({ fate: "otherwise", now: "approval.requested" });
    expect(fates(found)).toEqual([
      "otherwise",
      "undecidable",
      "undecidable",
      ...same,
      // What waits still holds its part of the budget.
      ...refused,
    ]);
  });

  test.each([
    { name: "of an agent that is spawned later", from: "before" },
    { name: "of one that lives already", from: "spawned" },
  ] as const)("is the request that half the budget does not cover, $name", ({ from }) => {
    const history = life();
    const found = again(history.world, history[from], {
      type: "budget",
      amounts: { worker: { cpuMs: 50, toolCalls: 5 } },
    });
    expect(fates(found).slice(-9)).toEqual([...same, ...refused, ...refused]);
    expect(found.at(-3)?.now).toBe("budget_exhausted");
    expect(cpuOf(found)).toEqual([90, 30]);
  });

  test.each([
    { name: "before it is registered", at: (before: number) => before - 1 },
    { name: "when it stands already", at: (before: number) => before },
  ])("is the request that a definition with fewer permissions does not allow, $name", ({ at }) => {
    const { world, before } = life();
    const permissions = readerPart.permissions.filter((one) => !one.startsWith("tool.call:"));
    const part: DefinitionPart = { ...readerPart, permissions: [...permissions, "tool.call:sender"].sort() };
    const supposed = parseOperation({ type: "definition.register", part, source: someContent });
    if (supposed.type !== "definition.register") throw new Error("Cannot prepare: found no definition");
    const found = again(world, at(before), { type: "definition", part: supposed.part });
    expect(fates(found).slice(-9)).toEqual([...refused, ...same, ...refused]);
    expect(found.at(-3)?.now).toBe("permission_denied");
  });

  test("is nothing for an agent that is called as a function of every object", () => {
    const world = furnished();
    const at = world.entries.length;
    world.spawn({ name: "constructor" });
    expect(fates(again(world, at, nothing))).toEqual(["same"]);
  });

  test("is nothing where nothing is supposed, whatever was recorded and wherever it begins", () => {
    const sequences = fc.array(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 16, maxLength: 16 }), {
      minLength: 60,
      maxLength: 120,
      size: "max",
    });
    let decided = 0;
    fc.assert(
      fc.property(sequences, fc.nat(), (numbers, from) => {
        const world = furnished();
        for (const choices of numbers) {
          const drawn = draw(world.state, new Choices(choices));
          if (drawn === undefined) continue;
          world.timeMs += drawn.passMs;
          world.ask(drawn.draft, drawn.by);
        }
        const found = again(world, 1 + (from % world.entries.length), nothing);
        decided += found.length;
        for (const one of found) {
          expect(one).toMatchObject({ fate: "same", hypothetical: false, bookedNow: one.booked });
          expect(one.now).toBe(one.was);
        }
      }),
      { seed: 20_261_125, numRuns: 25 },
    );
    expect(decided).toBeGreaterThan(500);
  });
});
