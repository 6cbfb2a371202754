/**
 * The gate: format, lint, types, dead code, then every suite. `./toka test` and the continuous integration run exactly
 * this. It ends with the line `N passed, N failed`, and with exit code 1 when anything failed.
 *
 * Arguments go to vitest: `./toka test packages/store`, `./toka test -t "closed vault"`.
 */
import { cpus } from "node:os";
import { runCheck, type Check } from "./gate/run-check.ts";
import { runSuites } from "./gate/run-suites.ts";
import { lastLine, sum, table, type Part } from "./gate/tally.ts";

const checks: readonly Check[] = [
  { name: "format", program: "oxfmt", args: ["--check"] },
  { name: "lint", program: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "types", program: "tsc", args: ["-b"] },
  { name: "dead code", program: "knip", args: ["--no-config-hints"] },
];

const startedMs = performance.now();
const parts: Part[] = [];
for (const check of checks) parts.push(await runCheck(check));

const { parts: suites, skips } = await runSuites({ args: process.argv.slice(2) });
parts.push(...suites);

if (skips.length > 0) process.stdout.write(`\n== skipped\n${skips.join("\n")}\n`);
process.stdout.write(
  `\n== minutes by part (suites run side by side on ${cpus().length} processors)\n${table(parts)}\n`,
);
process.stdout.write(`${((performance.now() - startedMs) / 60_000).toFixed(2)} minutes in all\n\n`);

const total = sum(parts);
process.stdout.write(`${lastLine(total)}\n`);
process.exit(total.failed === 0 ? 0 : 1);
