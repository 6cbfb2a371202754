/** Effects of kind `code`: one program for a person or a judge, with its streams, its exit code and nothing beyond its claims. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { genesisIds, type EffectId, type EffectSettle } from "@toka/kernel";
import { afterEach, expect, test } from "vitest";
import {
  codeReservation,
  decodeCodeArguments,
  encodeCodeArguments,
  type CodeArguments,
} from "../../src/gate/code-arguments.ts";
import { effectOf, makeBench, type Bench } from "./vault.ts";

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

interface CodeResult {
  readonly exit: { readonly code?: number };
  readonly message: string | null;
  readonly stdout: {
    readonly text: string;
    readonly bytes: number;
    readonly whole: { readonly commitment: string; readonly size: number } | null;
  };
  readonly stderr: { readonly text: string };
}

async function requestCode(
  code: Partial<CodeArguments>,
  { claims, timeoutMs = 20_000 }: { readonly claims: readonly string[]; readonly timeoutMs?: number },
): Promise<{ readonly effect: EffectId; readonly commitment: string }> {
  const sealed = bench.machine.seal(
    encodeCodeArguments({ argv: ["true"], cwd: bench.workspace, stdin: new Uint8Array(), env: {}, ...code }),
  );
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "code",
      label: "exec",
      agent: null,
      task: null,
      step: null,
      tool: null,
      arguments: sealed.content,
      claims,
      reserve: codeReservation({ timeoutMs, writes: true }),
      budget: genesisIds.rootBudget,
      timeoutMs,
      inputs: [],
    },
    { payloads: [sealed] },
  );
  return { effect: effectOf(receipt), commitment: sealed.content.commitment };
}

async function run(
  code: Partial<CodeArguments>,
  options: { readonly claims?: readonly string[]; readonly timeoutMs?: number } = {},
): Promise<{ readonly settle: EffectSettle; readonly result: CodeResult }> {
  const { effect } = await requestCode(code, { claims: [`fs.write:${bench.workspace}/**`], ...options });
  const settle = await bench.settled(effect);
  return { settle, result: (await bench.result(settle)) as CodeResult };
}

const shell = (script: string): Partial<CodeArguments> => ({ argv: ["sh", "-c", script] });

test("program gets its input, environment and folder, and its streams and code come back apart", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const { settle, result } = await run({
    ...shell('cat; pwd; echo "$WORD" >&2; exit 7'),
    stdin: Buffer.from("typed\n"),
    env: { WORD: "given" },
  });
  expect(settle).toMatchObject({ outcome: "failed", code: "7" });
  expect(result).toMatchObject({
    exit: { code: 7 },
    ended: "exited",
    stdout: { text: `typed\n${bench.workspace}\n`, whole: null },
    stderr: { text: "given\n" },
  });
});

test("program's writes are applied whatever code it ends with", async () => {
  bench = await makeBench([]);
  const { runtime } = await bench.startGate();
  const { settle } = await run(shell("echo made > made; exit 1"));
  await runtime.whenApplied();
  expect(settle).toMatchObject({ outcome: "failed", code: "1", changed: 1 });
  expect(readFileSync(join(bench.workspace, "made"), "utf8")).toBe("made\n");
});

test("program may claim one folder for reading and for writing", async () => {
  bench = await makeBench([]);
  const { runtime } = await bench.startGate();
  const claims = [`fs.read:${bench.workspace}/**`, `fs.write:${bench.workspace}/**`];
  const { settle, result } = await run(shell("cat kept.txt; echo new > kept.txt"), { claims });
  await runtime.whenApplied();
  expect([settle.outcome, settle.changed, result.stdout.text]).toEqual(["succeeded", 1, "kept\n"]);
  expect(readFileSync(join(bench.workspace, "kept.txt"), "utf8")).toBe("new\n");
});

test("program's writes are dropped when it was cut short", async () => {
  bench = await makeBench([]);
  const { runtime } = await bench.startGate();
  const { settle } = await run(shell("echo made > made; sleep 1000"), { timeoutMs: 300 });
  await runtime.whenApplied();
  expect(settle).toMatchObject({ outcome: "timed-out", code: "deadline", changes: null });
  expect(readdirSync(bench.workspace)).toEqual(["kept.txt"]);
});

test("program that only reads cannot write", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const { settle, result } = await run(shell("echo made > made"), { claims: [`fs.read:${bench.workspace}/**`] });
  expect(settle.outcome).toBe("failed");
  expect(result.stderr.text).toContain("Read-only file system");
  expect(readdirSync(bench.workspace)).toEqual(["kept.txt"]);
});

test("listener hears both streams while the program runs, in order", async () => {
  bench = await makeBench([]);
  const { runtime } = await bench.startGate();
  const sealed = bench.machine.seal(
    encodeCodeArguments({
      argv: ["sh", "-c", "echo one; echo two >&2; echo three"],
      cwd: "/tmp",
      stdin: new Uint8Array(),
      env: {},
    }),
  );
  const heard: Record<string, string> = { stdout: "", stderr: "" };
  const stop = runtime.listen(sealed.content.commitment, (stream, chunk) => {
    heard[stream] += Buffer.from(chunk).toString();
  });
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "code",
      label: "exec",
      agent: null,
      task: null,
      step: null,
      tool: null,
      arguments: sealed.content,
      claims: [],
      reserve: {},
      budget: genesisIds.rootBudget,
      timeoutMs: 20_000,
      inputs: [],
    },
    { payloads: [sealed] },
  );
  await bench.settled(effectOf(receipt));
  stop();
  expect(heard).toEqual({ stdout: "one\nthree\n", stderr: "two\n" });
});

test.each([
  ["is not found", ["nobody-has-this"], "127"],
  ["cannot be started", ["./kept.txt"], "126"],
])("program that %s is told by its code", async (_case, argv, code) => {
  bench = await makeBench([]);
  await bench.startGate();
  const { settle, result } = await run({ argv });
  expect(settle).toMatchObject({ outcome: "failed", code });
  expect(result.message).toMatch(code === "127" ? /not found/u : /cannot be started/u);
});

test("program's long output is whole in a payload and short in the result", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const { result } = await run(shell("head -c 100000 /dev/zero | tr '\\0' y"));
  expect(result.stdout.bytes).toBe(100_000);
  expect(result.stdout.text.length).toBeLessThan(5000);
  const whole = result.stdout.whole === null ? undefined : await bench.machine.payload(result.stdout.whole);
  expect(whole?.byteLength).toBe(100_000);
});

test("program's terminal escapes reach the payload as they are", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const { result } = await run(shell("printf '\\033[2Jcleared'"));
  expect(result.stdout.text).toBe("\u001B[2Jcleared");
});

test("program is not run when its arguments do not fit", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const sealed = bench.machine.seal('{"argv": []}');
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "code",
      label: "exec",
      agent: null,
      task: null,
      step: null,
      tool: null,
      arguments: sealed.content,
      claims: [],
      reserve: {},
      budget: genesisIds.rootBudget,
      timeoutMs: 20_000,
      inputs: [],
    },
    { payloads: [sealed] },
  );
  expect(await bench.settled(effectOf(receipt))).toMatchObject({ outcome: "failed", code: "arguments_invalid" });
});

test("arguments come back as they were written", () => {
  bench = { close: async () => undefined } as Bench;
  const code: CodeArguments = {
    argv: ["a", "b c", ""],
    cwd: "/tmp",
    stdin: Uint8Array.from([0, 255]),
    env: { A: "1" },
  };
  const decoded = decodeCodeArguments(Buffer.from(encodeCodeArguments(code)));
  expect("argv" in decoded && { ...decoded, stdin: Uint8Array.from(decoded.stdin) }).toEqual(code);
});

test.each([
  ["no JSON", "nothing", "no JSON text"],
  ["a NUL in the command line", JSON.stringify({ argv: ["a\0b"], cwd: "/", env: {} }), "NUL character"],
  ["an odd variable", JSON.stringify({ argv: ["a"], cwd: "/", env: { "A=B": "" } }), "do not fit"],
  ["an unknown key", JSON.stringify({ argv: ["a"], cwd: "/", env: {}, uid: 0 }), "do not fit"],
])("arguments with %s are refused", (_case, text, wanted) => {
  bench = { close: async () => undefined } as Bench;
  const decoded = decodeCodeArguments(Buffer.from(text));
  expect("problem" in decoded && decoded.problem).toContain(wanted);
});

test("whoever may read and write a folder may not reach a vault in it, file by file", async () => {
  bench = await makeBench([]);
  await bench.startGate();
  const vault = join(bench.scratch.path, "vault");
  for (const claim of [`fs.read:${vault}/key`, `fs.write:${vault}/log.db`, `fs.read:${vault}/layers/**`]) {
    const { settle, result } = await run(shell(`cat ${vault}/*; ls ${vault}`), {
      claims: [`fs.write:${bench.workspace}/**`, claim],
    });
    expect(settle).toMatchObject({ outcome: "failed", code: "path_refused" });
    expect(result.message).toContain("is kept from every program");
  }
});

test("deliverables below the vault are claimed like any other folder", async () => {
  bench = await makeBench([]);
  const vault = join(bench.scratch.path, "vault");
  const { runtime } = await bench.startGate();
  const { settle } = await run(
    { ...shell(`echo done > ${vault}/out/crew/report`), cwd: "/tmp" },
    { claims: [`fs.write:${vault}/out/crew/**`] },
  );
  expect(settle).toMatchObject({ outcome: "succeeded", changed: 3 });
  await runtime.whenApplied();
  expect(readFileSync(join(vault, "out", "crew", "report"), "utf8")).toBe("done\n");
});
