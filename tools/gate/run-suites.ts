/**
 * Runs the vitest suites in this process and counts them.
 *
 * A suite is a folder: a package, a folder of `test`, `tools`, `sim` or `examples`. A skip must say why, by the test context's
 * `skip(reason)`; a skip without a reason is a failure, because nobody would notice a half that never ran.
 */
import { parseCLI, startVitest, type TestCase, type TestModule, type Vitest } from "vitest/node";
import { root } from "./place.ts";
import type { Part } from "./tally.ts";

/** Which files to run, and how. */
export interface SuiteOptions {
  /** Further arguments in vitest's own grammar: file filters and flags. With any, skips need no reason. */
  readonly args: readonly string[];
  /** Globs from the repository's root that replace those of the configuration. */
  readonly include?: readonly string[];
  /** The folder to run in, absolute: the repository's root unless a test of the gate says otherwise. */
  readonly folder?: string;
}

/** The parts that ran, one a suite, and a line for each skip. */
export interface SuiteReport {
  readonly parts: readonly Part[];
  readonly skips: readonly string[];
}

/**
 * Runs the suites to their end.
 *
 * @param options - which files; see {@link SuiteOptions}.
 * @returns the counts by suite. A file that cannot be loaded, an error outside any test, and a run that finds no
 * test are failures.
 */
export async function runSuites(options: SuiteOptions): Promise<SuiteReport> {
  const { filter, options: flags } = parseCLI(["vitest", "run", ...options.args]);
  const vitest = await startVitest(filter, {
    // By itself vitest leaves one processor to somebody at the keyboard: on two, suites would run one after the other.
    maxWorkers: "100%",
    ...flags,
    root: options.folder ?? root,
    watch: false,
    ...(options.include === undefined ? {} : { include: [...options.include] }),
  });
  try {
    return report(vitest, options.args.length > 0);
  } finally {
    await vitest.close();
  }
}

function report(vitest: Vitest, narrowed: boolean): SuiteReport {
  const suites = new Map<string, Part>();
  const skips: string[] = [];
  for (const module of vitest.state.getTestModules()) {
    const name = suiteOf(module.relativeModuleId);
    const before = suites.get(name) ?? { name, passed: 0, failed: 0, skipped: 0, durationMs: 0 };
    const counted = count(module, { narrowed, skips });
    suites.set(name, {
      name,
      passed: before.passed + counted.passed,
      failed: before.failed + counted.failed,
      skipped: before.skipped + counted.skipped,
      durationMs: before.durationMs + counted.durationMs,
    });
  }
  const stray = vitest.state.getUnhandledErrors().length + (suites.size === 0 ? 1 : 0);
  const parts = [...suites.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  if (stray > 0) parts.push({ name: "outside any test", passed: 0, failed: stray, skipped: 0, durationMs: 0 });
  return { parts, skips };
}

function suiteOf(path: string): string {
  const [first = path, second = ""] = path.split("/");
  return first === "packages" || first === "test" ? `${first}/${second}` : first;
}

function count(module: TestModule, { narrowed, skips }: { narrowed: boolean; skips: string[] }): Part {
  let passed = 0;
  let failed = module.errors().length;
  let skipped = 0;
  for (const suite of module.children.allSuites()) failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "passed") passed += 1;
    else if (state === "skipped" && (narrowed || skipReason(test) !== undefined)) skipped += 1;
    else failed += 1;
    if (state === "skipped" && !narrowed) {
      skips.push(
        `${module.relativeModuleId}: ${test.fullName}: ${skipReason(test) ?? "no reason given, counted as failed"}`,
      );
    }
  }
  const { collectDuration, duration, prepareDuration, setupDuration } = module.diagnostic();
  const durationMs = collectDuration + duration + prepareDuration + setupDuration;
  return { name: module.relativeModuleId, passed, failed, skipped, durationMs };
}

function skipReason(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" && result.note !== "" ? result.note : undefined;
}
