/** A crash at any durable boundary of an undo: what is settled is finished by the next start, what is not is done again from the start. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { GatePoint } from "../../src/gate/hooks.ts";
import { eventsOf, makeBench, type Bench } from "../gate/vault.ts";
import { askUndo, photograph, undo, work } from "./undoing.ts";

let bench: Bench | undefined;

afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const points: readonly { readonly point: GatePoint; readonly passing: number }[] = [
  { point: "after-request-seen", passing: 1 },
  { point: "after-perform", passing: 1 },
  { point: "before-settle", passing: 1 },
  { point: "after-settle", passing: 1 },
  { point: "mid-apply", passing: 1 },
  { point: "mid-apply", passing: 2 },
  { point: "mid-apply", passing: 3 },
  { point: "after-apply", passing: 1 },
  { point: "after-discard", passing: 1 },
];

const script = "rm kept.txt; mkdir -p d/e; echo a > d/e/a; echo b > b; mv c c2; chmod 700 m; rm -r gone; ln -sfn b l";

test.each(points)(
  "undo stands whole after a crash at $point, passing $passing, and can be undone",
  async ({ point, passing }) => {
    bench = await makeBench([]);
    const first = await bench.startGate();
    spawnSync("sh", ["-c", "echo c > c; echo m > m; mkdir gone; echo x > gone/x; ln -s c l; echo b0 > b"], {
      cwd: bench.workspace,
    });
    const before = photograph(bench.workspace);
    const effect = await work(bench, { script, runtime: first.runtime });
    const after = photograph(bench.workspace);
    await first.runtime.stop();
    let passed = 0;
    const gate = await bench.startGate({
      at: (reached) => {
        passed += reached === point ? 1 : 0;
        if (reached === point && passed === passing) throw new Error(`crash at ${point}`);
      },
    });
    const asked = await askUndo(bench, { undoes: [effect] });
    expect(String(await gate.failure)).toContain("crash at");
    await gate.runtime.stop();
    const { runtime } = await bench.startGate();
    expect(await bench.settled(asked)).toMatchObject({ outcome: "succeeded" });
    await runtime.whenApplied();
    expect(photograph(bench.workspace)).toEqual(before);
    expect(readdirSync(bench.layersDir)).toEqual([]);
    const settled = eventsOf(await bench.entries(), "effect.settled").filter((event) => event.effect === asked);
    expect(settled).toHaveLength(1);
    expect((await bench.entries()).filter(({ entry }) => entry.operation.type === "fault.record")).toEqual([]);
    await undo(bench, { undoes: [asked], runtime });
    expect(photograph(bench.workspace)).toEqual(after);
  },
);

test("undo leaves a file alone that somebody changed after it was settled, and records it", async () => {
  bench = await makeBench([]);
  const first = await bench.startGate();
  const effect = await work(bench, { script: "echo more >> kept.txt; echo a > a", runtime: first.runtime });
  await first.runtime.stop();
  const gate = await bench.startGate({
    at: (reached) => {
      if (reached === "after-settle") throw new Error("crash");
    },
  });
  await askUndo(bench, { undoes: [effect] });
  await gate.failure;
  await gate.runtime.stop();
  writeFileSync(join(bench.workspace, "kept.txt"), "a person's\n");
  await bench.startGate();
  expect(Object.keys(photograph(bench.workspace))).toEqual(["kept.txt"]);
  const faults = (await bench.entries()).filter(({ entry }) => entry.operation.type === "fault.record");
  expect(JSON.stringify(faults)).toContain("kept.txt into the tree: somebody else changed it");
});

const host = fileURLToPath(new URL("./killed-undo.ts", import.meta.url));
const isRoot = process.getuid?.() === 0;
const asPlain = ["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups"];
const kills = [
  { who: "root", through: [], point: "after-request-seen", passing: 1 },
  { who: "root", through: [], point: "before-settle", passing: 1 },
  { who: "root", through: [], point: "mid-apply", passing: 2 },
  { who: "a plain user", through: asPlain, point: "after-settle", passing: 1 },
  { who: "a plain user", through: asPlain, point: "mid-apply", passing: 2 },
].map((row) => (isRoot ? row : { ...row, who: "a plain user", through: [] }));

test.each(kills)("undo of $who is finished after kill -9 at $point", ({ through, point, passing }) => {
  const temporary = mkdtempSync(join(tmpdir(), "toka-undo-kill-"));
  chmodSync(temporary, 0o777);
  const run = (args: readonly string[]): { signal: NodeJS.Signals | null; said: Readonly<Record<string, unknown>> } => {
    const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"];
    const [program = "", ...rest] = [...through, process.execPath, ...flags, host, ...args];
    const env = { PATH: process.env["PATH"] ?? "", TMPDIR: temporary, HOME: temporary };
    const ended = spawnSync(program, rest, { encoding: "utf8", env });
    if (ended.stdout === "") throw new Error(`the host said nothing: ${ended.stderr}`);
    return { signal: ended.signal, said: JSON.parse(ended.stdout) as Readonly<Record<string, unknown>> };
  };
  try {
    const died = run(["die", point, String(passing)]);
    expect(died.signal).toBe("SIGKILL");
    const { said } = run(["recover", String(died.said["dir"]), String(died.said["effect"])]);
    const { before } = died.said;
    expect(said).toEqual({ outcome: "succeeded", settlements: 1, tree: before, layers: [], faults: 0, ok: true });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});
