/**
 * The long suites: every file named `*.soak.ts` in a package's `test` folder, in `test`, in `sim`, in `tools` or in
 * `examples`. Too slow for the gate, run before a release and when something deep was changed. Arguments go to vitest.
 */
import { runSuites } from "./gate/run-suites.ts";
import { lastLine, sum, table } from "./gate/tally.ts";

const { parts, skips } = await runSuites({
  args: ["--testTimeout=3600000", "--hookTimeout=3600000", ...process.argv.slice(2)],
  include: [
    "packages/*/test/**/*.soak.ts",
    "test/**/*.soak.ts",
    "test/e2e/**/*.soak.ts",
    "sim/**/*.soak.ts",
    "tools/**/*.soak.ts",
    "examples/**/*.soak.ts",
  ],
});

if (skips.length > 0) process.stdout.write(`\n== skipped\n${skips.join("\n")}\n`);
process.stdout.write(`\n== minutes by suite\n${table(parts)}\n\n`);
const total = sum(parts);
process.stdout.write(`${lastLine(total)}\n`);
process.exit(total.failed === 0 ? 0 : 1);
