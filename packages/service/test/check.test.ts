/** What is checked must be a file with an end. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { checkFile } from "../src/check.ts";
import { agentTemplate } from "../src/sessions/agent-template.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-check-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a pipe and a device are told apart from files before they are read", async () => {
  const pipe = join(dir, "agent.yaml");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, "/dev/zero"]) {
    expect(await checkFile(path, join(dir, ".toka"))).toEqual({
      kind: "agent",
      problems: [`${path}:1:1: Cannot read the file: it is no regular file`],
    });
  }
});

test.each([
  { change: ["tool: file-lister", "tool: file-listr"], says: 'did you mean "file-lister"?' },
  { change: ['path: "${workspace}"', 'pth: "${workspace}"'], says: 'it has no such parameter; did you mean "path"?' },
  { change: ["max_memory: 512MB", "max_memory: 1MB"], says: "raise security.resource_limits.max_memory" },
  {
    change: ["objectives:", "dependencies: { required: { other: needed } }\nobjectives:"],
    says: "the crew has no such agent",
  },
] as const)("an agent file is checked as it would be run: $says", async ({ change, says }) => {
  const path = join(dir, "greeter.yaml");
  const text = agentTemplate("greeter");
  writeFileSync(path, text);
  expect(await checkFile(path, join(dir, ".toka"))).toEqual({ kind: "agent", problems: [] });
  writeFileSync(path, text.replace(change[0], change[1]));
  const { problems } = await checkFile(path, join(dir, ".toka"));
  expect(problems.join("\n")).toContain(says);
  for (const problem of problems) expect(problem).toMatch(/greeter\.yaml:\d+:\d+: /u);
});

test("an agent file of a crew is checked as one of that crew, and the others' problems are not told of it", async () => {
  mkdirSync(join(dir, "agents"));
  writeFileSync(join(dir, "crew.yaml"), "name: pair\ndescription: Two\n");
  const first = join(dir, "agents/first.yaml");
  const waits = agentTemplate("first").replace(
    "objectives:",
    "dependencies: { required: { second: needed } }\nobjectives:",
  );
  writeFileSync(first, waits);
  writeFileSync(join(dir, "agents/second.yaml"), agentTemplate("second").replace("file-writer", "file-writr"));
  expect(await checkFile(first, join(dir, ".toka"))).toEqual({ kind: "agent", problems: [] });
  expect((await checkFile(dir, join(dir, ".toka"))).problems).toHaveLength(1);
});
