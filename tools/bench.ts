/**
 * Runs the benchmarks: every file in `tools/bench`, or those named as arguments (`./toka bench sandbox`), one after
 * the other so that none measures another's load. Ends with 1 when one of them does.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runCheck } from "./gate/run-check.ts";
import { root } from "./gate/place.ts";

const folder = join(root, "tools", "bench");
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.slice(0, -".ts".length))
  .toSorted();

const named = process.argv.slice(2);
const unknown = named.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`Cannot run the benchmark ${unknown.join(", ")}: known are ${known.join(", ")}\n`);
  process.exit(2);
}

let failed = 0;
for (const name of named.length === 0 ? known : named) {
  const args = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning", join(folder, `${name}.ts`)];
  failed += (await runCheck({ name, program: process.execPath, args })).failed;
}
process.exit(failed === 0 ? 0 : 1);
