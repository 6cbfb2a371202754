/** The tools that ship with the runtime, each in the real box: small, bounded, and honest about what is no text. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Effect } from "@toka/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Seal } from "../../src/gate/run-result.ts";
import { perform, type Performance } from "../../src/perform.ts";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { readAfter } from "../../src/sandbox/settle-changes.ts";
import { createToolCatalogue, loadTools } from "../../src/tools/catalogue.ts";
import { makeScratch, type Scratch } from "./scratch.ts";

const catalogue = createToolCatalogue(loadTools([join(import.meta.dirname, "../../tools")]));
const sandbox = createSandbox();
const seal: Seal = (bytes) => ({
  content: { commitment: "sha256:", size: bytes.length },
  salt: new Uint8Array(16),
  bytes: Buffer.from(bytes),
});
let scratch: Scratch;

beforeEach(() => {
  scratch = makeScratch();
});
afterEach(() => scratch.remove());

interface Call {
  readonly performance: Performance;
  /** The JSON of the result payload. */
  readonly value: unknown;
}

/** No tool reads the log. */
const noLog = {
  read: () => Promise.reject(new Error("a tool read the log")),
  find: () => Promise.reject(new Error("a tool read the log")),
  payload: () => Promise.reject(new Error("a tool read the log")),
  view: () => Promise.reject(new Error("a tool read the log")),
};

async function call(name: string, values: Readonly<Record<string, unknown>>): Promise<Call> {
  const plan = catalogue.plan(name, values);
  if ("problem" in plan) throw new Error(plan.problem);
  const tool = catalogue.tool(name);
  const { claims, reserve, timeoutMs } = plan;
  const effect = {
    id: "effect-2-0",
    kind: "tool",
    tool: name,
    program: tool?.digest ?? null,
    claims,
    reserve,
    timeoutMs,
    sideEffect: tool?.description.sideEffect,
  } as Effect;
  const performance = await perform(
    {
      effect,
      arguments: Buffer.from(JSON.stringify(plan.arguments)),
      idempotencyKey: "key",
      tool,
      layer: join(scratch.path, "layer"),
      hiddenPaths: [],
      outputPaths: [],
      authorityMs: null,
    },
    { sandbox, seal, log: noLog, signal: new AbortController().signal, onOutput: undefined },
  );
  const bytes = performance.result.payloads[0]?.bytes ?? new Uint8Array();
  return { performance, value: JSON.parse(Buffer.from(bytes).toString()) as unknown };
}

function diagnosticsOf({ value }: Call): string {
  return (value as { readonly $failure: { readonly diagnostics: string } }).$failure.diagnostics;
}

test("file-reader gives the text of a file", async () => {
  const { performance, value } = await call("file-reader", { path: scratch.write("text.txt", "\uFEFFgrüße\r\n") });
  expect(performance.verdict.outcome).toBe("succeeded");
  expect(value).toBe("\uFEFFgrüße\r\n");
});

test.each([
  ["is not UTF-8", Uint8Array.from([0x61, 0xff]), "it is not UTF-8 text"],
  ["is larger than asked for", "x".repeat(101), "it has more than 100 bytes"],
])("file-reader fails when the file %s", async (_case, bytes, wanted) => {
  const made = await call("file-reader", { path: scratch.write("odd", bytes), max_bytes: 100 });
  expect(made.performance.verdict.outcome).toBe("failed");
  expect(diagnosticsOf(made)).toContain(wanted);
});

test("file-reader fails when the file is absent", async () => {
  expect(diagnosticsOf(await call("file-reader", { path: join(scratch.path, "absent") }))).toContain("ENOENT");
});

test("file-reader gives an excerpt when the file is larger than a result", async () => {
  const { value } = await call("file-reader", { path: scratch.write("large", "y".repeat(500_000)) });
  expect(value).toMatchObject({ $excerpt: { bytes: 500_002 } });
});

test("file-writer writes a new file, and replaces one that stands there", async () => {
  const made = await call("file-writer", { path: join(scratch.path, "new.txt"), content: "grüße" });
  expect(made.value).toEqual({ path: join(scratch.path, "new.txt"), bytes: 7 });
  const [change] = made.performance.changes;
  expect(change).toMatchObject({ path: join(scratch.path, "new.txt"), before: null });
  if (change === undefined) throw new Error("no change");
  expect(Buffer.from(await readAfter(join(scratch.path, "layer"), change)).toString()).toBe("grüße");
});

test("file-writer leaves the tree to the settlement", async () => {
  const path = scratch.write("old.txt", "old");
  const { performance } = await call("file-writer", { path, content: "new" });
  expect(performance.changes).toHaveLength(1);
  expect(readFileSync(path, "utf8")).toBe("old");
});

test("file-writer fails when the text holds half a character", async () => {
  expect(diagnosticsOf(await call("file-writer", { path: join(scratch.path, "x"), content: "\uD800" }))).toContain(
    "half a character",
  );
});

interface Listing {
  readonly entries: readonly { readonly name: string; readonly type: string; readonly lossy?: boolean }[];
  readonly truncated: boolean;
}

test("file-lister lists folders first, names links without following them, and leaves hidden names out", async () => {
  scratch.write("tree/b.txt", "1");
  scratch.write("tree/.hidden", "1");
  mkdirSync(join(scratch.path, "tree/z"));
  scratch.write("tree/z/deep.txt", "22");
  symlinkSync("/etc", join(scratch.path, "tree/link"));
  const flat = (await call("file-lister", { path: join(scratch.path, "tree") })).value as Listing;
  expect(flat.entries.map((entry) => `${entry.type} ${entry.name}`)).toEqual([
    "directory z",
    "file b.txt",
    "symlink link",
  ]);
});

test("file-lister goes down and shows hidden names when asked, and stops at its bound", async () => {
  scratch.write("tree/.hidden", "1");
  scratch.write("tree/z/deep.txt", "22");
  const path = join(scratch.path, "tree");
  const all = (await call("file-lister", { path, recursive: true, show_hidden: true })).value as Listing;
  expect(all.entries.map((entry) => entry.name)).toEqual(["z", ".hidden", "deep.txt"]);
  scratch.remove();
  scratch = makeScratch();
  scratch.write("tree/a", "");
  scratch.write("tree/b", "");
  const bounded = (await call("file-lister", { path: join(scratch.path, "tree"), max_entries: 1 })).value as Listing;
  expect([bounded.entries.length, bounded.truncated]).toEqual([1, true]);
});

test("file-lister shows a name that is no UTF-8 without losing it", async () => {
  mkdirSync(join(scratch.path, "tree"));
  writeFileSync(Buffer.concat([Buffer.from(`${scratch.path}/tree/a`), Buffer.from([0xff]), Buffer.from("\n")]), "");
  const { entries } = (await call("file-lister", { path: join(scratch.path, "tree") })).value as Listing;
  expect(entries).toMatchObject([{ name: "a\\xff\\x0a", lossy: true }]);
});

test("web-reader is not run, because no network reaches a box", async () => {
  const { performance } = await call("web-reader", { host: "example.com" });
  expect(performance.verdict).toMatchObject({ outcome: "failed", code: "network_unavailable" });
});

test("web-reader's own program reaches nothing when it is put into a box by hand", async () => {
  const tool = catalogue.tool("web-reader");
  const result = await sandbox.run({
    argv: tool?.program.argv ?? [],
    cwd: tool?.program.folder ?? "/",
    env: {},
    stdin: Buffer.from('{"host":"127.0.0.1","path":"/","max_bytes":10}'),
    readPaths: [tool?.program.folder ?? "/"],
    writePaths: [],
    hiddenPaths: [],
    runtimes: tool?.program.runtimes ?? [],
    layer: join(scratch.path, "layer"),
    limits: {
      memoryBytes: 536_870_912,
      cpuMs: 10_000,
      wallMs: 20_000,
      processes: 64,
      fileBytes: 1024,
      writtenBytes: 1024,
      openFiles: 256,
      outputBytes: 65_536,
    },
  });
  expect(result.exit).toEqual({ code: 1 });
  expect(Buffer.from(result.stderr).toString()).toContain("Cannot fetch https://127.0.0.1");
});

test("python tool runs isolated from what stands beside it", async () => {
  scratch.write("tools/py/json.py", "raise SystemExit('planted')\n");
  scratch.write(
    "tools/py/program.py",
    "import json, sys\nprint(json.dumps({'path': sys.path[0] == '', 'got': json.load(sys.stdin)}))\n",
  );
  scratch.write(
    "tools/py/tool.yaml",
    [
      "metadata: { name: py, version: 1.0.0, description: P }",
      "spec:",
      "  executable: { type: python, path: program.py }",
      "  side_effect: none",
      "  security: { level: basic }",
      "  parameters: []",
    ].join("\n"),
  );
  execFileSync("/usr/bin/python3", ["-c", "pass"]);
  const [tool] = loadTools([join(scratch.path, "tools")]);
  const result = await sandbox.run({
    argv: tool?.program.argv ?? [],
    cwd: tool?.program.folder ?? "/",
    env: {},
    stdin: Buffer.from("{}"),
    readPaths: [tool?.program.folder ?? "/"],
    writePaths: [],
    hiddenPaths: [],
    runtimes: [],
    layer: join(scratch.path, "layer"),
    limits: {
      memoryBytes: 536_870_912,
      cpuMs: 10_000,
      wallMs: 20_000,
      processes: 64,
      fileBytes: 1024,
      writtenBytes: 1024,
      openFiles: 256,
      outputBytes: 65_536,
    },
  });
  expect([Buffer.from(result.stderr).toString(), JSON.parse(Buffer.from(result.stdout).toString())]).toEqual([
    "",
    { path: false, got: {} },
  ]);
});
