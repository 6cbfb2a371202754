/**
 * A host of its own: `die POINT PASSING` makes a vault, has an effect done, asks for its undo and kills itself with SIGKILL when the gate
 * reaches the point with the undo; `recover DIR EFFECT` opens that vault again and says what came of it. Each prints one line of JSON.
 */
import { readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isId } from "@toka/kernel";
import { verifyVault } from "@toka/store";
import { eventsOf, makeBench, reopenBench } from "../gate/vault.ts";
import { askUndo, photograph, work } from "./undoing.ts";

const [, , mode, ...rest] = process.argv;
if (mode === "die") await die(rest);
else await recover(rest);

function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

async function die([point, passing]: readonly string[]): Promise<void> {
  const bench = await makeBench([]);
  let armed = false;
  let passed = 0;
  const reached = Promise.withResolvers<void>();
  const { runtime } = await bench.startGate({
    at: async (at) => {
      if (at !== point || !armed) return;
      passed += 1;
      if (passed < Number(passing)) return;
      reached.resolve();
      // The gate stands still here until the process is gone.
      await new Promise(() => {});
    },
  });
  await work(bench, { script: "echo one > one; echo two > two; mkdir d; echo x > d/x", runtime });
  const before = photograph(bench.workspace);
  const done = await work(bench, {
    script: "rm one; echo more >> two; rm -r d; echo more >> kept.txt; ln -s two l",
    runtime,
  });
  armed = true;
  const asked = await askUndo(bench, { undoes: [done] });
  await reached.promise;
  say({ dir: bench.scratch.path, effect: asked, before });
  process.kill(process.pid, "SIGKILL");
}

async function recover([dir = "", effect]: readonly string[]): Promise<void> {
  if (!isId("effect", effect)) throw new Error(`no effect: ${effect ?? ""}`);
  const bench = await reopenBench(dir);
  const { runtime } = await bench.startGate();
  const { outcome } = await bench.settled(effect);
  await runtime.whenApplied();
  const entries = await bench.entries();
  const settlements = eventsOf(entries, "effect.settled").filter((event) => event.effect === effect).length;
  const faults = entries.filter(({ entry }) => entry.operation.type === "fault.record").length;
  const [tree, layers] = [photograph(bench.workspace), readdirSync(bench.layersDir)];
  await bench.close();
  const { ok } = await verifyVault({ dir: join(dir, "vault"), knownVaults: null });
  say({ outcome, settlements, tree, layers, faults, ok });
}
