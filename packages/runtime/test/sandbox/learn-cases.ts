/** What is learnt from a run: the facts are true, the grant made of them is enough for the same run, and the box stays the box. */
import { strict as assert } from "node:assert";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { SandboxJob, SandboxResult } from "../../src/sandbox/job.ts";
import { discardLayer } from "../../src/sandbox/layer.ts";
import { learnGrant, type Learnt, type StandingNow } from "../../src/sandbox/learn-grant.ts";
import type { Case } from "./case.ts";
import type { World } from "./world.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A program, and what is to be learnt of it; `$T` stands for its folder. */
interface Lesson {
  readonly name: string;
  readonly argv: readonly string[];
  readonly permissions: readonly string[];
  readonly programs?: readonly string[];
  readonly exit?: number;
  readonly needs?: string;
}

const threads = `
import subprocess, threading
def copy(i): open("t%d" % i, "w").write(open("a").read())
many = [threading.Thread(target=copy, args=(i,)) for i in range(4)]
[one.start() for one in many]; [one.join() for one in many]
subprocess.run(["./run", "src/b"], check=True)
`;
const tidier = `
const fs = require("fs");
fs.promises.readFile("a", "utf8").then((text) => { fs.appendFileSync("log", text); console.log(fs.readdirSync("src").length); });
`;
const relatives = `
use Cwd; chdir "src" or die; my $pid = fork; if (!$pid) { exec "cat", "b" } waitpid $pid, 0;
open F, "<", "../a" or die; print <F>; print -e "nothing" ? "there" : "absent"; exit 3;
`;

const lessons: readonly Lesson[] = [
  { name: "a file that is read", argv: ["cat", "a"], permissions: ["fs.read:$T/a"], programs: ["/usr/bin/cat"] },
  { name: "nothing at all", argv: ["true"], permissions: [] },
  { name: "a file that is looked for in vain", argv: ["cat", "none"], permissions: [], exit: 1 },
  { name: "a file that is only looked at", argv: ["stat", "-c", "%s", "a"], permissions: ["fs.read:$T/a"] },
  { name: "a folder that is listed", argv: ["ls", "src"], permissions: ["fs.read:$T/src/**"] },
  { name: "a folder that is only looked at", argv: ["test", "-d", "src"], permissions: ["fs.read:$T/src/**"] },
  {
    name: "a link that leads to a file",
    argv: ["cat", "src/link"],
    permissions: ["fs.read:$T/a", "fs.read:$T/src/**"],
  },
  {
    name: "files that are written and appended to",
    argv: ["sh", "-c", "echo new > new; echo more >> log; cat new a"],
    permissions: ["fs.read:$T/a", "fs.write:$T/log", "fs.write:$T/new"],
  },
  {
    name: "a mode and a time that are set",
    argv: ["sh", "-c", "chmod 640 log; touch -d 2020-01-01 a"],
    permissions: ["fs.write:$T/a", "fs.write:$T/log"],
  },
  {
    name: "names that are made, moved and removed",
    argv: ["sh", "-c", "cd src; mkdir d; echo 1 > d/f; mv d/f g; rmdir d; ln -s g l; ln g h; rm h"],
    permissions: ["fs.write:$T/src/**"],
  },
  { name: "a file that is asked whether it may be written", argv: ["test", "-w", "a"], permissions: ["fs.write:$T/a"] },
  {
    name: "the programs that a program starts",
    argv: ["sh", "-c", 'perl -e \'exec "./run", "a"\'; env cat src/b'],
    permissions: ["fs.read:$T/a", "fs.read:$T/run", "fs.read:$T/src/b"],
    programs: ["$T/run", "/usr/bin/cat", "/usr/bin/dash", "/usr/bin/env", "/usr/bin/perl"],
  },
  {
    name: "threads and children of Python",
    argv: ["python3", "-c", threads],
    permissions: ["fs.read:$T/**", "fs.write:$T/t0", "fs.write:$T/t1", "fs.write:$T/t2", "fs.write:$T/t3"],
    needs: "/usr/bin/python3",
  },
  {
    name: "what Node does on threads of its own",
    argv: ["node", "-e", tidier],
    permissions: ["fs.read:$T/a", "fs.read:$T/src/**", "fs.write:$T/log"],
    needs: "/usr/bin/node",
  },
  {
    name: "words that are relative to another folder, after a fork",
    argv: ["perl", "-e", relatives],
    permissions: ["fs.read:$T/a", "fs.read:$T/src/b"],
    exit: 3,
  },
  {
    name: "what git reads and the lock that it takes",
    argv: ["git", "status", "--short"],
    permissions: ["fs.read:$T/**", "fs.write:$T/.git/**"],
    needs: "/usr/bin/git",
  },
];

export const learnCases: readonly Case[] = [
  ...lessons.map((lesson): Case => ({
    name: `learn: ${lesson.name}`,
    skip: () =>
      lesson.needs !== undefined && !existsSync(lesson.needs) ? `there is no ${lesson.needs} here` : undefined,
    run: async (world) => learnAndRepeat(world, lesson),
  })),
  {
    name: "learn: a box that is followed refuses what every box refuses, and its calls are the guest's own",
    run: async (world) => {
      const names = [
        `ptrace=${world.victim}`,
        "unshare_user",
        "inherited_fds",
        `read=${world.secret}`,
        `tcp=${world.tcpPort}:127.0.0.1`,
      ];
      const attempts = await world.attempt(names, { learn: true });
      assert.deepEqual(
        attempts.filter(({ worked }) => worked),
        [],
      );
    },
  },
  {
    name: "learn: a guest whose tracer is killed dies with it, and nothing is learnt",
    run: async (world) => {
      const began = Promise.withResolvers<undefined>();
      const job = world.job(["sh", "-c", "echo up; sleep 600"], {
        learn: true,
        onOutput: () => began.resolve(undefined),
      });
      const running = world.launchOrder(job, {});
      const lost = assert.rejects(running, /Cannot make the box: learn: the one who followed the program ended/);
      await began.promise;
      const [tracer] = childrenOf(process.pid).flatMap(childrenOf).filter(isLauncher);
      assert.ok(tracer !== undefined, "the launcher has a child that is itself no other program");
      process.kill(tracer, "SIGKILL");
      await lost;
    },
  },
  {
    name: "learn: a run that is ended, and one that cannot be started, teach nothing",
    run: async (world) => {
      const limits = { ...world.job([]).limits, wallMs: 300 };
      const late = await world.run(["sh", "-c", "cat file; sleep 600"], { learn: true, limits });
      assert.equal(late.ended, "deadline");
      const absent = await world.run(["no-such-program"], { learn: true });
      assert.deepEqual([absent.exit, (absent.facts ?? []).filter(({ kind }) => kind === "exec")], [{ code: 127 }, []]);
    },
  },
];

function childrenOf(pid: number): readonly number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

function isLauncher(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("launcher.pl");
}

async function learnAndRepeat(world: World, lesson: Lesson): Promise<void> {
  const tree = join(world.base, "private", "lesson");
  const own = (text: string): string => text.replaceAll("$T", tree);
  try {
    const claims = [`fs.read:${tree}/**`, `fs.write:${tree}/**`];
    const first = await runIn(world, { tree, claims, lesson, learn: true });
    assert.deepEqual(first.exit, { code: lesson.exit ?? 0 }, decode(first.stderr));
    const learnt = learntFrom(first, claims);
    assert.deepEqual(learnt.permissions, lesson.permissions.map(own).toSorted());
    if (lesson.programs !== undefined) assert.deepEqual(learnt.programs, lesson.programs.map(own).toSorted());
    const again = await runIn(world, { tree, claims: learnt.permissions, lesson, learn: false });
    assert.deepEqual(
      [again.exit, decode(again.stdout), decode(again.stderr)],
      [first.exit, decode(first.stdout), decode(first.stderr)],
    );
    const changed = (run: SandboxResult): readonly string[] => run.changes.map(({ path }) => path);
    assert.deepEqual([changed(again), again.dropped], [changed(first), []]);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Runs the lesson's program over a fresh tree, under permissions as the gate turns them into a box. */
async function runIn(
  world: World,
  options: { tree: string; claims: readonly string[]; lesson: Lesson; learn: boolean },
): Promise<SandboxResult> {
  const { tree, claims, lesson, learn } = options;
  rmSync(tree, { recursive: true, force: true });
  fill(tree);
  const paths = (action: string): readonly string[] =>
    claims.flatMap((claim) => (claim.startsWith(`fs.${action}:`) ? [claim.slice(action.length + 4)] : []));
  const layer = world.layer();
  const job: Partial<SandboxJob> = {
    cwd: claims.length === 0 ? "/tmp" : tree,
    readPaths: paths("read").map((path) => path.replace(/\/\*\*$/u, "")),
    writePaths: paths("write").map((path) => path.replace(/\*\*$/u, "")),
    hiddenPaths: [],
    learn,
    layer,
  };
  try {
    return await world.run(lesson.argv, job);
  } finally {
    discardLayer(layer);
  }
}

function fill(tree: string): void {
  mkdirSync(join(tree, "src"), { recursive: true });
  for (const [path, text] of Object.entries({ a: "A\n", log: "", "src/b": "B\n", run: '#!/bin/sh\ncat "$1"\n' }))
    writeFileSync(join(tree, path), text, { mode: path === "run" ? 0o755 : 0o644 });
  symlinkSync("../a", join(tree, "src", "link"));
  for (const folder of ["objects", "refs/heads"]) mkdirSync(join(tree, ".git", folder), { recursive: true });
  writeFileSync(join(tree, ".git", "HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(tree, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n");
}

function learntFrom(run: SandboxResult, claims: readonly string[]): Learnt {
  assert.ok(run.facts !== undefined && run.facts !== null, "facts were written down");
  const standing = (path: string): StandingNow => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return "missing";
    return stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
  };
  return learnGrant({ facts: run.facts, claims, isHidden: () => false, standing, isPermission: () => true });
}
