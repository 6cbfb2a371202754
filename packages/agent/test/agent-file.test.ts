/** What the loader says about agent files: every line names its place and what to do. */
import { permissionProblem } from "@toka/kernel";
import { describe, expect, test } from "vitest";
import { fileBytesMax } from "@toka/runtime";
import { compile } from "../src/compile.ts";
import { readAgentFile } from "../src/definition/agent-file.ts";
import { agentText, bytes, shown, type AgentParts } from "./files.ts";

/** Problems told of one file, as the reader bounds them. */
const problemsPerFileMax = 50;

function problems(text: string): readonly string[] {
  return shown(readAgentFile(bytes(text), { file: "a.yaml" }));
}

describe("a file that is right", () => {
  test("becomes a definition with defaults filled in", () => {
    const read = readAgentFile(bytes(agentText()), { file: "a.yaml" });
    if ("problems" in read) throw new Error(shown(read).join("\n"));
    expect(read.value).toMatchObject({
      name: "reader",
      priority: "medium",
      tasks: [
        { key: "read", attemptsMax: 3, backoff: { firstMs: 1000, maxMs: 60_000 }, timeoutMs: 300_000, when: null },
      ],
      objectives: [{ key: "the-notes-are-there", checks: [{ type: "file", path: "notes.md", minBytes: 0 }] }],
      allotment: {
        cpuMs: 3_600_000,
        wallMs: 3_600_000,
        toolCalls: 1000,
        memoryBytes: 1_073_741_824,
        storedBytes: 1_073_741_824,
      },
      permissions: [
        { text: "fs.read:${workspace}/**" },
        { text: "fs.read:${output}/**" },
        { text: "fs.write:${output}/**" },
      ],
    });
  });

  test("says what the agent can do, by which it is found, the primary ones first", () => {
    const text = agentText().replace("[reading] }", "[reading, charts], secondary: [review, reading] }");
    const read = readAgentFile(bytes(text), { file: "a.yaml" });
    if ("problems" in read) throw new Error(shown(read).join("\n"));
    const { part } = compile(read.value, { workspace: "/w", output: "/o" });
    expect(part).toMatchObject({ capabilities: ["reading", "charts", "review"], domain: "repository" });
  });

  test("reads limits as amounts", () => {
    const security =
      "{ capabilities_required: [], resource_limits: { max_memory: 256MB, max_cpu: '30%', timeout: 1h, max_tool_calls: 7, max_disk_usage: 10KB } }";
    const read = readAgentFile(bytes(agentText({ security })), { file: "a.yaml" });
    expect(read).toMatchObject({
      value: {
        allotment: { memoryBytes: 268_435_456, cpuMs: 1_080_000, wallMs: 3_600_000, toolCalls: 7, storedBytes: 10_240 },
      },
    });
  });

  test.each([
    ["a map", "{ required: { first: needs it, second: needs it too } }"],
    ["a list of single-key maps", "{ required: [{ first: needs it }, { second: needs it too }] }"],
    ["a list of objects", "{ required: [{ name: first, reason: needs it }, { name: second, reason: needs it too }] }"],
  ])("reads dependencies written as %s", (_shape, dependencies) => {
    const read = readAgentFile(bytes(agentText({ dependencies })), { file: "a.yaml" });
    expect(read).toMatchObject({
      value: {
        dependencies: [
          { name: "first", reason: "needs it", required: true },
          { name: "second", reason: "needs it too", required: true },
        ],
      },
    });
  });
});

/** Why, the parts, what stands at the place that is named, and the message. */
const refusedFiles: readonly (readonly [string, AgentParts, string, string])[] = [
  [
    "a key that nobody knows",
    { more: "secruity: {}" },
    "secruity",
    'Cannot use key "secruity": there is no such key; did you mean "security"?',
  ],
  [
    "a field that nothing acts on",
    { more: "reporting: { frequency: daily }" },
    "reporting",
    'Cannot use "reporting": nothing acts on it yet (every step is in the log, and nothing sends reports yet); remove it',
  ],
  [
    "a value that is none of the choices",
    { priority: "hihg" },
    "hihg",
    'Cannot use "spec.priority": wanted one of critical, high, medium, low, found "hihg"; did you mean "high"?',
  ],
  [
    "prose as validation",
    { objectives: "[{ description: The notes are there, validation: file exists }]" },
    "file exists",
    'Cannot use "objectives[0].validation": prose cannot be checked; write {file: PATH}, {content: PATH, contains: [...]}, {command: [...]} or {cel: EXPRESSION}',
  ],
  [
    "a misspelt check",
    { objectives: "[{ description: The notes are there, validation: { flie: x } }]" },
    "flie",
    'Cannot use key "objectives[0].validation.flie": there is no such key; did you mean "file"?',
  ],
  [
    "a wrong type",
    { security: "{ capabilities_required: [], resource_limits: { max_memory: 512 } }" },
    "512",
    'Cannot use "security.resource_limits.max_memory": wanted text (quote it when it looks like a number), found 512',
  ],
  [
    "a size nobody can read",
    { security: "{ capabilities_required: [], resource_limits: { max_memory: lots } }" },
    "lots",
    'Cannot use "security.resource_limits.max_memory": wanted a size such as 512MB, found "lots"',
  ],
  [
    "a sandbox turned off",
    { security: "{ sandbox: false, capabilities_required: [], resource_limits: {} }" },
    "false",
    'Cannot use "security.sandbox": wanted true, found false',
  ],
  [
    "a capability that nobody knows",
    { security: "{ capabilities_required: [filesystem-reed], resource_limits: {} }" },
    "filesystem-reed",
    'Cannot use capability "filesystem-reed": there is no such capability; did you mean "filesystem-read"?',
  ],
  [
    "a capability that nothing gives",
    { security: "{ capabilities_required: [github-api-access], resource_limits: {} }" },
    "github-api-access",
    'Cannot use capability "github-api-access": nothing acts on it yet (no network reaches an agent yet); remove it',
  ],
  [
    "a permission that is not canonical",
    { security: "{ capabilities_required: [], permissions: ['fs.read:${workspace}/../x'], resource_limits: {} }" },
    "'fs.read:",
    `Cannot use permission "fs.read:\${workspace}/../x": wanted ${permissionProblem("fs.read:/folder/../x") ?? "another"}`,
  ],
  [
    "a task without steps",
    { tasks: "{ default: [{ name: read, description: Reads, steps: [] }] }" },
    "[] }",
    'Cannot use "tasks.default[0].steps": wanted at least 1 elements, found a list of 0',
  ],
  [
    "conditional tasks",
    { tasks: "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count }] }], conditional: {} }" },
    "conditional",
    'Cannot use "tasks.conditional": nothing acts on it yet (give a task in tasks.default a when); remove it',
  ],
  [
    "two steps of one name",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count }, { name: a, tool: count }] }] }",
    },
    "a, tool: count }] }] }",
    'Cannot use step "a": another step of the file has that name',
  ],
  [
    "two tasks of one name",
    {
      tasks:
        "{ default: [{ name: t, description: One, steps: [{ name: a, tool: count }] }, { name: t, description: Two, steps: [{ name: b, tool: count }] }] }",
    },
    "name: t, description: Two",
    'Cannot use task "t": another task has that name',
  ],
  [
    "a task that waits for nobody",
    {
      tasks:
        "{ default: [{ name: first, description: One, steps: [{ name: a, tool: count }] }, { name: t, description: Two, dependencies: [frist], steps: [{ name: b, tool: count }] }] }",
    },
    "frist",
    'Cannot wait for task "frist": there is no such task; did you mean "first"?',
  ],
  [
    "tasks that wait for each other",
    {
      tasks:
        "{ default: [{ name: a, description: One, dependencies: [b], steps: [{ name: x, tool: count }] }, { name: b, description: Two, dependencies: [a], steps: [{ name: y, tool: count }] }] }",
    },
    "[b]",
    "Cannot order the tasks: they wait for each other (a -> b -> a)",
  ],
  [
    "a hole that nobody fills",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count, with: { root: 'x ${workspcae}' } }] }] }",
    },
    "${workspcae}",
    'Cannot use "${workspcae}": there is no such name; known: workspace, output, session, steps.NAME.result.PATH',
  ],
  [
    "a hole that is not closed",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count, with: { root: '${workspace' } }] }] }",
    },
    "${workspace'",
    'Cannot use "${": no "}" closes it; write "$${" for the plain characters',
  ],
  [
    "a result that is not there yet",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count, with: { root: '${steps.b.result.x}' } }, { name: b, tool: count }] }] }",
    },
    "'${steps.b",
    'Cannot use "${steps.b}": step "b" is not over by then; order it before, or add task "read" to the dependencies',
  ],
  [
    "a condition with a typing slip",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count, when: 'attempt > 1 &&' }] }] }",
    },
    "' }] }] }",
    "Cannot use the condition: unexpected token: EOF",
  ],
  [
    "a condition about a step that is not",
    {
      tasks:
        "{ default: [{ name: read, description: Reads, steps: [{ name: a, tool: count }, { name: b, tool: count, when: 'steps.aa.outcome == \"failed\"' }] }] }",
    },
    "steps.aa",
    'Cannot use the condition: there is no step "aa"; did you mean "a"?',
  ],
  [
    "a condition that does not lower",
    { objectives: "[{ description: The notes are there, validation: { cel: 'steps.look.code.matches(\"a+\")' } }]" },
    "steps.look",
    'Cannot use the condition: "matches(...)" is not among what the kernel can re-decide',
  ],
  [
    "a dependency on itself",
    { dependencies: "{ required: { reader: of course } }" },
    "reader: of",
    "Cannot depend on itself: an agent starts when its dependencies are over",
  ],
  [
    "a check that looks elsewhere",
    { objectives: "[{ description: The notes are there, validation: { file: '${output}/../../etc/passwd' } }]" },
    "'${output}/..",
    'Cannot look at "${output}/../../etc/passwd": wanted a path below ${output} or ${workspace}, without ".."',
  ],
  [
    "a deliverable elsewhere",
    { objectives: "[{ description: The notes are there, deliverable: /etc/passwd, validation: { file: notes.md } }]" },
    "/etc",
    'Cannot look at "/etc/passwd": wanted a path below ${output} or ${workspace}, without ".."',
  ],
  [
    "a content check of nothing",
    { objectives: "[{ description: The notes are there, validation: { content: notes.md } }]" },
    "{ content",
    'Cannot check the content of "notes.md": say what it must hold (contains, json, lines or sha256)',
  ],
];

describe("a file that is wrong", () => {
  test.each(refusedFiles)("is refused for %s, with its place", (_why, parts, place, message) => {
    const text = agentText(parts);
    const before = text.slice(0, text.indexOf(place)).split("\n");
    expect(problems(text)).toContain(`a.yaml:${before.length}:${(before.at(-1) ?? "").length + 1}: ${message}`);
  });

  test("shows every problem at once, in the order of the file, up to a bound", () => {
    const keys = Array.from({ length: problemsPerFileMax + 5 }, (_, index) => `extra${index}: 1`);
    const found = problems(agentText({ priority: "urgent", more: keys.join("\n") }));
    expect(found).toHaveLength(problemsPerFileMax + 1);
    expect(found[0]).toContain("spec.priority");
    expect(found.at(-1)).toContain("Cannot list every problem: 6 more in this file");
  });

  test("is refused for a missing part by the name of the part", () => {
    expect(problems(agentText().replace(/^objectives.*$/mu, ""))).toContain(
      'a.yaml:1:1: Cannot use the file: "objectives" is missing',
    );
  });
});

describe("bytes that are no safe YAML", () => {
  test("are refused for their number", () => {
    expect(problems(`${agentText()}# ${"x".repeat(10_000_000)}`)).toEqual([
      expect.stringMatching(/^a\.yaml:1:1: Cannot read the file: it has \d+ bytes, at most 262144 are allowed$/u),
    ]);
    expect(fileBytesMax).toBe(262_144);
  });

  test("are refused when they are no UTF-8, at their place", () => {
    const broken = new Uint8Array([...bytes("metadata:\n  name: "), 0xff, 0xfe]);
    expect(shown(readAgentFile(broken, { file: "a.yaml" }))).toEqual([
      "a.yaml:2:9: Cannot read the file: it is not valid UTF-8",
    ]);
  });

  test("are refused for a key given twice", () => {
    expect(problems(agentText({ more: "security: {}" }))).toEqual([
      "a.yaml:7:1: Cannot read YAML: map keys must be unique",
    ]);
  });

  test("are refused for an alias bomb, whether it has many aliases or few that multiply", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) =>
        `l${level}: &l${level} [${Array.from({ length: 9 }, () => (level === 0 ? "lol" : `*l${level - 1}`)).join(", ")}]`,
    );
    expect(problems(levels.join("\n"))).toEqual([expect.stringContaining("more than 32 aliases")]);
    const doubling = Array.from(
      { length: 16 },
      (_, level) => `d${level}: &d${level} [${level === 0 ? "a" : `*d${level - 1}, *d${level - 1}`}]`,
    );
    expect(problems(doubling.join("\n"))).toEqual([expect.stringMatching(/Cannot read YAML: .*alias/iu)]);
  });

  test("are refused for deep nesting, in brackets and in blocks", () => {
    expect(problems(`a: ${"[".repeat(100_000)}`)).toEqual([expect.stringContaining("nested more than 32 deep")]);
    const blocks = Array.from({ length: 100 }, (_, depth) => `${" ".repeat(depth)}k:`).join("\n");
    expect(problems(blocks)).toEqual([expect.stringContaining("nested more than 32 deep")]);
  });

  test("are refused for a tag, which could make anything of a value", () => {
    expect(problems("metadata: !!js/function 'x'")).toEqual([
      expect.stringContaining("Cannot read YAML: unresolved tag"),
    ]);
  });

  test("are refused when they are empty or no map", () => {
    expect(problems("")).toEqual(["a.yaml:1:1: Cannot use the file: wanted a map, found nothing"]);
    expect(problems("- a")).toEqual(["a.yaml:1:1: Cannot use the file: wanted a map, found a list of 1"]);
  });

  test("keep a hostile key from reaching an object's own machinery", () => {
    expect(problems(agentText({ more: "__proto__: { polluted: true }" }))).toEqual([
      expect.stringContaining('Cannot use key "__proto__"'),
    ]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
