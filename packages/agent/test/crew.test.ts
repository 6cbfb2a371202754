/** What only shows when the files of a crew are seen together, and a crew's order. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { SourceFailure } from "@toka/runtime";
import { readCrew } from "../src/crew/read-crew.ts";
import { readCrewFolder } from "../src/crew/read-folder.ts";
import { criticalPathOf, cyclesOf, wavesOf } from "../src/definition/graph.ts";
import { agentText, bytes, knownTools, shown, type AgentParts } from "./files.ts";

function problems(
  agents: Readonly<Record<string, AgentParts>>,
  crew = "name: testers\ndescription: Test",
): readonly string[] {
  const files = new Map([
    ["crew.yaml", bytes(crew)],
    ...Object.entries(agents).map(([file, parts]) => [`agents/${file}.yaml`, bytes(agentText(parts))] as const),
  ]);
  return shown(readCrew(files, { prefix: "c/", tools: knownTools() }));
}

function stepWith(call: string): AgentParts {
  return { tasks: `{ default: [{ name: read, description: Reads, steps: [{ name: look, ${call} }] }] }` };
}

describe("a crew", () => {
  test("is refused without agents, and without its own file", () => {
    expect(problems({})).toEqual([
      "c/crew.yaml:1:1: Cannot use the crew: it has no agents; put their files in agents/",
    ]);
    expect(
      shown(readCrew(new Map([["agents/a.yaml", bytes(agentText())]]), { prefix: "", tools: knownTools() })),
    ).toContain("crew.yaml:1:1: Cannot read the crew: there is no crew.yaml in its folder");
  });

  test.each([
    [
      "a key that nobody knows",
      "name: a\ndescription: b\nconcurency: 3",
      'c/crew.yaml:3:1: Cannot use key "concurency": there is no such key; did you mean "concurrency"?',
    ],
    [
      "a policy that is none",
      "name: a\ndescription: b\nfailure: halt",
      'c/crew.yaml:3:10: Cannot use "failure": wanted one of continue, suspend-dependents, stop, found "halt"',
    ],
    [
      "tools outside of it",
      "name: a\ndescription: b\ntools: ../../bin",
      'c/crew.yaml:3:8: Cannot use folder "../../bin": the tools must lie in the crew folder',
    ],
    [
      "no cap at all",
      "name: a\ndescription: b\nconcurrency: 0",
      'c/crew.yaml:3:14: Cannot use "concurrency": wanted at least 1, found 0',
    ],
  ])("is refused for %s in its file", (_why, crew, message) => {
    expect(problems({ a: {} }, crew)).toContain(message);
  });

  test("tells the problems of all its files at once", () => {
    const found = problems(
      { a: { priority: "urgent" }, b: { name: "b", priority: "soon" } },
      "name: a\ndescription: b\nrestarts: -1",
    );
    expect(found.map((line) => line.split(":")[0])).toEqual(["c/crew.yaml", "c/agents/a.yaml", "c/agents/b.yaml"]);
  });

  test.each([
    [
      "two agents of one name",
      { a: { name: "twin" }, b: { name: "twin" } },
      'c/agents/b.yaml:1:19: Cannot use agent "twin": c/agents/a.yaml has the same name',
    ],
    [
      "an agent that waits for nobody",
      { a: { name: "catalogue" }, b: { name: "b", dependencies: "{ required: { cataloge: needed } }" } },
      'c/agents/b.yaml:6:29: Cannot depend on agent "cataloge": the crew has no such agent; did you mean "catalogue"?',
    ],
    [
      "agents that wait for each other",
      {
        a: { name: "a", dependencies: "{ required: { b: needed } }" },
        b: { name: "b", dependencies: "{ required: { c: needed } }" },
        c: { name: "c", dependencies: "{ required: [{ a: needed }] }" },
      },
      "c/agents/a.yaml:6:29: Cannot order the crew: its agents wait for each other (a -> b -> c -> a)",
    ],
  ])("is refused for %s", (_why, agents, message) => {
    expect(problems(agents)).toEqual([message]);
  });

  test.each([
    [
      "a tool that is not there",
      "tool: conut, with: { root: /a }",
      'Cannot call tool "conut": there is no such tool; did you mean "count"?',
    ],
    [
      "an argument that is not there",
      "tool: count, with: { rot: /a, root: /a }",
      'Cannot pass "rot" to tool "count": it has no such parameter; did you mean "root"?',
    ],
    ["a missing argument", "tool: count", 'Cannot call tool "count": parameter "root" is missing'],
    [
      "an argument of the wrong type",
      "tool: count, with: { root: /a, limit: many }",
      'Cannot pass "limit" to tool "count": wanted integer, found string',
    ],
    [
      "a map where a text belongs",
      "tool: count, with: { root: { a: 1 } }",
      'Cannot pass "root" to tool "count": wanted string, found object',
    ],
  ])("is refused for a step with %s", (_why, call, message) => {
    expect(problems({ a: stepWith(call) }).map((line) => line.replace(/^[^ ]+ /u, ""))).toEqual([message]);
  });

  test("is refused for a call that its agent's limits could never pay, and for one longer than its task", () => {
    const poor = {
      ...stepWith("tool: count, with: { root: '${workspace}' }"),
      security: "{ capabilities_required: [], resource_limits: { max_memory: 1KB } }",
    };
    expect(problems({ a: poor })).toEqual([
      expect.stringContaining(
        "one call may use 1048576 memoryBytes, the agent 1024; raise security.resource_limits.max_memory",
      ),
    ]);
    const hasty = {
      tasks:
        "{ default: [{ name: read, description: Reads, timeout: 1s, steps: [{ name: look, tool: count, with: { root: /a } }] }] }",
    };
    expect(problems({ a: hasty })).toEqual([
      expect.stringContaining("it may take 60000 ms, the task 1000 ms; raise the task's timeout"),
    ]);
  });

  test("is refused for what the kernel could not register", () => {
    const long = {
      tasks:
        "{ default: [{ name: read, description: Reads, timeout: 900000d, steps: [{ name: look, tool: count, with: { root: /a } }] }] }",
    };
    expect(problems({ a: long })).toEqual([
      expect.stringMatching(
        /^c\/agents\/a\.yaml:1:19: Cannot register agent "reader": [a-z.]*tasks\[0\]\.timeoutMs is /u,
      ),
    ]);
  });

  test("shows nothing of a file that would speak to the terminal", () => {
    expect(problems({ a: { more: '"\\e[31mred": 1' } })).toEqual([expect.stringContaining('key "\\u{1b}[31mred"')]);
    expect(
      problems({
        a: {
          name: "a",
          objectives: '[{ description: "The notes \\e]0;x are there", validation: { file: notes.md } }]',
        },
      }),
    ).toEqual([expect.stringContaining("wanted text without control characters")]);
  });

  test("does not ask a value that only a result brings to be of its type before", () => {
    const tasks =
      "{ default: [{ name: read, description: Reads, steps: [{ name: look, tool: count, with: { root: /a } }, { name: again, tool: count, with: { root: /a, limit: '${steps.look.result.files}' } }] }] }";
    expect(problems({ a: { tasks } })).toEqual([]);
  });

  test("adds up what its agents ask for, once for each life, unless its file says otherwise", () => {
    const agents = new Map([
      ["agents/a.yaml", bytes(agentText())],
      ["agents/b.yaml", bytes(agentText({ name: "b" }))],
    ]);
    const allotment = (more: string): unknown => {
      const read = readCrew(
        new Map([["crew.yaml", bytes(`name: t\ndescription: T\nrestarts: 1\n${more}`)], ...agents]),
        { prefix: "", tools: knownTools() },
      );
      return "value" in read ? read.value.allotment : read.problems;
    };
    expect(allotment("")).toEqual({
      cpuMs: 14_400_000,
      wallMs: 14_400_000,
      toolCalls: 4000,
      memoryBytes: 2 ** 31,
      storedBytes: 2 ** 32,
    });
    expect(allotment("allotment: { cpu: 1m, tool_calls: 9 }")).toMatchObject({
      cpuMs: 60_000,
      wallMs: 14_400_000,
      toolCalls: 9,
    });
  });
});

describe("a crew folder", () => {
  let folder = "";
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is read file by file, and only what is YAML", async () => {
    folder = mkdtempSync(join(tmpdir(), "toka-crew-"));
    mkdirSync(join(folder, "agents"));
    for (const name of ["crew.yaml", "agents/b.yaml", "agents/a.yml", "agents/notes.txt", "agents/.hidden.yaml"])
      writeFileSync(join(folder, name), name);
    expect([...(await readCrewFolder(folder)).keys()]).toEqual(["crew.yaml", "agents/a.yml", "agents/b.yaml"]);
  });

  test("with a file of 10 MB is refused by the file's size, without reading it all", async () => {
    folder = mkdtempSync(join(tmpdir(), "toka-crew-"));
    writeFileSync(join(folder, "crew.yaml"), "x".repeat(10_000_000));
    const refusal: unknown = await readCrewFolder(folder).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SourceFailure);
    expect(String(refusal)).toContain("it has 10000000 bytes, at most 262144 are allowed");
  });

  test("with a pipe instead of a file is refused without waiting for a writer", async () => {
    folder = mkdtempSync(join(tmpdir(), "toka-crew-"));
    execFileSync("mkfifo", [join(folder, "crew.yaml")]);
    await expect(readCrewFolder(folder)).rejects.toThrow("Cannot read the file: it is no regular file");
  });

  test("that is a file, or is not there, says so", async () => {
    folder = mkdtempSync(join(tmpdir(), "toka-crew-"));
    expect((await readCrewFolder(join(folder, "absent"))).size).toBe(0);
    writeFileSync(join(folder, "agents"), "");
    await expect(readCrewFolder(folder)).rejects.toThrow("Cannot read the file: ENOTDIR");
  });
});

describe("the order of a graph", () => {
  const graphs = fc
    .uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/u), { minLength: 1, maxLength: 12 })
    .chain((names) =>
      fc.record({
        names: fc.constant(names),
        edges: fc.array(fc.tuple(fc.nat(names.length - 1), fc.nat(names.length - 1)), { maxLength: 20 }),
      }),
    )
    .map(
      ({ names, edges }) =>
        new Map(
          names.map((name, index) => [name, edges.flatMap(([from, to]) => (from === index ? [names[to] ?? ""] : []))]),
        ),
    );

  test("puts every name after all that it waits for, or finds the cycle that forbids it", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const cycles = cyclesOf(graph);
        for (const cycle of cycles) {
          cycle.forEach((name, index) => expect(graph.get(name)).toContain(cycle[(index + 1) % cycle.length]));
        }
        const waves = wavesOf(graph, (left, right) => (left < right ? -1 : 1));
        expect(waves.flat().length === graph.size).toBe(cycles.length === 0);
        const placed = new Set<string>();
        for (const wave of waves) {
          for (const name of wave) for (const other of graph.get(name) ?? []) expect(placed.has(other)).toBe(true);
          for (const name of wave) placed.add(name);
        }
        if (cycles.length === 0) expect(criticalPathOf(graph)).toHaveLength(waves.length);
      }),
    );
  });
});
