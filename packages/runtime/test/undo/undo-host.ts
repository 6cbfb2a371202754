/**
 * A host of its own, so that it can be started as any user: runs each case over a workspace of its own, undoes it, undoes the undo, and
 * prints one line of JSON with what did not stand as it should.
 */
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { makeBench } from "../gate/vault.ts";
import { furniture, workCases } from "./cases.ts";
import { claimsOf, photograph, undo, work } from "./undoing.ts";

const wrong: string[] = [];
let undone = 0;
const bench = await makeBench([]);
const { runtime } = await bench.startGate();
for (const { does, script } of workCases) {
  spawnSync("sh", ["-c", `find . -mindepth 1 -type d -exec chmod 700 {} +; rm -rf ./* ; ${furniture}`], {
    cwd: bench.workspace,
  });
  const before = photograph(bench.workspace);
  const effect = await work(bench, { script, runtime });
  const after = photograph(bench.workspace);
  const claims = await claimsOf(bench, [effect]);
  // What changed nothing cannot be undone.
  if (claims.length === 0) {
    if (JSON.stringify(before) !== JSON.stringify(after)) wrong.push(`${does}: changed without a record`);
    continue;
  }
  const back = await undo(bench, { undoes: [effect], claims, runtime });
  check(`${does}: undone`, { want: before, result: back.result });
  const again = await undo(bench, { undoes: [back.effect], claims, runtime });
  check(`${does}: undo undone`, { want: after, result: again.result });
  undone += 1;
}
await bench.close();
writeSync(1, `${JSON.stringify({ undone, wrong })}\n`);

function check(what: string, { want, result }: { want: Readonly<Record<string, string>>; result: unknown }): void {
  const found = photograph(bench.workspace);
  const names = [...new Set([...Object.keys(want), ...Object.keys(found)])];
  const differing = names.filter((name) => want[name] !== found[name]);
  if (differing.length === 0) return;
  const told = differing.map((name) => `${name} is ${found[name] ?? "gone"}, wanted ${want[name] ?? "nothing"}`);
  wrong.push(`${what}: ${told.join("; ").slice(0, 600)} (${JSON.stringify(result).slice(0, 300)})`);
}
