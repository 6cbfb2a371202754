/**
 * The sandbox's contract, proved twice: started by root and started by a plain user. Each half is the
 * same list of cases, run by the harness in a process of its own, in a private mount namespace where
 * that can be had. With TOKA_REQUIRE_SANDBOX=1 a half that cannot run is a failure, not a skip.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, chmodSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findHostFacts } from "../../src/sandbox/host-facts.ts";
import { cases } from "./cases.ts";

/** An account that no system has: what matters is that it is nobody else's. */
const plainUid = "54321";
const required = process.env["TOKA_REQUIRE_SANDBOX"] === "1";
const here = dirname(fileURLToPath(import.meta.url));
const isRoot = process.getuid?.() === 0;
const { report } = await findHostFacts();

interface Outcome {
  readonly name: string;
  readonly skipped?: string;
  readonly problem?: string;
  readonly ms: number;
}

interface Half {
  readonly startedBy: "root" | "user";
  /** Why this half cannot run here, when it cannot. */
  readonly missing: string | undefined;
}

function whyNot(startedBy: "root" | "user"): string | undefined {
  if (!report.available) return `no sandbox: ${report.problems.map(({ problem }) => problem).join("; ")}`;
  return startedBy === "root" && !isRoot ? "these tests were not started by root" : undefined;
}

const halves: readonly Half[] = (["root", "user"] as const).map((startedBy) => ({
  startedBy,
  missing: whyNot(startedBy),
}));
const scratch: string[] = [];

afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
});

/** The command before Node that makes it the half's starter. */
function prefixOf({ startedBy }: Half): readonly string[] {
  if (!isRoot) return [];
  const apart = ["unshare", "--mount", "--propagation", "private"];
  return startedBy === "root"
    ? apart
    : [...apart, "setpriv", `--reuid=${plainUid}`, `--regid=${plainUid}`, "--clear-groups"];
}

/** Node and the harness where the plain user can read them: a checkout may lie in a private folder. */
function reachable(prefix: readonly string[]): { node: string; harness: string } {
  const harness = join(here, "harness.ts");
  const [program, ...words] = [...prefix, process.execPath];
  try {
    execFileSync(program, [...words, "--check", harness], { stdio: "ignore" });
    return { node: process.execPath, harness };
  } catch {
    const folder = mkdtempSync(join(tmpdir(), "toka-box-source-"));
    scratch.push(folder);
    chmodSync(folder, 0o755);
    cpSync(process.execPath, join(folder, "bin", "node"));
    cpSync(join(here, "..", "..", "src", "sandbox"), join(folder, "src", "sandbox"), { recursive: true });
    cpSync(here, join(folder, "test", "sandbox"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    execFileSync("chmod", ["-R", "a+rX", folder]);
    return { node: join(folder, "bin", "node"), harness: join(folder, "test", "sandbox", "harness.ts") };
  }
}

async function runHalf(half: Half): Promise<ReadonlyMap<string, Outcome>> {
  const prefix = prefixOf(half);
  const { node, harness } = reachable(prefix);
  const [program, ...words] = [...prefix, node, harness];
  const child = spawn(program, words, {
    env: { PATH: process.env["PATH"], TMPDIR: tmpdir(), TOKA_TEST_LEARN: process.env["TOKA_TEST_LEARN"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  const [code] = await once(child, "close");
  const lines = Buffer.concat(said)
    .toString("utf8")
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  const outcomes = new Map(lines.map((line) => JSON.parse(line) as Outcome).map((outcome) => [outcome.name, outcome]));
  if (code !== 0 && outcomes.size === 0)
    throw new Error(`the harness ended with ${String(code)}: ${Buffer.concat(complaints).toString("utf8")}`);
  return outcomes;
}

for (const half of halves) {
  describe(`sandbox started by ${half.startedBy === "root" ? "root" : "a plain user"}`, () => {
    if (half.missing !== undefined && !required) {
      const { missing } = half;
      it("cannot run here", ({ skip }) => skip(missing));
      return;
    }
    let outcomes: ReadonlyMap<string, Outcome> = new Map();
    beforeAll(async () => {
      if (half.missing !== undefined)
        throw new Error(`TOKA_REQUIRE_SANDBOX is set, and this half cannot run: ${half.missing}`);
      outcomes = await runHalf(half);
    }, 600_000);
    const names = cases.filter(({ only }) => only === undefined || only === half.startedBy).map(({ name }) => name);
    it.for(names)("%s", (name, { skip }) => {
      const outcome = outcomes.get(name);
      expect(outcome, "the harness came to this case").toBeDefined();
      if (outcome?.skipped !== undefined) skip(outcome.skipped);
      expect(outcome?.problem).toBeUndefined();
    });
  });
}
