/**
 * A host of its own: `die POINT PASSING TOOL` makes a vault, requests one effect and kills itself with SIGKILL when the gate reaches the
 * point; `wait ANSWER` requests one that needs an approval, has it answered unless ANSWER is none, and kills itself before any gate has
 * seen that; `recover DIR EFFECT [ANSWER]` opens that vault again and says what came of it. Each prints one line of JSON.
 */
import { readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isId } from "@toka/kernel";
import { verifyVault } from "@toka/store";
import { eventsOf, makeBench, plain, reopenBench, writes } from "./vault.ts";

const tools = [
  {
    name: "writer",
    program: `out=$(sed 's/.*"out":"\\([^"]*\\)".*/\\1/')
for name in a b kept.txt; do echo "$name by $TOKA_IDEMPOTENCY_KEY" > "$out/$name"; done
printf 1
`,
    manifest: writes,
  },
  { name: "send", program: "echo 1\n", manifest: plain("external") },
  { name: "rule", program: 'printf "\\"%s\\"" "$TOKA_IDEMPOTENCY_KEY"\n', manifest: plain("privileged") },
];

const [, , mode, ...rest] = process.argv;
if (mode === "die") await die(rest);
else if (mode === "wait") await waitForApproval(rest);
else await recover(rest);

function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

async function die([point, passing, tool = ""]: readonly string[]): Promise<void> {
  const bench = await makeBench(tools);
  let passed = 0;
  const reached = Promise.withResolvers<string>();
  await bench.startGate({
    at: async (at, effect) => {
      if (at !== point) return;
      passed += 1;
      if (passed < Number(passing)) return;
      reached.resolve(effect);
      // The gate stands still here until the process is gone.
      await new Promise(() => {});
    },
  });
  await bench.request(tool, tool === "writer" ? { out: bench.workspace } : {});
  say({ dir: bench.scratch.path, effect: await reached.promise });
  process.kill(process.pid, "SIGKILL");
}

async function waitForApproval([answer]: readonly string[]): Promise<void> {
  const bench = await makeBench(tools);
  const agent = await bench.spawn("worker", ["rule"]);
  const { runtime } = await bench.startGate();
  const effect = await bench.request("rule", {}, { caller: agent.caller, agent: agent.id, budget: agent.budget });
  await runtime.stop();
  if (answer === "allow" || answer === "deny") await bench.answer(effect, answer);
  say({ dir: bench.scratch.path, effect });
  process.kill(process.pid, "SIGKILL");
}

async function recover([dir = "", effect, answer]: readonly string[]): Promise<void> {
  if (!isId("effect", effect)) throw new Error(`no effect: ${effect ?? ""}`);
  const bench = await reopenBench(dir);
  const { runtime } = await bench.startGate();
  const startsBefore = bench.starts.get(effect) ?? 0;
  if (answer === "allow") await bench.answer(effect, answer);
  const settle = await bench.settled(effect);
  await runtime.whenApplied();
  const entries = await bench.entries();
  const files = Object.fromEntries(
    readdirSync(bench.workspace).map((name) => [name, readFileSync(join(bench.workspace, name), "utf8")]),
  );
  const digest = entries.find(({ entry }) => entry.operation.type === "effect.request")?.digest;
  const result = await bench.result(settle);
  const performed = bench.starts.get(effect) ?? 0;
  const settlements = eventsOf(entries, "effect.settled").length;
  const layers = readdirSync(bench.layersDir);
  await bench.close();
  const { ok } = await verifyVault({ dir: join(dir, "vault"), knownVaults: null });
  const sameKey = result === digest;
  say({ outcome: settle.outcome, settlements, startsBefore, performed, files, digest, sameKey, layers, ok });
}
