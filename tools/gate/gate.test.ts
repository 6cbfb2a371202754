/** What the gate counts, tried on suites that were made to pass, to fail, to be skipped and to break. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { root } from "./place.ts";
import { runCheck } from "./run-check.ts";
import { lastLine, sum, table, type Part } from "./tally.ts";

const run = promisify(execFile);
const temporary: string[] = [];

afterEach(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const marker = "== report ";

/** Runs suites made of the given files through the gate, in a process of its own. */
async function gate(files: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "toka-gate-"));
  temporary.push(folder);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const script = [
    `import { runSuites } from ${JSON.stringify(join(root, "tools/gate/run-suites.ts"))};`,
    `const report = await runSuites(${JSON.stringify({ args, folder, include: ["**/*.test.ts"] })});`,
    `process.stdout.write("\\n${marker}" + JSON.stringify(report) + "\\n");`,
    "process.exit(0);",
  ].join("\n");
  writeFileSync(join(folder, "run.ts"), script);
  const { stdout } = await run(process.execPath, [join(folder, "run.ts")], { cwd: folder, encoding: "utf8" });
  const line = stdout.split("\n").find((text) => text.startsWith(marker)) ?? "";
  return JSON.parse(line.slice(marker.length));
}

const header = 'import { beforeAll, describe, expect, test } from "vitest";\n';

const counted: readonly (readonly [string, string, { passed: number; failed: number; skipped: number }])[] = [
  ["tests pass", 'test("a", () => {}); test("b", () => {});', { passed: 2, failed: 0, skipped: 0 }],
  ["a test fails", 'test("a", () => {}); test("b", () => expect(1).toBe(2));', { passed: 1, failed: 1, skipped: 0 }],
  ["a skip gives its reason", 'test("a", ({ skip }) => skip("no disk"));', { passed: 0, failed: 0, skipped: 1 }],
  ["a skip gives no reason", 'test("a", ({ skip }) => skip());', { passed: 0, failed: 1, skipped: 0 }],
  ["a test is switched off", 'test.skip("a", () => {}); test("b", () => {});', { passed: 1, failed: 1, skipped: 0 }],
  ["a file cannot be loaded", 'import "./missing.ts";', { passed: 0, failed: 1, skipped: 0 }],
  ["a file holds no test", "export {};", { passed: 0, failed: 1, skipped: 0 }],
];

test.each(counted)("gate counts %s", async (_name, text, wanted) => {
  const report = await gate({ "packages/store/test/log.test.ts": header + text });
  expect(report).toMatchObject({ parts: [{ name: "packages/store", ...wanted }] });
});

test("gate counts a failed hook when its tests never ran", async () => {
  const text = 'describe("d", () => { beforeAll(() => { throw new Error("no"); }); test("a", () => {}); });';
  const report = await gate({ "tools/a.test.ts": header + text });
  expect(report).toMatchObject({ parts: [{ name: "tools", passed: 0, failed: 2 }] });
});

test("gate counts an error outside any test when every test passed", async () => {
  const text = 'test("a", () => { void Promise.reject(new Error("stray")); });';
  const report = await gate({ "tools/a.test.ts": header + text });
  expect(report).toMatchObject({
    parts: [
      { passed: 1, failed: 0 },
      { name: "outside any test", failed: 1 },
    ],
  });
});

test("gate fails when there is nothing to run", async () => {
  expect(await gate({})).toMatchObject({ parts: [{ name: "outside any test", passed: 0, failed: 1 }] });
});

test("gate counts by suite and needs no reason for what the caller left out", async () => {
  const text = 'test("wanted", () => {}); test("other", () => {});';
  const files = { "packages/store/test/log.test.ts": header + text, "tools/a.test.ts": header + text };
  expect(await gate(files, ["-t", "wanted"])).toMatchObject({
    parts: [
      { name: "packages/store", passed: 1, failed: 0, skipped: 1 },
      { name: "tools", passed: 1, failed: 0, skipped: 1 },
    ],
    skips: [],
  });
});

test.each([
  ["passes", process.execPath, ["-e", ""], { passed: 1, failed: 0 }],
  ["ends with 1", process.execPath, ["-e", "process.exit(1)"], { passed: 0, failed: 1 }],
  ["is killed", process.execPath, ["-e", "process.kill(process.pid, 9)"], { passed: 0, failed: 1 }],
  ["does not exist", "no-such-program", [], { passed: 0, failed: 1 }],
])("gate counts a check that %s", async (name, program, args, wanted) => {
  expect(await runCheck({ name, program, args })).toMatchObject({ name, ...wanted });
});

test("last line has the form that programs read", () => {
  const parts: readonly Part[] = [
    { name: "lint", passed: 1, failed: 0, skipped: 0, durationMs: 3_000 },
    { name: "packages/store", passed: 40, failed: 2, skipped: 3, durationMs: 90_000 },
  ];
  expect(lastLine(sum(parts))).toBe("41 passed, 2 failed, 3 skipped");
  expect(lastLine(sum([]))).toBe("0 passed, 0 failed");
  expect(table(parts).split("\n")).toEqual([
    "lint             0.05 min  1 passed, 0 failed",
    "packages/store   1.50 min  40 passed, 2 failed, 3 skipped",
  ]);
});
