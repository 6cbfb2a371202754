/** Row 28: whoever is killed, and whenever, nothing of a box outlives its launcher or its host. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./case.ts";
import { freshMarker, sleepers, until } from "./escape-cases.ts";
import { launcherWith, noProcessNamespace } from "./mutations.ts";
import { type World } from "./world.ts";

/** Who is killed. */
type Victim = "launcher" | "host";

const victims: readonly Victim[] = ["launcher", "host"];

export const deathCases: readonly Case[] = [
  ...victims.map((victim) => ({
    name: `row 28: guests die with their ${victim}`,
    run: (world: World) =>
      dieWith(world, { victim, started: (_all, marker) => sleepers(marker).length > 0, survives: false }),
  })),
  ...victims.map((victim) => ({
    name: `row 28: a bubblewrap that has just been made dies with the ${victim}`,
    run: (world: World) => dieWith(world, { victim, started: isBetween, between: true, survives: false }),
  })),
  {
    name: "mutation: without a namespace of processes around bubblewrap one that has just been made outlives its host",
    run: async (world) => {
      const launcher = launcherWith(world, noProcessNamespace);
      await dieWith(world, { victim: "host", started: isBetween, between: true, launcher, survives: true });
    },
  },
  {
    name: "row 28: whoever lends a box its map of users dies with the launcher",
    only: "root",
    run: async (world) => {
      // Stands still between the two processes: the second is there, and the first has not mapped its users yet.
      const launcher = launcherWith(world, [
        ["  fail('idmap', \"unshare: $answer\")", "  sleep 600;\n  fail('idmap', \"unshare: $answer\")"],
      ]);
      const started = (all: readonly Process[]): boolean => all.length === 2;
      await dieWith(world, { victim: "launcher", started, launcher, survives: false });
    },
  },
];

/** One process below a host, told from a later one of the same number by when it was started. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly startedAt: string;
  readonly words: string;
}

/** What is killed, and when. */
interface Death {
  readonly victim: Victim;
  /** Says, from all that is below the host, whether the moment has come. */
  readonly started: (all: readonly Process[], marker: string) => boolean;
  /** bubblewrap's first process stands still after it made the second, before that one does anything. */
  readonly between?: boolean;
  readonly launcher?: string;
  /** What is expected: that something is left (and then ended here), or nothing. */
  readonly survives: boolean;
}

/** Runs a guest under a host of its own, kills one of the two, and sees whether anything of the host stays. */
async function dieWith(world: World, { victim, started, between, launcher, survives }: Death): Promise<void> {
  const marker = freshMarker();
  const host = fileURLToPath(new URL("./lone-host.ts", import.meta.url));
  const bubblewrap = between === true ? waitingBubblewrap(world) : "";
  const child = spawn(process.execPath, [host, world.tree, marker, bubblewrap, launcher ?? ""], { stdio: "ignore" });
  let seen: readonly Process[] = [];
  try {
    await until(() => {
      seen = below(child.pid ?? 0);
      return started(seen, marker);
    }, "the box to start");
    if (victim === "host") child.kill("SIGKILL");
    else for (const { pid, parent } of seen) if (parent === child.pid) process.kill(pid, "SIGKILL");
    if (survives) {
      // All that dies has done so once the launcher's own children are nobody's or somebody else's.
      await until(() => seen.filter(isAlive).every(({ pid }) => !hasParentIn(pid, seen)), "the rest to be orphans");
      assert.ok(seen.some(isAlive), "something is left");
    } else await until(() => !seen.some(isAlive) && sleepers(marker).length === 0, `${describe(seen)} to die`);
  } finally {
    child.kill("SIGKILL");
    for (const { pid } of seen.filter(isAlive)) process.kill(pid, "SIGKILL");
    for (const pid of sleepers(marker)) process.kill(pid, "SIGKILL");
  }
}

let wrappers = 0;

/**
 * bubblewrap itself, made to stand still at one point: it tells of its child on a pipe that nobody reads and that is full, after it made
 * that child and before it lets it go on. A kill at random falls there once in some hundreds.
 */
function waitingBubblewrap(world: World): string {
  wrappers += 1;
  const path = join(world.base, `waiting-bwrap-${wrappers}`);
  const text = `#!/usr/bin/perl
$^F = 100;
pipe(my $out, my $in) or die;
fcntl($in, 4, 04000);
1 while syswrite($in, 'x' x 4096);
fcntl($in, 4, 0);
my @info = "@ARGV" eq '--version' ? () : ('--info-fd', fileno $in);
exec '${world.facts.bubblewrap}', @info, @ARGV;
`;
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Two processes of bubblewrap's are there, the second a child of the first. */
function isBetween(all: readonly Process[]): boolean {
  const boxes = all.filter(({ words }) => words.includes("--info-fd"));
  return boxes.some(({ parent }) => boxes.some(({ pid }) => pid === parent));
}

/** All processes below one. */
function below(top: number): readonly Process[] {
  const found: Process[] = [];
  const pending = [top];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    for (const child of childrenOf(pid)) {
      const stat = statOf(child);
      if (stat === undefined) continue;
      found.push({ pid: child, ...stat });
      pending.push(child);
    }
  }
  return found;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const words = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
      return words === "" ? [] : words.split(" ").map(Number);
    });
  } catch {
    return [];
  }
}

/** Nothing when the process is gone, or waits for nothing but to be noticed. */
function statOf(pid: number): Omit<Process, "pid"> | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return { parent: Number(fields[1]), startedAt: fields[19] ?? "", words };
  } catch {
    return undefined;
  }
}

function isAlive({ pid, startedAt }: Process): boolean {
  return statOf(pid)?.startedAt === startedAt;
}

function hasParentIn(pid: number, all: readonly Process[]): boolean {
  const parent = statOf(pid)?.parent;
  return all.some((one) => one.pid === parent && isAlive(one));
}

function describe(all: readonly Process[]): string {
  return all.map(({ pid, words }) => `${pid} (${words.slice(0, 60)})`).join(", ");
}
