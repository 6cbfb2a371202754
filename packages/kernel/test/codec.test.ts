/** Reading and writing: canonical order, the path of the first problem, and one encoding of each entry. */
import { describe, expect, test } from "vitest";
import {
  decodeEntry,
  decodeState,
  encodeEntity,
  encodeEntry,
  encodeState,
  takeDirty,
  restoreState,
  entityKeys,
  isAttested,
  Malformed,
  parseOperation,
} from "../src/index.ts";
import { go, inhabited, workerPart } from "./furnished.ts";
import { genesis, requestOf, sessionOf, someContent, World } from "./world.ts";

function problemOf(read: () => unknown): { readonly path: string; readonly found: string; readonly wanted: string } {
  try {
    read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
  throw new Error("Cannot go on: nothing was refused");
}

const spawned = inhabited().worker;
const cycle = { initial: "idle", states: ["idle", "busy"], transitions: [] };
const message = { type: "message.send", agent: null, topic: "news", content: someContent };
const seen = { type: "observation.emit", agent: null, kind: "finding", confidencePermille: 1, metadata: [] };
const measured = { type: "metric.emit", agent: null, name: "n", kind: "counter", unit: "1", decimals: 0, labels: [] };
const alert = { type: "alert.raise", agent: null, severity: "info", code: "a", content: null };
const task = { ...workerPart.tasks[2], steps: [] };

function timed(schedule: object): object {
  return { type: "timer.set", agent: "agent-17-0", schedule, content: someContent };
}

function named(of: string): { readonly name: string; readonly value: string } {
  return { name: of, value: "x".repeat(1_000) };
}

describe("reading an operation", () => {
  test("puts its keys in order and leaves out what is absent", () => {
    const { type, ...rest } = genesis;
    const turned = Object.fromEntries(Object.entries({ ...rest, limits: undefined, type }).toReversed());
    expect(JSON.stringify(parseOperation(turned))).toBe(JSON.stringify(parseOperation(genesis)));
    expect(Object.keys(parseOperation(turned))[0]).toBe("type");
  });

  test("leaves out amounts of zero, orders the others, and writes -0 as 0", () => {
    const amounts = { storedBytes: 1, tokens: 0, cpuMs: -0, wallMs: 2 };
    const operation = parseOperation({ type: "budget.top-up", amounts, budget: "budget-1-3" });
    expect(JSON.stringify(operation)).toBe(
      '{"type":"budget.top-up","budget":"budget-1-3","amounts":{"wallMs":2,"storedBytes":1}}',
    );
  });

  test.each<[string, string, unknown]>([
    ["operation", "nothing", undefined],
    ["operation", "a list", []],
    ["operation.type", "no type", {}],
    ["operation.type", "another type", { type: "vault.close" }],
    ["operation.type", "a type that every object has", { type: "constructor" }],
    ["operation.extra", "an unknown key", { type: "vault.resume", extra: 1 }],
    ["operation.grant", "a missing key", { type: "grant.revoke" }],
    [
      "operation.grant",
      "a value that it only inherits",
      Object.assign(Object.create({ grant: "grant-1-2" }), { type: "grant.revoke" }),
    ],
    ["operation.__proto__", "a prototype as a key", JSON.parse('{"type":"vault.resume","__proto__":{"held":true}}')],
    ["operation.grant", "an id of another kind", { type: "grant.revoke", grant: "agent-1-0" }],
    ["operation.grant", "an id with leading zeros", { type: "grant.revoke", grant: "grant-01-0" }],
    ["operation.grant", "an id at position 0", { type: "grant.revoke", grant: "grant-0-0" }],
    [
      "operation.amounts.tokens",
      "a fraction",
      { type: "budget.top-up", budget: "budget-1-3", amounts: { tokens: 0.5 } },
    ],
    [
      "operation.amounts.tokens",
      "less than 0",
      { type: "budget.top-up", budget: "budget-1-3", amounts: { tokens: -1 } },
    ],
    ["operation.amounts.joy", "another kind", { type: "budget.top-up", budget: "budget-1-3", amounts: { joy: 1 } }],
    [
      "operation.amounts.tokens",
      "far too much",
      { type: "budget.top-up", budget: "budget-1-3", amounts: { tokens: 1e15 } },
    ],
    ["operation.name", "a name with a space", { type: "secret.record", name: "a b" }],
    ["operation.name", "a long name", { type: "secret.record", name: "a".repeat(65) }],
    [
      "operation.claims[1]",
      "a claim that is no permission",
      requestOf(spawned, { claims: ["fs.read:/a", "fs.read:a"] }),
    ],
    [
      "operation.claims",
      "too many claims",
      requestOf(spawned, { claims: Array.from({ length: 65 }, () => "fs.read:/a") }),
    ],
    ["operation.arguments.commitment", "no digest", requestOf(spawned, { arguments: { commitment: "x", size: 1 } })],
    [
      "operation.arguments.commitment",
      "a digest that is not of 32 bytes",
      requestOf(spawned, { arguments: { commitment: `sha256:${"A".repeat(42)}B`, size: 1 } }),
    ],
    ["operation.tool", "code with a tool", requestOf(spawned, { kind: "code" })],
    ["operation.undoes", "an undo of nothing", requestOf(spawned, { kind: "undo", tool: null })],
    ["operation.undoes", "an undo of no effects", requestOf(spawned, { kind: "undo", tool: null, undoes: [] })],
    ["operation.undoes", "a tool call that undoes", requestOf(spawned, { undoes: ["effect-1-4"] })],
    [
      "operation.undoes[1]",
      "effects out of order",
      requestOf(spawned, { kind: "undo", tool: null, undoes: ["effect-12-0", "effect-2-0"] }),
    ],
    [
      "operation.undoes[2]",
      "an effect twice",
      requestOf(spawned, { kind: "undo", tool: null, undoes: ["effect-2-0", "effect-2-1", "effect-2-1"] }),
    ],
    ["operation.tool", "a tool call without a tool", requestOf(spawned, { tool: null })],
    ["operation.task", "a step without a task", requestOf(spawned, { step: "look" })],
    ["operation.agent", "a task without an agent", requestOf(spawned, { agent: null, task: "task-9-0" })],
    ["operation.inputs[1]", "an input twice", requestOf(spawned, { inputs: [...go, ...go] })],
    [
      "operation.inputs[0].value",
      "an input that is an object",
      requestOf(spawned, { inputs: [{ name: "a", value: {} }] }),
    ],
    ["operation.label", "half a character", requestOf(spawned, { label: "\ud83d" })],
    ["operation.workspace", "a path upwards", { ...sessionOf(), workspace: "/w/../etc" }],
    ["operation.plan.agents[1]", "an agent twice", sessionOf({ agents: [agent("a"), agent("a")] })],
    ["operation.plan.agents[0].dependsOn[0]", "an agent that is not planned", sessionOf({ agents: [agent("a", "b")] })],
    [
      "operation.plan.agents",
      "agents that wait in a circle",
      sessionOf({ agents: [agent("a", "b"), agent("b", "a")] }),
    ],
    ["operation.part.lifecycle.initial", "an undeclared state", definition({ lifecycle: { ...cycle, initial: "x" } })],
    [
      "operation.part.lifecycle.transitions[0].to",
      "a way to an undeclared state",
      definition({ lifecycle: { ...cycle, transitions: [{ from: "idle", to: "x" }] } }),
    ],
    ["operation.part.tasks[0].after[0]", "an undeclared task", definition({ tasks: [{ ...task, after: ["x"] }] })],
    ["operation.part.tasks", "tasks that wait for themselves", definition({ tasks: [{ ...task, after: ["third"] }] })],
    [
      "operation.part.tasks[0].steps[0].tool",
      "a tool that is not offered",
      definition({ tasks: [{ ...task, steps: [{ label: "a", tool: "x", expect: "success" }] }] }),
    ],
    ["operation.part", "more than 16 KiB", definition({ permissions: Array.from({ length: 90 }, longPermission) })],
    ["operation.topic", "neither an agent nor a topic", { ...message, topic: null }],
    ["operation.topic", "an agent and a topic", { ...message, agent: "agent-17-0" }],
    ["operation.content.size", "more than 1 MiB", { ...message, content: { ...someContent, size: 1_048_577 } }],
    ["operation.metadata[0].value", "a fraction", { ...seen, metadata: [{ name: "a", value: 0.5 }] }],
    ["operation.metadata[1]", "a name twice", { ...seen, metadata: [named("a"), named("a")] }],
    [
      "operation.metadata",
      "more than 16 KiB",
      { ...seen, metadata: Array.from({ length: 20 }, (_, at) => named(`n${at}`)) },
    ],
    ["operation.confidencePermille", "more than certain", { ...seen, confidencePermille: 1001 }],
    ["operation.value", "a counter that shrinks", { ...measured, value: -1 }],
    ["operation.value", "a fraction", { ...measured, value: 0.5 }],
    ["operation.title", "two lines", { ...alert, title: "a\nb" }],
    ["operation.title", "what turns text round", { ...alert, title: "a\u202eb" }],
    ["operation.title", "a blank", { ...alert, title: " " }],
    ["operation.schedule.expression", "no cron expression", timed({ type: "cron", expression: "61 * * * *" })],
    ["operation.schedule.everyMs", "a span below a second", timed({ type: "interval", everyMs: 999, fromMs: null })],
    ["operation.schedule.type", "an unknown schedule", timed({ type: "never" })],
    ["operation.operations", "an empty batch", { type: "batch", operations: [] }],
    ["operation.operations[0].type", "a batch in a batch", { type: "batch", operations: [{ type: "batch" }] }],
    [
      "operation.operations",
      "65 operations",
      { type: "batch", operations: Array.from({ length: 65 }, () => ({ type: "vault.resume" })) },
    ],
  ])("names %s for %s", (path, _, value) => {
    const problem = problemOf(() => parseOperation(value));
    expect(problem.path).toBe(path);
  });

  test("says what it found and what it wanted, and does not show long texts", () => {
    const { path, found, wanted } = problemOf(() => parseOperation({ type: "secret.record", name: "s".repeat(99) }));
    expect({ path, found }).toEqual({ path: "operation.name", found: "a text of 99 characters" });
    expect(wanted).toContain("name");
  });

  test("is attested when it carries inputs, alone or in a batch", () => {
    const plain = requestOf(spawned);
    expect(isAttested(parseOperation(plain))).toBe(false);
    expect(isAttested(parseOperation({ ...plain, inputs: go }))).toBe(true);
    expect(isAttested(parseOperation({ type: "batch", operations: [{ ...plain, inputs: go }] }))).toBe(true);
  });
});

describe("an entry", () => {
  const { world } = inhabited();
  world.ask({ type: "grant.revoke", grant: "grant-900-0" });
  world.ask({ type: "secret.record", name: "constructor" });

  test("reads back as it was written", () => {
    for (const [index, bytes] of world.bytes.entries()) {
      expect(decodeEntry(bytes)).toEqual(world.entries[index]);
      expect(encodeEntry(decodeEntry(bytes))).toBe(bytes);
    }
  });

  test("has its keys in the one order, as JSON would write it", () => {
    for (const [index, bytes] of world.bytes.entries()) {
      const entry = world.entries[index];
      const order = ["position", "previous", "stamp", "operation", "outcome"];
      expect(Object.keys(JSON.parse(bytes) as object)).toEqual(order);
      expect(bytes).toBe(JSON.stringify({ ...entry }));
    }
  });

  const last = world.bytes.at(-1) ?? "";
  test.each<[string, (bytes: string) => string]>([
    ["a space", (bytes) => bytes.replace(",", ", ")],
    ["a key twice", (bytes) => bytes.replace("{", '{"position":1,')],
    [
      "another order",
      (bytes) =>
        bytes.replace('"type":"secret.record","name":"constructor"', '"name":"constructor","type":"secret.record"'),
    ],
    ["a number written otherwise", (bytes) => bytes.replace('"schema":1', '"schema":1.0')],
    ["an escape that need not be", (bytes) => bytes.replace("constructor", "\\u0063onstructor")],
    ["a byte more", (bytes) => `${bytes} `],
    ["half of it", (bytes) => bytes.slice(0, 100)],
    ["an unknown key", (bytes) => bytes.replace('"outcome"', '"note":1,"outcome"')],
    ["causes that do not ascend", (bytes) => bytes.replace('"causes":[]', '"causes":[2,1]')],
    ["no outcome", (bytes) => bytes.replace(/"outcome":.*$/, '"outcome":{}}')],
    ["an outcome of both kinds", (bytes) => bytes.replace('"outcome":{', '"outcome":{"refusal":{"code":"x"},')],
    ["an event without a type", (bytes) => bytes.replace('"events":[{"type":', '"events":[{"typ":')],
  ])("with %s is refused", (_, change) => {
    const changed = change(last);
    expect(changed).not.toBe(last);
    expect(() => decodeEntry(changed)).toThrow(Malformed);
  });
});

describe("a snapshot", () => {
  const { world, worker } = inhabited();
  world.start(worker, "first");
  world.request(worker);
  const text = encodeState(world.state);

  test("reads back to the same state, entity by entity", () => {
    const state = decodeState(text);
    expect(encodeState(state)).toBe(text);
    expect(entityKeys(state)).toEqual(entityKeys(world.state));
    for (const key of entityKeys(state)) expect(encodeEntity(state, key)).toBe(encodeEntity(world.state, key));
  });

  const entities = entityKeys(world.state).map((key): readonly [string, string] => [
    key,
    encodeEntity(world.state, key) ?? "",
  ]);

  test("is restored from its entities to the same state, with nothing dirty", () => {
    const state = restoreState(entities);
    expect(encodeState(state)).toBe(text);
    expect(takeDirty(state)).toEqual([]);
  });

  test.each([
    ["one twice", [...entities, ...entities.filter(([key]) => key.startsWith("agents/"))]],
    ["the head twice", [...entities, ...entities.filter(([key]) => key === "head/head")]],
    ["no head", entities.filter(([key]) => key !== "head/head")],
    ["one under another's key", [...entities, ["agents/agent-900-0", '{"id":"agent-901-0"}'] as const]],
    ["one of a table that there is not", [...entities, ["angels/agent-900-0", '{"id":"agent-900-0"}'] as const]],
    ["one that is no JSON", [...entities, ["agents/agent-900-0", "{"] as const]],
    ["one that is null", [...entities, ["agents/agent-900-0", "null"] as const]],
  ])("is not restored from entities with %s", (_, changed) => {
    expect(() => restoreState(changed)).toThrow(Malformed);
  });

  test("holds the head, the vault and an agent under their keys", () => {
    const keys = entityKeys(world.state);
    expect(keys).toContain("head/head");
    expect(keys).toContain("vault/vault");
    expect(keys).toContain(`agents/${worker.agent}`);
    expect(encodeEntity(world.state, "agents/agent-900-0")).toBeUndefined();
    expect(encodeEntity(world.state, "constructor/x")).toBeUndefined();
  });

  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no head", "{}"],
    ["an entity under another's key", text.replace(`"agents/${worker.agent}"`, '"agents/agent-900-0"')],
    ["a table that there is not", text.replace('"agents/', '"angels/')],
  ])("with %s is refused", (_, changed) => {
    expect(() => decodeState(changed)).toThrow(Malformed);
  });
});

test("a refusal in the log leaves its step and its minute, and the head moves", () => {
  const { world, worker } = inhabited();
  const task = world.start(worker, "first");
  const before = world.state.head.position;
  world.ask(requestOf(worker, { task, step: "probe", claims: ["fs.read:/elsewhere"] }), worker);
  const step = { status: "refused", effect: null, result: null, code: "permission_denied" };
  expect(world.state.tasks.get(task)?.steps).toEqual({ probe: step });
  expect(world.state.refusals.get(worker.principal)).toMatchObject({ recorded: 1 });
  expect(world.state.head.position).toBe(before + 1);
});

test("an empty world writes only its head", () => {
  expect(encodeState(new World().state)).toBe('{"head/head":{"position":0,"timeMs":0}}');
});

function agent(name: string, ...dependsOn: readonly string[]): unknown {
  return { name, dependsOn };
}

function definition(changes: object): unknown {
  return { type: "definition.register", part: { ...workerPart, ...changes }, source: someContent };
}

function longPermission(_: unknown, index: number): string {
  return `fs.read:/${"a".repeat(200)}${index}`;
}
