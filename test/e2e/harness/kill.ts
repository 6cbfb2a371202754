/**
 * Kills a real `toka up` at chosen moments, lets it go on, and checks that the log and the tallies show no trace of the kills.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Entry } from "@toka/kernel";
import { expect } from "vitest";

import type { Random } from "./repository.ts";
import { createScene, root, type Scene } from "./scene.ts";

/** The crew whose every step adds one line to a file of its own. */
export const tallyCrew: string = join(root, "test/e2e/crews/tally");

/** Kills what it started, and waits for all that it left. */
const lastParent = join(import.meta.dirname, "last-parent.pl");

/** Steps of the tally crew: three agents with three tasks of two steps. */
export const tallySteps = 18;

/** Turns of this process's event loop that a kill may come after the entry it waits for, so that it also falls between two entries. */
const lateTurnsMax = 4000;

/** What one session with kills came to. */
export interface Killed {
  /** Head of the log after each kill, 0 when there was none yet. */
  readonly positions: readonly number[];
  /** Entries at the end. */
  readonly entries: number;
}

/**
 * Runs the tally crew without any kill.
 *
 * @returns how many entries its log has at the end
 */
export async function countEntries(): Promise<number> {
  const scene = createScene();
  try {
    await finish(scene);
    return (await readLines(scene)).length;
  } finally {
    await scene.close();
  }
}

/**
 * Runs the tally crew in a vault of its own and kills the process at random entries, each time a little later in the session.
 *
 * @param random - where the kills fall
 * @param options - how many kills, and how many entries a session has
 * @returns where the kills fell
 * @throws an assertion error when anything acknowledged is lost, any step took effect twice, a process of a killed one lives on, or the log
 *   does not verify
 */
export async function runWithKills(
  random: Random,
  options: { readonly kills: number; readonly entries: number },
): Promise<Killed> {
  const scene = createScene();
  try {
    const positions: number[] = [];
    let before: readonly string[] = [];
    for (let kill = 0; kill < options.kills; kill += 1) {
      const rest = Math.max(2, options.entries - before.length - 2);
      const target = before.length + 1 + random.below(Math.ceil(rest / (options.kills - kill)));
      const seen = await killAt(scene, { target, lateTurns: random.below(lateTurnsMax) });
      const after = await readLines(scene);
      // Whatever was shown to anybody was durable, and stays.
      expect(after.slice(0, seen.length)).toEqual(seen);
      expect(after.slice(0, before.length)).toEqual(before);
      positions.push(after.length);
      before = after;
      // A kill may come too late; another toka up would begin another session.
      if (isOver(after)) break;
    }
    if (!isOver(before)) await finish(scene);
    expect((await scene.toka(["verify"])).code).toBe(0);
    const lines = await readLines(scene);
    expect(lines.slice(0, before.length)).toEqual(before);
    expectNothingRepeated(lines.map((line) => JSON.parse(line) as Entry));
    expectTallies(scene);
    return { positions, entries: lines.length };
  } finally {
    await scene.close();
  }
}

/** Starts the session, waits until its log reaches a position, then kills the process; resolves with the entries seen. */
async function killAt(
  scene: Scene,
  { target, lateTurns }: { readonly target: number; readonly lateTurns: number },
): Promise<readonly string[]> {
  const up = scene.start(["up", "--crew", tallyCrew, "--json"], { through: ["/usr/bin/perl", lastParent] });
  await up.says("serving on");
  const follower = scene.start(["log", "--follow", "--json"]);
  const seen: string[] = [];
  const reached = new Promise<void>((resolve) => {
    follower.onLine((line) => {
      seen.push(line);
      if (seen.length >= target) resolve();
    });
  });
  // A session that is shorter than thought ends before the position comes.
  await Promise.race([reached, follower.ended]);
  for (let turn = 0; turn < lateTurns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  up.kill("SIGUSR1");
  const { code, stderr } = await up.ended;
  // Whatever ran for the killed process is gone with it: boxes, launchers, and what was only half made of either.
  expect(code, stderr).toBe(0);
  follower.kill("SIGKILL");
  await follower.ended;
  return seen;
}

async function finish(scene: Scene): Promise<void> {
  const ended = await scene.toka(["up", "--once", "--json", "--crew", tallyCrew]);
  expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0);
}

function isOver(lines: readonly string[]): boolean {
  return lines.some((line) => line.includes('"session.end"'));
}

async function readLines(scene: Scene): Promise<readonly string[]> {
  const { stdout, code } = await scene.toka(["log", "--json"]);
  if (code !== 0) return [];
  return stdout.split("\n").filter((line) => line !== "");
}

/** Each step was requested once and succeeded once, and no task was started again after it was completed. */
function expectNothingRepeated(entries: readonly Entry[]): void {
  const succeeded = new Map<string, number>();
  const completed = new Set<string>();
  for (const { operation, outcome } of entries) {
    if (!("events" in outcome)) continue;
    for (const event of outcome.events) {
      if (event.type === "effect.settled" && event.outcome === "succeeded" && event.step !== null) {
        const key = `${event.agent} ${event.task} ${event.step}`;
        succeeded.set(key, (succeeded.get(key) ?? 0) + 1);
      }
    }
    if (operation.type === "task.complete") completed.add(operation.task);
    if (operation.type === "task.start") expect(completed).not.toContain(operation.task);
  }
  expect([...succeeded.values()]).toEqual(Array.from({ length: tallySteps }, () => 1));
}

function expectTallies(scene: Scene): void {
  const folder = join(scene.vault, "out/tally");
  const counts = Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
  expect(Object.keys(counts)).toHaveLength(tallySteps);
  for (const text of Object.values(counts)) expect(text).toBe("ran\n");
}
