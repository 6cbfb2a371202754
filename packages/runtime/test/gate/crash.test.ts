/** A crash at any durable boundary: nothing that is done is done again, nothing that is settled is lost, nothing external is guessed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "@toka/store";
import { afterEach, expect, test } from "vitest";
import type { GateHooks, GatePoint } from "../../src/gate/hooks.ts";
import { eventsOf, failingDisk, makeBench, plain, writes, type Bench, type TestTool } from "./vault.ts";

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Writes three files, and prints the idempotency key that it was given. */
const writer: TestTool = {
  name: "writer",
  program:
    'out=$(sed \'s/.*"out":"\\([^"]*\\)".*/\\1/\')\nfor name in a b kept.txt; do echo "$name by $TOKA_IDEMPOTENCY_KEY" > "$out/$name"; done\nprintf \'"%s"\' "$TOKA_IDEMPOTENCY_KEY"\n',
  manifest: writes,
};

/** Stops the gate at the n-th passing of a point, as if the process had died there. */
function crashAt(point: GatePoint, passing = 1): GateHooks {
  let passed = 0;
  return {
    at: (reached) => {
      if (reached !== point) return;
      passed += 1;
      if (passed === passing) throw new Error(`crash at ${point}`);
    },
  };
}

async function crash(
  hooks: GateHooks,
  tool: string,
  values: Readonly<Record<string, unknown>>,
): ReturnType<Bench["request"]> {
  const gate = await bench.startGate(hooks);
  const effect = await bench.request(tool, values);
  const failure = await gate.failure;
  expect(String(failure)).toContain("crash at");
  await gate.runtime.stop();
  return effect;
}

const boundaries: readonly { readonly point: GatePoint; readonly passing: number; readonly performed: number }[] = [
  { point: "after-request-seen", passing: 1, performed: 1 },
  { point: "after-perform", passing: 1, performed: 2 },
  { point: "before-settle", passing: 1, performed: 2 },
  { point: "after-settle", passing: 1, performed: 1 },
  { point: "mid-apply", passing: 1, performed: 1 },
  { point: "mid-apply", passing: 2, performed: 1 },
  { point: "mid-apply", passing: 3, performed: 1 },
  { point: "after-apply", passing: 1, performed: 1 },
  { point: "after-discard", passing: 1, performed: 1 },
];

test("gate stops with the message when the kernel meets a fault at the settlement", async () => {
  bench = await makeBench([writer]);
  const { machine } = bench;
  const gate = await bench.startGate({
    at: async (reached) => {
      if (reached === "before-settle" && machine instanceof Machine)
        await machine.still(async (fold) => void Reflect.set(fold, "state", {}));
    },
  });
  const effect = await bench.request("writer", { out: bench.workspace });
  expect(await gate.failure).toMatchObject({ code: "vault_faulted", retry: "never" });
  await expect(bench.settled(effect)).rejects.toMatchObject({ code: "vault_faulted" });
  expect(existsSync(join(bench.workspace, "a"))).toBe(false);
  await expect(bench.close()).rejects.toMatchObject({ code: "vault_faulted" });
  bench.scratch.remove();
  bench = await makeBench([]);
});

test.each(boundaries)(
  "gate brings one settlement into the tree once when it crashed at $point, passing $passing",
  async ({ point, passing, performed }) => {
    bench = await makeBench([writer]);
    const effect = await crash(crashAt(point, passing), "writer", { out: bench.workspace });
    const { runtime } = await bench.startGate();
    const settle = await bench.settled(effect);
    await runtime.whenApplied();
    expect(settle.outcome).toBe("succeeded");
    expect(eventsOf(await bench.entries(), "effect.settled")).toHaveLength(1);
    expect(bench.starts.get(effect)).toBe(performed);
    const request = (await bench.entries()).find(({ entry }) => entry.operation.type === "effect.request");
    // The same key for every attempt: what the first one did under it can be recognised.
    expect(await bench.result(settle)).toBe(request?.digest);
    for (const name of ["a", "b", "kept.txt"])
      expect(readFileSync(join(bench.workspace, name), "utf8")).toBe(`${name} by ${request?.digest ?? ""}\n`);
    expect(readdirSync(bench.workspace).toSorted()).toEqual(["a", "b", "kept.txt"]);
    expect(readdirSync(bench.layersDir)).toEqual([]);
  },
);

test("gate redoes a cut-short apply before it performs anything else", async () => {
  const reader: TestTool = { name: "reader", program: 'cat "$(sed \'s/.*"root":"\\([^"]*\\)".*/\\1/\')/kept.txt"\n' };
  bench = await makeBench([writer, reader]);
  const first = await crash(crashAt("mid-apply", 2), "writer", { out: bench.workspace });
  const second = await bench.request("reader", { root: bench.workspace });
  await bench.startGate();
  expect(String(await bench.result(await bench.settled(second)))).toMatch(/^kept\.txt by sha256:/u);
  expect(bench.starts.get(first)).toBe(1);
});

test("gate leaves a file alone that somebody changed after the settlement, and records it", async () => {
  bench = await makeBench([writer]);
  await crash(crashAt("after-settle"), "writer", { out: bench.workspace });
  writeFileSync(join(bench.workspace, "kept.txt"), "a person's\n");
  await bench.startGate();
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("a person's\n");
  expect(existsSync(join(bench.workspace, "a"))).toBe(true);
  const faults = (await bench.entries()).filter(({ entry }) => entry.operation.type === "fault.record");
  expect(faults).toHaveLength(1);
  expect(JSON.stringify(faults[0]?.entry.operation)).toContain("kept.txt into the tree: somebody else changed it");
});

test.each(["after-start", "after-perform", "before-settle"] as const)(
  "gate owes an external effect when it crashed at %s",
  async (point) => {
    bench = await makeBench([{ name: "send", program: "echo 1\n", manifest: plain("external") }]);
    const effect = await crash(crashAt(point), "send", {});
    const started = bench.starts.get(effect) ?? 0;
    await bench.startGate();
    expect(await bench.settled(effect)).toMatchObject({ outcome: "unknown", code: "host_stopped" });
    expect(bench.starts.get(effect) ?? 0).toBe(started);
    expect(eventsOf(await bench.entries(), "effect.owed").map((event) => event.effect)).toEqual([effect]);
  },
);

test("gate performs an external effect when it crashed before its start", async () => {
  bench = await makeBench([{ name: "send", program: "echo 1\n", manifest: plain("external") }]);
  const effect = await crash(crashAt("after-request-seen"), "send", {});
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "succeeded" });
  expect(bench.starts.get(effect)).toBe(1);
});

test("gate leaves an owed effect alone at every later start", async () => {
  bench = await makeBench([{ name: "send", program: "echo 1\n", manifest: plain("external") }]);
  const effect = await crash(crashAt("after-start"), "send", {});
  const gate = await bench.startGate();
  await bench.settled(effect);
  await gate.runtime.stop();
  const length = (await bench.entries()).length;
  await (await bench.startGate()).runtime.stop();
  expect(await bench.entries()).toHaveLength(length);
});

test("gate leaves a run to the next start when it is stopped meanwhile", async () => {
  bench = await makeBench([
    {
      name: "once",
      program: 'sed "s/.*/1/"; [ -e /nowhere ] || sleep 1000\n',
      manifest: plain("idempotent", "{ level: basic, sandbox: { timeout: 2s } }"),
    },
  ]);
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  const gate = await bench.startGate({ at: (point) => (point === "after-request-seen" ? resolve() : undefined) });
  const effect = await bench.request("once", {});
  await seen;
  await gate.runtime.stop();
  expect(eventsOf(await bench.entries(), "effect.settled")).toHaveLength(0);
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "timed-out" });
});

test("gate discards the layers of runs that never counted, and nothing else", async () => {
  bench = await makeBench([writer]);
  const effect = await crash(crashAt("before-settle"), "writer", { out: bench.workspace });
  expect(readdirSync(bench.layersDir)).toEqual([effect]);
  mkdirSync(join(bench.layersDir, "somebody-elses"));
  mkdirSync(join(bench.layersDir, "effect-9999-0"));
  await bench.startGate();
  await bench.settled(effect);
  expect(readdirSync(bench.layersDir).filter((name) => name !== effect)).toEqual(["somebody-elses"]);
});

test.each([
  ["was not written", "before"],
  ["was written and the disk did not answer", "after"],
] as const)("gate settles once when a settlement %s", async (_case, when) => {
  const disk = failingDisk("effect.settle", when);
  bench = await makeBench([writer], disk);
  const { runtime } = await bench.startGate();
  disk.left = 1;
  const effect = await bench.request("writer", { out: bench.workspace });
  expect(await bench.settled(effect)).toMatchObject({ outcome: "succeeded", changed: 3 });
  await runtime.whenApplied();
  expect(disk.left).toBe(0);
  expect(bench.starts.get(effect)).toBe(1);
  expect(eventsOf(await bench.entries(), "effect.settled")).toHaveLength(1);
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toMatch(/^kept\.txt by sha256:/u);
  expect(readdirSync(bench.layersDir)).toEqual([]);
});

test("gate stops and changes nothing when the disk stays full, and goes on when it has room", async () => {
  const disk = failingDisk("effect.settle", "before");
  bench = await makeBench([writer], disk);
  const gate = await bench.startGate();
  disk.left = 1000;
  const effect = await bench.request("writer", { out: bench.workspace });
  expect(await gate.failure).toMatchObject({ name: "Failure", code: "outcome_unknown", retry: "later" });
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("kept\n");
  await gate.runtime.stop();
  disk.left = 0;
  const { runtime } = await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "succeeded" });
  await runtime.whenApplied();
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toMatch(/^kept\.txt by sha256:/u);
});

test("gate leaves an effect in the log when the clock jumps, and settles it when an administrator accepted the time", async () => {
  let jumpMs = 0;
  bench = await makeBench([writer], { clock: () => Date.now() + jumpMs });
  const gate = await bench.startGate({
    at: (point) => {
      // As a machine that slept for two days does.
      if (point === "after-perform") jumpMs = 172_800_000;
    },
  });
  const effect = await bench.request("writer", { out: bench.workspace });
  expect(await gate.failure).toMatchObject({
    code: "clock_jump",
    retry: "later",
    message: `Cannot settle ${effect}: the kernel refused it: clock_jump`,
  });
  await gate.runtime.stop();
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("kept\n");
  await bench.submit({ type: "clock.accept", timeMs: Date.now() + jumpMs });
  await bench.startGate();
  expect(await bench.settled(effect)).toMatchObject({ outcome: "succeeded", changed: 3 });
});
