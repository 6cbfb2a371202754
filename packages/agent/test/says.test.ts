/** What a task says: when, how often, to whom, and what becomes of it when it may not. */
import type { Entry } from "@toka/kernel";
import { afterEach, describe, expect, test } from "vitest";

import { readAgentFile } from "../src/definition/agent-file.ts";
import { agentText, bytes, shown } from "./files.ts";
import { counter, start, summary, supervise } from "./sessions.ts";
import { crewOf, makeWorld, type World } from "./world.ts";

let worlds: World[] = [];
afterEach(async () => {
  for (const place of worlds) await place.close();
  worlds = [];
});

async function world(): Promise<World> {
  const made = await makeWorld();
  worlds.push(made);
  return made;
}

const count = "{ name: count, tool: count, with: { root: '${workspace}' } }";
const tasksOf = (...steps: readonly string[]): string =>
  `{ default: [{ name: work, description: Works, attempts: 1, steps: [${steps.join(", ")}] }] }`;

function operationsIn({ operation }: Entry): readonly { readonly type: string }[] {
  return operation.type === "batch" ? operation.operations : [operation];
}

describe("a task", () => {
  test("says what it says in the entry that completes it, filled with what its steps found", async () => {
    const place = await world();
    const topic = { type: "topic.subscribe", topic: "findings" } as const;
    await place.machine.submit(topic, { caller: place.operator });
    const note =
      "{ name: note, observe: finding, text: 'saw ${steps.count.result.files}', confidence: 0.75, metadata: { files: '${steps.count.result.files}', where: src } }";
    const tell = "{ name: tell, send: { topic: findings }, text: '${steps.count.result.files} files' }";
    const open = await start(place, crewOf([counter("teller", { tasks: tasksOf(count, note, tell) })]));
    expect(await supervise(place, open)).toBe("completed");
    const entries = await place.entries();
    const said = entries.filter((entry) => operationsIn(entry).some(({ type }) => type === "message.send"));
    expect(said).toHaveLength(1);
    expect(said.flatMap(operationsIn)).toMatchObject([
      {
        type: "observation.emit",
        agent: null,
        kind: "finding",
        confidencePermille: 750,
        metadata: [
          { name: "files", value: 3 },
          { name: "where", value: "src" },
        ],
      },
      { type: "message.send", agent: null, topic: "findings" },
      { type: "task.complete" },
    ]);
    const waiting = await place.machine.view((state) => [...state.messages.values()]);
    expect(waiting).toMatchObject([{ to: place.operator.principal, topic: "findings" }]);
    const text = waiting[0] === undefined ? undefined : await place.machine.payload(waiting[0].content);
    expect(Buffer.from(text ?? []).toString()).toBe("3 files");
  });

  test("says nothing when it is not completed", async () => {
    const place = await world();
    const peek = "{ name: peek, tool: peek, with: { path: /etc/passwd } }";
    const note = "{ name: note, observe: finding, text: saw it }";
    const open = await start(place, crewOf([counter("mute", { tasks: tasksOf(peek, note) })]));
    expect(await supervise(place, open)).toBe("failed");
    const types = (await place.entries()).flatMap((entry) => operationsIn(entry).map(({ type }) => type));
    expect(types).not.toContain("observation.emit");
  });

  test.each([
    ["nobody to speak to", "{ name: tell, send: { to: later }, text: hello }", "agent later does not live"],
    ["a hole that nothing fills", "{ name: tell, observe: x, text: '${steps.count.result.none}' }", "no such result"],
    [
      "a value that cannot be noted",
      "{ name: tell, observe: x, text: y, metadata: { all: '${steps.count.result}' } }",
      "metadata all is no text, whole number or boolean",
    ],
  ])("fails with %s, and nothing of it is said", async (_why, say, message) => {
    const place = await world();
    const note = "{ name: note, observe: finding, text: saw it }";
    const first = counter("first", { tasks: tasksOf(count, note, say) });
    const later = counter("later", { dependencies: "{ optional: { first: it comes after } }" });
    const open = await start(place, crewOf([first, later]));
    expect(await supervise(place, open)).toBe("failed");
    const done = await summary(place, open);
    expect(done.agents.find(({ name }) => name === "first")?.failures[0]?.message).toContain(message);
    const types = (await place.entries()).flatMap((entry) => operationsIn(entry).map(({ type }) => type));
    expect(types).not.toContain("observation.emit");
  });

  test("fails, and may be tried again, when somebody is told too much", async () => {
    const place = await world();
    const topic = { type: "topic.subscribe", topic: "t" } as const;
    await place.machine.submit(topic, { caller: place.operator });
    const tell = (name: string): string => `{ name: ${name}, send: { topic: t }, text: hello }`;
    const wordy = { name: "wordy", tasks: tasksOf(count, tell("one"), tell("two")) };
    await place.machine.submit(
      { type: "vault.configure", schema: 2, limits: { signalsPerMinuteMax: 1 }, flags: null },
      { caller: place.operator },
    );
    const open = await start(place, crewOf([counter("wordy", wordy)]));
    expect(await supervise(place, open)).toBe("failed");
    const failed = (await summary(place, open)).agents[0]?.failures[0];
    expect(failed).toMatchObject({ reason: "resource-unavailable", message: "step two was refused: limit_reached" });
    expect(await place.machine.view((state) => state.messages.size)).toBe(0);
  });
});

describe("an agent file", () => {
  test.each([
    [
      tasksOf("{ name: a, observe: x, text: y }", count),
      'Cannot use step "count": what a task says is said when it is',
    ],
    [tasksOf(count, "{ name: a, observe: x, text: '${steps.b.result}' }"), 'there is no step "b"'],
    [tasksOf(count, "{ name: a, send: { topic: x }, text: '${oops}' }"), 'Cannot use "${oops}"'],
    [tasksOf(count, "{ name: count, observe: x, text: y }"), 'Cannot use step "count": another step'],
    [tasksOf(count, "{ name: a, send: { topc: x }, text: y }"), 'there is no such key; did you mean "topic"?'],
    [tasksOf(count, "{ name: a, observe: x, text: y, confidence: 2 }"), "wanted at most 1"],
    [tasksOf(count, "{ name: a, observe: x, txt: y }"), 'there is no such key; did you mean "text"?'],
  ])("is refused at the place of what is wrong: %s", (tasks, message) => {
    const problems = shown(readAgentFile(bytes(agentText({ tasks })), { file: "a.yaml" }));
    expect(problems.join("\n")).toContain(message);
    for (const problem of problems) expect(problem).toMatch(/^a\.yaml:5:\d+: /u);
  });

  test("asks for the right to send to whom it names", () => {
    const teller = counter("teller", { tasks: tasksOf(count, "{ name: a, send: { to: other }, text: y }") });
    const speaker = counter("other", { tasks: tasksOf(count, "{ name: b, send: { topic: news }, text: y }") });
    expect(crewOf([teller, speaker]).agents.map(({ name }) => name)).toEqual(["other", "teller"]);
    expect(() => crewOf([teller])).toThrow(/Cannot send to agent "other": the crew has no such agent/u);
    const self = counter("teller", { tasks: tasksOf(count, "{ name: a, send: { to: teller }, text: y }") });
    expect(() => crewOf([self])).toThrow(/Cannot send to agent "teller": it is the one that sends/u);
  });
});
