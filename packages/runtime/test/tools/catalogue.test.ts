/** The catalogue checks arguments and derives claims, and its word is what the kernel decides on. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createToolCatalogue, loadTools } from "../../src/tools/catalogue.ts";
import { loadTool } from "../../src/tools/load-tool.ts";
import { prepareRegistrations } from "../../src/tools/registration.ts";
import type { ToolCatalogue, ToolPlan } from "../../src/tools/tool.ts";
import { makeScratch, manifestText, type Scratch } from "./scratch.ts";

const builtIn = join(import.meta.dirname, "../../tools");
let scratch: Scratch;

beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

function writeTool(name: string, changes: Parameters<typeof manifestText>[0] = {}): string {
  const metadata = `{ name: ${name}, version: 1.0.0, description: A tool }`;
  const manifest = scratch.write(`tools/${name}/tool.yaml`, manifestText({ metadata, ...changes }));
  scratch.write(`tools/${name}/program.sh`, "cat\n");
  return manifest;
}

function catalogue(): ToolCatalogue {
  return createToolCatalogue(loadTools([join(scratch.path, "tools")]));
}

function planned(name: string, values: Readonly<Record<string, unknown>>): ToolPlan {
  const plan = catalogue().plan(name, values);
  if ("problem" in plan) throw new Error(plan.problem);
  return plan;
}

function refused(name: string, values: Readonly<Record<string, unknown>>): string {
  const plan = catalogue().plan(name, values);
  return "problem" in plan ? plan.problem : `no problem: ${JSON.stringify(plan)}`;
}

test("catalogue loads the tools that ship with the runtime", () => {
  const names = createToolCatalogue(loadTools([builtIn]))
    .list()
    .map((tool) => tool.name);
  expect(names).toEqual(["file-lister", "file-reader", "file-writer", "web-reader"]);
});

test("plan claims a folder with all below it when a path is read", () => {
  writeTool("counter");
  expect(planned("counter", { root: scratch.path }).claims).toEqual([`fs.read:${scratch.path}/**`]);
});

test("plan claims the path alone when it is a file", () => {
  writeTool("counter", { parameters: "[{ name: root, type: path, access: read, kind: file, description: File }]" });
  expect(planned("counter", { root: join(scratch.path, "absent") }).claims).toEqual([`fs.read:${scratch.path}/absent`]);
});

test("plan claims the place and not the name when a link leads elsewhere", () => {
  writeTool("counter");
  mkdirSync(join(scratch.path, "workspace"));
  symlinkSync("/etc", join(scratch.path, "workspace/link"));
  const plan = planned("counter", { root: `${scratch.path}/workspace/link/ssl/absent` });
  expect(plan.claims).toEqual(["fs.read:/etc/ssl/absent/**"]);
  expect(plan.arguments["root"]).toBe("/etc/ssl/absent");
});

test("plan normalises doubled and trailing slashes", () => {
  writeTool("counter");
  expect(planned("counter", { root: `${scratch.path}//./` }).arguments["root"]).toBe(scratch.path);
});

test("plan claims the whole tree when the root folder is read", () => {
  writeTool("counter");
  expect(planned("counter", { root: "/" }).claims).toEqual(["fs.read:/**"]);
});

test.each([
  ["is relative", "etc/passwd", "wanted an absolute path"],
  ["climbs", "/tmp/../etc", 'wanted a path without ".."'],
  ["holds a NUL", "/tmp/a\0b", "the path holds a NUL character"],
  ["ends in two stars", "/tmp/**", 'the path ends in a file named "**"'],
  ["is too long", `/${"a/".repeat(3000)}`, "must NOT have more than 4096 characters"],
])("plan refuses a path when it %s", (_case, path, wanted) => {
  writeTool("counter");
  expect(refused("counter", { root: path })).toContain(wanted);
});

test("plan refuses a path when a link on it leads nowhere", () => {
  writeTool("counter");
  symlinkSync("/nowhere/at/all", join(scratch.path, "dangling"));
  expect(refused("counter", { root: `${scratch.path}/dangling` })).toContain("is a symbolic link that leads nowhere");
});

test("plan claims a connection when a host is named, with 443 where no port is", () => {
  const tools = createToolCatalogue(loadTools([builtIn]));
  expect(tools.plan("web-reader", { host: "example.com" })).toMatchObject({ claims: ["net.connect:example.com:443"] });
  expect(tools.plan("web-reader", { host: "example.com:8443" })).toMatchObject({
    claims: ["net.connect:example.com:8443"],
  });
});

test.each([
  "127.0.0.1",
  "localhost",
  "[::1]",
  "2130706433",
  "EXAMPLE.com",
  "a..b.com",
  "user@example.com",
  "example.com/x",
  "example.com:",
  "example.com.",
  "exa mple.com",
  "example.com:0443",
])("plan refuses %s as a host", (host) => {
  const plan = createToolCatalogue(loadTools([builtIn])).plan("web-reader", { host });
  expect(plan).toHaveProperty("problem");
});

test("plan claims each program that the manifest names", () => {
  writeTool("counter", {
    rest: "  side_effect: read_only\n  capabilities: { required: [filesystem-read] }\n  programs: [git]",
  });
  expect(planned("counter", { root: "/" }).claims).toEqual(["fs.read:/**", "proc.exec:git"]);
});

test("plan fills in defaults and leaves the given arguments alone", () => {
  writeTool("counter", {
    parameters:
      "[{ name: root, type: path, access: read, description: F }, { name: limit, type: integer, default: 20, description: N }]",
  });
  const given = { root: "/" };
  expect(planned("counter", given).arguments).toEqual({ root: "/", limit: 20 });
  expect(given).toEqual({ root: "/" });
});

test("plan reserves the limits of the manifest, and stored bytes only when it writes", () => {
  writeTool("counter", { security: "{ level: basic, sandbox: { memory_limit: 128MB, cpu_limit: 5s, timeout: 7s } }" });
  expect(planned("counter", { root: "/" })).toMatchObject({
    timeoutMs: 7000,
    reserve: { cpuMs: 5000, wallMs: 7000, memoryBytes: 134_217_728 },
  });
  expect(planned("counter", { root: "/" }).reserve).not.toHaveProperty("storedBytes");
  writeTool("writer", {
    rest: "  side_effect: idempotent\n  capabilities: { required: [filesystem-write] }",
    parameters: "[{ name: out, type: path, access: write, kind: folder, description: F }]",
    security: "{ level: basic, sandbox: { written_limit: 3MB } }",
  });
  expect(planned("writer", { out: "/tmp/x" }).reserve.storedBytes).toBe(3_145_728);
});

const many =
  "[{ name: root, type: path, access: read, required: true, description: F }, { name: limit, type: integer, minimum: 1, maximum: 9, description: N }, { name: mode, type: string, values: [a, b], description: M }, { name: names, type: list, description: L }, { name: text, type: string, length_max: 3, description: T }]";

test.each([
  ["is missing", {}, "argument root is missing"],
  ["is not known", { root: "/", lmit: 1 }, 'argument lmit is not known; did you mean "limit"?'],
  ["has the wrong type", { root: "/", limit: "7" }, "argument limit: must be integer"],
  ["is too large", { root: "/", limit: 10 }, "argument limit: must be <= 9"],
  ["is not among the values", { root: "/", mode: "c" }, 'argument mode: wanted one of ["a","b"]'],
  ["is a list of something else", { root: "/", names: [1] }, "argument names: must be string"],
  ["is too long", { root: "/", text: "four" }, "argument text: must NOT have more than 3 characters"],
  [
    "would change a prototype",
    JSON.parse('{"root": "/", "__proto__": {"limit": 1}}') as Record<string, unknown>,
    "argument __proto__ is not known",
  ],
])("plan refuses an argument when it %s", (_case, values, wanted) => {
  writeTool("counter", { parameters: many });
  expect(refused("counter", values)).toContain(wanted);
});

test("plan refuses arguments when they are larger than a call may be", () => {
  writeTool("counter", {
    parameters:
      "[{ name: names, type: list, description: L }, { name: root, type: path, access: read, description: F }]",
  });
  expect(refused("counter", { names: Array.from({ length: 1000 }, () => "x".repeat(2000)) })).toContain(
    "at most 1048576 are allowed",
  );
});

test("plan answers with a problem when the tool is not known", () => {
  expect(catalogue().plan("nobody", {})).toEqual({ problem: "tool nobody is not known" });
});

test.each([
  ["its program is missing", { executable: "{ type: shell, path: absent.sh }" }, "its program absent.sh is not there"],
  [
    "its program is not executable and has no interpreter",
    { executable: "{ type: native, path: program.sh }" },
    "is not executable and names no interpreter",
  ],
  [
    "a limit is beyond every level",
    { security: "{ level: basic, sandbox: { memory_limit: 9GB } }" },
    "memoryBytes is 9663676416, wanted 1 to 8589934592",
  ],
])("loading refuses a tool when %s", (_case, changes, wanted) => {
  const loading = loadTool(writeTool("counter", changes));
  expect("problems" in loading ? loading.problems[0]?.message : "loaded").toContain(wanted);
});

test("loading refuses a tool when its folder holds a link", () => {
  const manifest = writeTool("counter");
  symlinkSync("/etc/passwd", join(scratch.path, "tools/counter/link"));
  const loading = loadTool(manifest);
  expect("problems" in loading && loading.problems[0]?.message).toContain("link is neither a file nor a folder");
});

test("loading names every bad tool at once", () => {
  writeTool("one", { executable: "{ type: shell, path: absent.sh }" });
  writeTool("two", { executable: "{ type: shell, path: absent.sh }" });
  expect(() => catalogue()).toThrow(/2 problems[^]*one\/tool\.yaml:1:1[^]*two\/tool\.yaml:1:1/u);
});

function writeManifest(path: string, name: string): string {
  return scratch.write(path, manifestText({ metadata: `{ name: ${name}, version: 1.0.0, description: A tool }` }));
}

test("catalogue refuses two tools of one name, and says where both are named", () => {
  const first = writeTool("one");
  const again = writeManifest("more/other/tool.json", "one");
  scratch.write("more/other/program.sh", "cat\n");
  expect(() => createToolCatalogue(loadTools([join(scratch.path, "tools"), join(scratch.path, "more")]))).toThrow(
    `${again}:1:13: Cannot use tool one: ${first}:1:13 has the same name`,
  );
});

test("catalogue refuses two manifests of one folder when they name one tool", () => {
  const second = writeTool("one");
  const first = writeManifest("tools/one/one.tool.yml", "one");
  expect(() => catalogue()).toThrow(`${second}:1:13: Cannot use tool one: ${first}:1:13 has the same name`);
});

test("loading finds every manifest of a folder, and their tools share program folder and digest", () => {
  writeManifest("tools/pair/first.tool.yaml", "first");
  writeManifest("tools/pair/second.tool.json", "second");
  writeManifest("tools/pair/below/third.tool.yaml", "third");
  scratch.write("tools/pair/program.sh", "cat\n");
  scratch.write("tools/pair/tool.yaml.txt", "no manifest");
  const loaded = loadTools([join(scratch.path, "tools")]);
  expect(loaded.map((tool) => tool.description.name)).toEqual(["first", "second"]);
  expect(new Set(loaded.map((tool) => tool.program.folder))).toEqual(new Set([join(scratch.path, "tools/pair")]));
  expect(new Set(loaded.map((tool) => tool.digest)).size).toBe(1);
  writeFileSync(join(scratch.path, "tools/pair/second.tool.json"), "{}");
  expect(digestNow(join(scratch.path, "tools/pair/first.tool.yaml"))).not.toBe(loaded[0]?.digest);
});

test("loading refuses a manifest when its file is named like another tool", () => {
  const manifest = writeManifest("tools/pair/first.tool.yaml", "second");
  scratch.write("tools/pair/program.sh", "cat\n");
  expect(loadTool(manifest)).toEqual({
    problems: [
      {
        at: { file: manifest, line: 1, column: 13 },
        message: "Cannot use tool second: its manifest is named first.tool.yaml, wanted second.tool.yaml or tool.yaml",
      },
    ],
  });
});

function digestNow(manifest: string): string {
  const loading = loadTool(manifest);
  return "tool" in loading ? loading.tool.digest : "not loaded";
}

test("digest changes when any file of the tool does, and not when its times do", () => {
  const manifest = writeTool("counter");
  const first = digestNow(manifest);
  expect(first).toMatch(/^sha256:[A-Za-z0-9_-]{43}$/u);
  scratch.write("tools/counter/program.sh", "cat\n");
  expect(digestNow(manifest)).toBe(first);
  writeFileSync(join(scratch.path, "tools/counter/program.sh"), "cat \n");
  const changed = digestNow(manifest);
  expect(changed).not.toBe(first);
  chmodSync(join(scratch.path, "tools/counter/program.sh"), 0o755);
  expect(digestNow(manifest)).not.toBe(changed);
});

test("registrations hold a tool that is new, an update of one that changed, and nothing of one that did not", () => {
  for (const name of ["changed", "fresh", "same"]) writeTool(name);
  const tools = loadTools([join(scratch.path, "tools")]);
  const content = { commitment: `sha256:${"A".repeat(43)}`, size: 1 };
  const prepared = prepareRegistrations(tools, {
    registered: (name) => {
      const tool = tools.find((candidate) => candidate.description.name === name);
      if (tool === undefined || name === "fresh") return undefined;
      const { description } = tool;
      return {
        id: "tool-2-0" as never,
        name,
        version: "1.0.0",
        sideEffect: description.sideEffect,
        manifest: content,
        program: name === "same" ? tool.digest : content.commitment,
        permissions: description.permissions,
        timeoutMsMax: 1,
      };
    },
    seal: (bytes) => ({ content, salt: new Uint8Array(16), bytes }),
  });
  expect(prepared.map(({ operation }) => [operation.type, "name" in operation && operation.name])).toEqual([
    ["tool.update", "changed"],
    ["tool.register", "fresh"],
  ]);
});
