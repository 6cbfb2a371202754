/** The gate performs what the kernel allowed, within it, and says what came of it. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { amountOf, genesisIds, type EffectId } from "@toka/kernel";
import { afterEach, expect, test } from "vitest";
import { encodeCodeArguments } from "../../src/gate/code-arguments.ts";
import { readChangesDocument } from "../../src/gate/changes-document.ts";
import { effectOf, eventsOf, makeBench, operator, plain, writes, type Bench, type TestTool } from "./vault.ts";

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Prints its arguments back. */
const echo: TestTool = {
  name: "echo",
  program: "cat\n",
  manifest: {
    parameters: "[{ name: text, type: string, description: Text, default: hi }]",
    rest: "  side_effect: none",
  },
};

/** A tool that writes `name` below the folder that its argument `out` names. */
function writing(name: string, script: string): TestTool {
  return { name, program: `out=$(sed 's/.*"out":"\\([^"]*\\)".*/\\1/')\n${script}\n`, manifest: writes };
}

test("gate settles a tool's JSON value byte for byte when it succeeds", async () => {
  bench = await makeBench([echo]);
  await bench.startGate();
  const effect = await bench.request("echo", {});
  const settle = await bench.settled(effect);
  expect(settle).toMatchObject({ outcome: "succeeded", code: "0", changes: null, changed: 0 });
  expect(await bench.result(settle)).toEqual({ text: "hi" });
  expect(settle.usage.toolCalls).toBe(1);
  expect(amountOf(settle.usage, "wallMs")).toBeGreaterThan(0);
  expect(amountOf(settle.usage, "memoryBytes")).toBeGreaterThan(0);
});

test("gate performs what was requested before it started", async () => {
  bench = await makeBench([echo]);
  const effect = await bench.request("echo", { text: "early" });
  await bench.startGate();
  expect(await bench.result(await bench.settled(effect))).toEqual({ text: "early" });
  expect(bench.starts.get(effect)).toBe(1);
});

test("gate performs many effects once each when they are requested at once", async () => {
  bench = await makeBench([echo]);
  await bench.startGate();
  const effects = await Promise.all(
    Array.from({ length: 12 }, (_, index) => bench.request("echo", { text: `n${index}` })),
  );
  const settles = await Promise.all(effects.map((effect) => bench.settled(effect)));
  expect(settles.map((settle) => settle.outcome)).toEqual(effects.map(() => "succeeded"));
  expect([...bench.starts.values()]).toEqual(effects.map(() => 1));
  expect(await Promise.all(settles.map((settle) => bench.result(settle)))).toEqual(
    effects.map((_, index) => ({ text: `n${index}` })),
  );
});

test("gate gives a program the digest of the requesting entry as its idempotency key, and its own id", async () => {
  bench = await makeBench([
    {
      name: "key",
      program: 'printf "[\\"%s\\",\\"%s\\"]" "$TOKA_IDEMPOTENCY_KEY" "$TOKA_EFFECT"\n',
      manifest: plain("none"),
    },
  ]);
  await bench.startGate();
  const effect = await bench.request("key", {});
  const settle = await bench.settled(effect);
  const request = (await bench.entries()).find(({ entry }) => entry.operation.type === "effect.request");
  expect(await bench.result(settle)).toEqual([request?.digest, effect]);
});

test("gate makes text that is no JSON a JSON string", async () => {
  bench = await makeBench([{ name: "text", program: "printf 'plain \"words\"\\n'\n", manifest: plain("none") }]);
  await bench.startGate();
  expect(await bench.result(await bench.settled(await bench.request("text", {})))).toBe('plain "words"\n');
});

test("gate keeps fifty megabytes as a payload and gives the caller an excerpt", async () => {
  bench = await makeBench([
    { name: "flood", program: "head -c 52428800 /dev/zero | tr '\\0' 'x'\n", manifest: plain("none") },
  ]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("flood", {}));
  expect(settle.outcome).toBe("succeeded");
  const result = (await bench.result(settle)) as {
    readonly $excerpt: {
      readonly text: string;
      readonly bytes: number;
      readonly whole: { readonly commitment: string; readonly size: number };
    };
  };
  expect(result.$excerpt.bytes).toBe(52_428_800);
  expect(result.$excerpt.text.length).toBeLessThan(5000);
  const whole = await bench.machine.payload(result.$excerpt.whole);
  expect(whole?.byteLength).toBe(52_428_800);
});

test("gate settles a failure with its diagnostics, and applies nothing", async () => {
  bench = await makeBench([writing("breaker", 'echo made > "$out/made"; echo "went wrong" >&2; exit 3')]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("breaker", { out: bench.workspace }));
  expect(settle).toMatchObject({ outcome: "failed", code: "3", changes: null });
  expect(await bench.result(settle)).toMatchObject({
    $failure: {
      code: "3",
      diagnostics: "went wrong\n",
      message: "Cannot use the result: the program ended with code 3",
    },
  });
  expect(readdirSync(bench.workspace)).toEqual(["kept.txt"]);
  expect(readdirSync(bench.layersDir)).toEqual([]);
});

test("gate ends a tool at its deadline when it hangs", async () => {
  bench = await makeBench([
    { name: "hang", program: "sleep 1000\n", manifest: plain("none", "{ level: basic, sandbox: { timeout: 300ms } }") },
  ]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("hang", {}));
  expect(settle).toMatchObject({ outcome: "timed-out", code: "deadline" });
  expect(await bench.result(settle)).toMatchObject({
    $failure: { message: "Cannot finish the program: its time of 300 ms is over" },
  });
});

test.each([
  ["output", "yes\n", "output_limit: 1MB"],
  ["cpu", "while :; do :; done\n", "cpu_limit: 300ms"],
  // Each child is within the limit, all of them together are not.
  [
    "memory",
    "for i in 1 2 3 4; do perl -e '$x = \"x\" x (30*1024*1024); sleep 1000' & done; wait\n",
    "memory_limit: 64MB",
  ],
])("gate names the limit when a tool reaches that of %s", async (limit, program, sandbox) => {
  bench = await makeBench([
    { name: "greedy", program, manifest: plain("none", `{ level: basic, sandbox: { ${sandbox} } }`) },
  ]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("greedy", {}));
  expect(settle).toMatchObject({ outcome: "limit", code: limit });
});

test("gate books half a second of processor time within a tenth", async () => {
  const burn = "perl -MTime::HiRes=clock -e '1 while clock() < 0.5; print 1'\n";
  bench = await makeBench([{ name: "burn", program: burn, manifest: plain("none") }]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("burn", {}));
  expect(amountOf(settle.usage, "cpuMs")).toBeGreaterThanOrEqual(450);
  expect(amountOf(settle.usage, "cpuMs")).toBeLessThanOrEqual(575);
});

test("gate narrows the limits to what was reserved", async () => {
  bench = await makeBench([{ name: "spin", program: "while :; do :; done\n", manifest: plain("none") }]);
  await bench.startGate();
  const sealed = bench.machine.seal("{}");
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "tool",
      label: "spin",
      agent: null,
      task: null,
      step: null,
      tool: "spin",
      arguments: sealed.content,
      claims: [],
      reserve: { cpuMs: 200, memoryBytes: 100_000_000 },
      budget: genesisIds.rootBudget,
      timeoutMs: 30_000,
      inputs: [],
    },
    { payloads: [sealed] },
  );
  expect(await bench.settled(effectOf(receipt))).toMatchObject({ outcome: "limit", code: "cpu" });
});

test("gate brings changes into the tree and records them with before-images", async () => {
  bench = await makeBench([
    writing("editor", 'echo new > "$out/kept.txt"; mkdir "$out/sub"; echo made > "$out/sub/made"; printf 1'),
  ]);
  const { runtime } = await bench.startGate();
  const settle = await bench.settled(await bench.request("editor", { out: bench.workspace }));
  await runtime.whenApplied();
  expect(settle).toMatchObject({ outcome: "succeeded", changed: 3 });
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("new\n");
  expect(readFileSync(join(bench.workspace, "sub/made"), "utf8")).toBe("made\n");
  const changes =
    settle.changes === null
      ? undefined
      : readChangesDocument((await bench.machine.payload(settle.changes)) ?? new Uint8Array());
  expect(changes?.map((change) => change.path)).toEqual(
    ["kept.txt", "sub", "sub/made"].map((path) => join(bench.workspace, path)),
  );
  const image = changes?.[0]?.image;
  expect(Buffer.from((await bench.machine.payload(image ?? { commitment: "", size: 0 })) ?? []).toString()).toBe(
    "kept\n",
  );
  expect(readdirSync(bench.layersDir)).toEqual([]);
  expect(amountOf(settle.usage, "storedBytes")).toBe(9);
});

test("gate shows an effect the changes of the one that led to it", async () => {
  bench = await makeBench([
    writing("first", 'i=0; while [ $i -lt 200 ]; do echo $i > "$out/f$i"; i=$((i+1)); done; printf 1'),
    { name: "second", program: 'ls "$(sed \'s/.*"root":"\\([^"]*\\)".*/\\1/\')" | wc -l\n' },
  ]);
  await bench.startGate();
  await bench.settled(await bench.request("first", { out: bench.workspace }));
  const settle = await bench.settled(await bench.request("second", { root: bench.workspace }));
  expect(await bench.result(settle)).toBe(201);
});

test("gate settles a conflict and applies nothing when the tree changed while the program ran", async () => {
  bench = await makeBench([writing("slow", 'echo mine > "$out/kept.txt"; echo other > "$out/other"; printf 1')]);
  await bench.startGate({
    at: (point) => {
      if (point === "after-perform") writeFileSync(join(bench.workspace, "kept.txt"), "a person's\n");
    },
  });
  const settle = await bench.settled(await bench.request("slow", { out: bench.workspace }));
  expect(settle).toMatchObject({ outcome: "conflict", code: "tree_changed", changes: null, changed: 0 });
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("a person's\n");
  expect(existsSync(join(bench.workspace, "other"))).toBe(false);
});

test("gate lets two runs make the same folder when they write different files in it", async () => {
  const make = (name: string): TestTool =>
    writing(name, `mkdir -p "$out/made"; echo ${name} > "$out/made/${name}"; printf 1`);
  bench = await makeBench([make("one"), make("two")]);
  const arrived: string[] = [];
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const { runtime } = await bench.startGate({
    at: async (point, effect) => {
      if (point !== "after-perform") return;
      arrived.push(effect);
      if (arrived.length === 2) resolve();
      await both;
    },
  });
  const out = join(bench.workspace, "new");
  const effects = await Promise.all([bench.request("one", { out }), bench.request("two", { out })]);
  const settles = await Promise.all(effects.map((effect) => bench.settled(effect)));
  await runtime.whenApplied();
  expect(settles.map((settle) => settle.outcome)).toEqual(["succeeded", "succeeded"]);
  expect(readdirSync(join(out, "made")).toSorted()).toEqual(["one", "two"]);
});

test("gate fails a call by name when it wrote what nobody may write for it", async () => {
  bench = await makeBench([writing("linker", 'ln -s /etc/passwd "$out/link"; echo x > "$out/x"; printf 1')]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("linker", { out: bench.workspace }));
  expect(settle).toMatchObject({ outcome: "failed", code: "write_dropped", changes: null });
  expect(await bench.result(settle)).toMatchObject({
    $failure: { dropped: [{ path: join(bench.workspace, "link"), reason: "symlink_leaves_grant" }] },
  });
  expect(readdirSync(bench.workspace)).toEqual(["kept.txt"]);
});

test("gate shows a program nothing but what it claimed", async () => {
  const probe =
    'top=${0%/tools/*}; for path in "$top/tools/look" "$top/tools/other" "$top/workspace/kept.txt" "$top/vault/log.db" /etc/passwd; do [ -e "$path" ] && echo "$path"; done; true\n';
  bench = await makeBench([
    { name: "look", program: probe, manifest: plain("none") },
    { ...echo, name: "other" },
  ]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("look", {}));
  expect(await bench.result(settle)).toBe(`${bench.scratch.path}/tools/look\n`);
});

test("gate hides the vault below a claimed folder", async () => {
  bench = await makeBench([{ name: "list", program: 'ls "$(sed \'s/.*"root":"\\([^"]*\\)".*/\\1/\')/vault"; true\n' }]);
  await bench.startGate();
  expect(readdirSync(join(bench.scratch.path, "vault"))).toContain("log.db");
  const settle = await bench.settled(await bench.request("list", { root: bench.scratch.path }));
  expect(settle.outcome).toBe("succeeded");
  expect(await bench.result(settle)).toBe("");
});

test("gate refuses to show a claimed path when it leads elsewhere by now", async () => {
  bench = await makeBench([{ name: "list", program: "ls\n" }]);
  const folder = join(bench.workspace, "folder");
  mkdirSync(folder);
  const effect = await bench.request("list", { root: folder });
  renameSync(folder, `${folder}-away`);
  symlinkSync("/etc", folder);
  await bench.startGate();
  const settle = await bench.settled(effect);
  expect(settle).toMatchObject({ outcome: "failed", code: "path_refused" });
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate refuses a claim on one path when it turns out to be a folder", async () => {
  bench = await makeBench([
    {
      name: "list",
      program: "ls\n",
      manifest: { parameters: "[{ name: root, type: path, access: read, kind: file, description: File }]" },
    },
  ]);
  await bench.startGate();
  const settle = await bench.settled(await bench.request("list", { root: bench.workspace }));
  expect(settle).toMatchObject({ outcome: "failed", code: "path_refused" });
});

test("gate runs no program when its files are not those that were registered", async () => {
  bench = await makeBench([echo]);
  bench.scratch.write("tools/echo/program.sh", "echo changed\n");
  await bench.startGate();
  const effect = await bench.request("echo", {});
  expect(await bench.settled(effect)).toMatchObject({ outcome: "failed", code: "program_changed" });
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate refuses a connection by name when one was granted", async () => {
  bench = await makeBench([
    {
      name: "web",
      program: "echo connected\n",
      manifest: {
        rest: "  side_effect: external\n  capabilities: { required: [network-access] }",
        parameters: "[{ name: host, type: host, description: Host, required: true }]",
        security: "{ level: basic, sandbox: { allow_network: true } }",
      },
    },
  ]);
  await bench.startGate();
  const effect = await bench.request("web", { host: "example.com" });
  const settle = await bench.settled(effect);
  expect(settle).toMatchObject({ outcome: "failed", code: "network_unavailable" });
  expect(await bench.result(settle)).toMatchObject({
    $failure: { message: "Cannot connect to example.com:443: no network reaches a box yet" },
  });
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate makes the start durable before it performs when the class is external", async () => {
  bench = await makeBench([{ name: "send", program: "echo 1\n", manifest: plain("external") }]);
  await bench.startGate();
  await bench.settled(await bench.request("send", {}));
  const types = (await bench.entries()).map(({ entry }) => entry.operation.type).slice(-3);
  expect(types).toEqual(["effect.request", "effect.start", "effect.settle"]);
});

test("gate owes the outcome when an external effect is cut short", async () => {
  bench = await makeBench([
    {
      name: "send",
      program: "sleep 1000\n",
      manifest: plain("external", "{ level: basic, sandbox: { timeout: 200ms } }"),
    },
  ]);
  await bench.startGate();
  const effect = await bench.request("send", {});
  expect(await bench.settled(effect)).toMatchObject({ outcome: "unknown", code: "deadline" });
  expect(eventsOf(await bench.entries(), "effect.owed")).toHaveLength(1);
});

test("gate ends a run when its grant is revoked", async () => {
  bench = await makeBench([{ name: "hang", program: "sleep 1000\n", manifest: plain("none") }]);
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  await bench.startGate({ at: (point) => (point === "after-request-seen" ? resolve() : undefined) });
  const delegated = await bench.submit({
    type: "grant.delegate",
    to: genesisIds.root,
    parent: genesisIds.rootGrant,
    permissions: ["tool.call:*"],
    expiresAtMs: null,
  });
  const [event] = "events" in delegated.outcome ? delegated.outcome.events : [];
  if (event?.type !== "grant.delegated") throw new Error("not delegated");
  const effect = await bench.request("hang", {}, { caller: { ...operator, grant: event.grant } });
  await seen;
  await bench.submit({ type: "grant.revoke", grant: event.grant });
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted", code: "grant_revoked" });
});

test("gate ends a run when its grant expires", async () => {
  bench = await makeBench([{ name: "hang", program: "sleep 1000\n", manifest: plain("none") }]);
  await bench.startGate();
  const delegated = await bench.submit({
    type: "grant.delegate",
    to: genesisIds.root,
    parent: genesisIds.rootGrant,
    permissions: ["tool.call:*"],
    expiresAtMs: Date.now() + 400,
  });
  const [event] = "events" in delegated.outcome ? delegated.outcome.events : [];
  if (event?.type !== "grant.delegated") throw new Error("not delegated");
  const effect = await bench.request("hang", {}, { caller: { ...operator, grant: event.grant } });
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted", code: "grant_expired" });
});

test("gate ends a run when the agent it is for is terminated", async () => {
  bench = await makeBench([{ name: "hang", program: "sleep 1000\n", manifest: plain("none") }]);
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  await bench.startGate({ at: (point) => (point === "after-request-seen" ? resolve() : undefined) });
  const agent = await bench.spawn("worker", ["hang"]);
  const effect = await bench.request("hang", {}, { caller: agent.caller, agent: agent.id, budget: agent.budget });
  await seen;
  await bench.submit({ type: "agent.terminate", agent: agent.id, reason: "killed", exitCode: 1 });
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted" });
});

test("gate does not begin an effect when its agent is gone by then", async () => {
  bench = await makeBench([echo]);
  const agent = await bench.spawn("worker", ["echo"]);
  const effect = await bench.request("echo", {}, { caller: agent.caller, agent: agent.id, budget: agent.budget });
  await bench.submit({ type: "agent.terminate", agent: agent.id, reason: "killed", exitCode: 1 });
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "aborted", code: "agent_terminated" });
  expect(bench.starts.get(effect)).toBeUndefined();
});

test("gate performs tools while programs of people fill their own places", async () => {
  bench = await makeBench([echo]);
  await bench.startGate();
  const delegated = await bench.submit({
    type: "grant.delegate",
    to: genesisIds.root,
    parent: genesisIds.rootGrant,
    permissions: ["code.run:*"],
    expiresAtMs: null,
  });
  const [event] = "events" in delegated.outcome ? delegated.outcome.events : [];
  if (event?.type !== "grant.delegated") throw new Error("not delegated");
  const caller = { ...operator, grant: event.grant };
  const requestSleep = async (): Promise<EffectId> => {
    const sealed = bench.machine.seal(
      encodeCodeArguments({ argv: ["sleep", "1000"], cwd: "/tmp", stdin: new Uint8Array(), env: {} }),
    );
    const receipt = await bench.submit(
      {
        type: "effect.request",
        kind: "code",
        label: "sleep",
        agent: null,
        task: null,
        step: null,
        tool: null,
        arguments: sealed.content,
        claims: [],
        reserve: {},
        budget: genesisIds.rootBudget,
        timeoutMs: 600_000,
        inputs: [],
      },
      { caller, payloads: [sealed] },
    );
    return effectOf(receipt);
  };
  const sleeping = await Promise.all(Array.from({ length: 9 }, requestSleep));
  expect(await bench.settled(await bench.request("echo", {}))).toMatchObject({ outcome: "succeeded" });
  expect(eventsOf(await bench.entries(), "effect.settled")).toHaveLength(1);
  await bench.submit({ type: "grant.revoke", grant: event.grant });
  const ends = await Promise.all(sleeping.map((effect) => bench.settled(effect)));
  expect(ends.map((settle) => settle.code)).toEqual(sleeping.map(() => "grant_revoked"));
  expect(sleeping.filter((effect) => bench.starts.get(effect) === undefined)).toHaveLength(1);
});

test("gate leaves the tree's owner, modes and times alone where nothing changed", async () => {
  bench = await makeBench([writing("maker", 'echo x > "$out/x"; printf 1')]);
  const before = statSync(join(bench.workspace, "kept.txt"));
  const { runtime } = await bench.startGate();
  await bench.settled(await bench.request("maker", { out: bench.workspace }));
  await runtime.whenApplied();
  const after = statSync(join(bench.workspace, "kept.txt"));
  expect([after.uid, after.mode, after.mtimeMs, after.ino]).toEqual([
    before.uid,
    before.mode,
    before.mtimeMs,
    before.ino,
  ]);
});
