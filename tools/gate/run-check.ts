/** One check of the gate that is a program of its own: passes when it exits with 0. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { root, toolEnvironment } from "./place.ts";
import type { Part } from "./tally.ts";

/** A program to run at the repository's root; its output goes where the gate's own goes. */
export interface Check {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Runs one check and waits for its end.
 *
 * @param check - the program and what it is called.
 * @returns a part with one check, passed or failed. A program that cannot be started has failed.
 */
export async function runCheck(check: Check): Promise<Part> {
  const startedMs = performance.now();
  process.stdout.write(`\n== ${check.name}: ${check.program} ${check.args.join(" ")}\n`);
  const passed = await exitsWithZero(check);
  if (!passed) process.stdout.write(`== ${check.name}: failed\n`);
  return {
    name: check.name,
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    skipped: 0,
    durationMs: performance.now() - startedMs,
  };
}

async function exitsWithZero(check: Check): Promise<boolean> {
  const child = spawn(check.program, check.args, {
    cwd: root,
    env: toolEnvironment(process.env),
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    const [code] = await once(child, "exit");
    return code === 0;
  } catch (cause) {
    process.stdout.write(`Cannot run ${check.program}: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return false;
  }
}
