/** A world with something of everything, for tables of refusals. */
import type { DefinitionPart, Input, Predicate, TaskPart } from "../src/index.ts";
import { someContent, someDigest, World, type Draft, type Spawned } from "./world.ts";

/** A predicate on the attested input `go`. */
export const whenGo: Predicate = { op: "==", left: { fact: "inputs.go" }, right: { value: true } };

/** Attests that `go` is true. */
export const go: readonly Input[] = [{ name: "go", value: true }];

/** Attests that `go` is false. */
export const noGo: readonly Input[] = [{ name: "go", value: false }];

/** The inline part of the definition `worker`. */
export const workerPart: DefinitionPart = {
  name: "worker",
  version: "1",
  capabilities: ["review", "charts"],
  domain: "security",
  permissions: [
    ...["fs.read:/w/**", "net.connect:*", "tool.call:*", "agent.spawn:*", "code.run:native", "fs.write:/w/**"],
    ...["agent.message:*", "topic.publish:*", "topic.subscribe:*"],
    ...["approval.answer:*", "lease.take:*", "family.call:*"],
  ],
  allotment: { cpuMs: 100 },
  tools: ["reader", "sender", "admin"],
  lifecycle: {
    initial: "idle",
    states: ["idle", "busy"],
    transitions: [{ from: "idle", to: "busy", when: whenGo }],
  },
  limits: { openTasksMax: 2, openEffectsMax: 2 },
  tasks: [
    {
      key: "first",
      priority: "high",
      after: [],
      attemptsMax: 3,
      backoff: { firstMs: 100, maxMs: 150 },
      timeoutMs: 1_000,
      steps: [
        { label: "look", tool: "reader", expect: "success" },
        { label: "probe", tool: "reader", expect: "refusal" },
        { label: "maybe", tool: "reader", when: whenGo, expect: "success" },
        { label: "rule", tool: "admin", when: whenGo, expect: "success" },
      ],
    },
    {
      key: "second",
      priority: "low",
      after: ["first"],
      when: whenGo,
      attemptsMax: 1,
      backoff: { firstMs: 0, maxMs: 0 },
      timeoutMs: 1_000,
      steps: [],
    },
    ...["third", "fourth", "fifth"].map((key): TaskPart => ({
      key,
      priority: "medium",
      after: [],
      attemptsMax: 1,
      backoff: { firstMs: 0, maxMs: 0 },
      timeoutMs: 1_000,
      steps: [],
    })),
  ],
  objectives: [
    { key: "seen", method: "file" },
    {
      key: "counted",
      method: "cel",
      predicate: { op: ">", left: { fact: "inputs.count" }, right: { value: 1 } },
    },
  ],
};

/** The fields of a tool. */
export function toolOf(name: string, changes: Partial<Draft> = {}): Draft {
  return {
    type: "tool.register",
    name,
    version: "1",
    sideEffect: "read_only",
    manifest: someContent,
    program: someDigest,
    permissions: ["fs.read:/**", "net.connect:*"],
    timeoutMsMax: 60_000,
    ...changes,
  };
}

/** An open vault with tools and the definition `worker`. */
export function furnished(changes: Partial<Draft> = {}): World {
  const world = World.open(changes);
  world.must(toolOf("reader"));
  world.must(toolOf("sender", { sideEffect: "external" }));
  world.must(toolOf("admin", { sideEffect: "privileged" }));
  world.must(toolOf("spare"));
  world.must({ type: "definition.register", part: workerPart, source: someContent });
  return world;
}

/** The same with a live agent. */
export function inhabited(changes: Partial<Draft> = {}): { readonly world: World; readonly worker: Spawned } {
  const world = furnished(changes);
  return { world, worker: world.spawn() };
}
