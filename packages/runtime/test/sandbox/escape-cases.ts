/** Rows 4 to 8, 13, 27 to 29, 35 and 61: attempts that need a box of their own kind. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { applyChanges, readAfter } from "../../src/sandbox/settle-changes.ts";
import type { Case } from "./case.ts";
import { elfProgram } from "./elf.ts";
import { canary, probes, testLimits, type World } from "./world.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Processes whose command line is as asked. */
export function processes(matches: (words: readonly string[]) => boolean): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return matches(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"));
      } catch {
        return false;
      }
    });
}

/** Processes that are `sleep MARKER`. */
export function sleepers(marker: string): readonly number[] {
  return processes((words) => words[0]?.endsWith("sleep") === true && words[1] === marker);
}

/** Waits, by looking, until a condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; !condition(); turn += 1) {
    if (turn > 20_000) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let markers = 0;
/** A number of seconds that nobody else sleeps. */
export function freshMarker(): string {
  markers += 1;
  return `${47_000 + (process.pid % 1000)}.${process.pid}${markers}`;
}

export const escapeCases: readonly Case[] = [
  {
    name: "row 2: what a program writes beside its paths stays in the box's own memory",
    run: async (world) => {
      const result = await world.run(["sh", "-c", `echo x > ${world.base}/new`]);
      assert.deepEqual(result.exit, { code: 0 }, decode(result.stderr));
      assert.ok(!existsSync(join(world.base, "new")));
    },
  },
  {
    name: "row 4: a link made by the program is neither applied nor followed by the host",
    run: async (world) => {
      const layer = world.layer();
      const script = `ln -s ${world.secret} leak; ln -s ../../home/.ssh up; ln -s file fine; ln -s sub/../../x climbs`;
      const result = await world.run(["sh", "-c", script], { readPaths: [], writePaths: [world.tree], layer });
      assert.deepEqual(
        result.changes.map(({ path }) => path),
        [join(world.tree, "fine")],
      );
      assert.deepEqual(
        result.dropped.map(({ reason }) => reason),
        ["symlink_leaves_grant", "symlink_leaves_grant", "symlink_leaves_grant"],
      );
      const state = { type: "file", digest: "sha256:x", size: canary.length, mode: 0o600 } as const;
      await assert.rejects(readAfter(layer, { path: join(world.tree, "leak"), before: null, after: state }), /ELOOP/);
      await assert.rejects(
        readAfter(layer, { path: join(world.tree, "up", "decoy"), before: null, after: state }),
        /ENOTDIR|ELOOP/,
      );
    },
  },
  {
    name: "row 5: links that lay in the tree before lead nowhere",
    run: async (world) => {
      symlinkSync(world.secret, join(world.tree, "l1"));
      symlinkSync(world.home, join(world.tree, "l2"));
      try {
        const names = [`read=${world.tree}/l1`, `list=${world.tree}/l2`, `read=${world.tree}/l2/.ssh/decoy`];
        const boxed = await world.attempt(names);
        assert.deepEqual(
          boxed.filter(({ worked }) => worked),
          [],
        );
        const bare = await world.control(names);
        assert.deepEqual(
          bare.filter(({ worked }) => !worked),
          [],
        );
        const named = world.run(["true"], { readPaths: [join(world.tree, "l2")] });
        await assert.rejects(named, /symbolic links/);
      } finally {
        world.reset();
      }
    },
  },
  {
    name: "row 5: a folder swapped for a link while the host applies leads nowhere, in a thousand tries",
    run: swapWhileApplying,
  },
  {
    name: "row 7: protected files that do not exist are not made in the tree",
    run: async (world) => {
      rmSync(join(world.tree, ".git"), { recursive: true });
      try {
        const script =
          "mkdir -p .git/hooks .git/rebase-merge .git/sequencer .vscode sub/.git/hooks .toka deep; for f in .git/hooks/pre-commit .git/rebase-merge/git-rebase-todo .git/sequencer/todo .git/config .git/commondir HEAD .bashrc .mcp.json .envrc .vscode/settings.json .toka/config sub/.git/config sub/.git/hooks/x sub/.profile; do echo x > $f; done; echo 'gitdir: ../fake' > deep/.git; echo fine > fine";
        const result = await world.run(["sh", "-c", script], { readPaths: [], writePaths: [world.tree] });
        assert.deepEqual(result.exit, { code: 0 }, decode(result.stderr));
        const paths = result.changes.map(({ path }) => path.slice(world.tree.length + 1));
        assert.deepEqual(paths, [".git", "deep", "fine", "sub", "sub/.git"]);
        assert.ok(result.dropped.every(({ reason }) => reason === "protected"));
        const named = await world.run(["sh", "-c", "echo x > .envrc"], {
          readPaths: [],
          writePaths: [world.tree, join(world.tree, ".envrc")],
        });
        assert.deepEqual(
          named.changes.map(({ path }) => path),
          [join(world.tree, ".envrc")],
          "named exactly, it is granted",
        );
      } finally {
        world.reset();
      }
    },
  },
  {
    name: "row 8: pipes, set-id files and devices stay in the layer",
    run: async (world) => {
      const script = "mkfifo pipe; cp /bin/true suid; chmod 4755 suid; perl -e 'use Socket; ' ; echo fine > fine";
      const result = await world.run(["sh", "-c", script], { readPaths: [], writePaths: [world.tree] });
      assert.deepEqual(
        result.changes.map(({ path }) => path),
        [join(world.tree, "fine")],
      );
      assert.deepEqual(
        result.dropped.map(({ reason }) => reason),
        ["special_file", "special_mode"],
      );
    },
  },
  {
    name: "row 12: the kernel's uid of a guest is its own, never root's, and its files are its",
    run: async (world) => {
      const marker = freshMarker();
      const stop = new AbortController();
      const running = world.sandbox.run(world.job(["sleep", marker]), { signal: stop.signal });
      await until(() => sleepers(marker).length > 0, "the guest to start");
      const uids = sleepers(marker).map((pid) => statSync(`/proc/${pid}`).uid);
      const own = process.getuid?.() ?? -1;
      if (world.startedBy === "root")
        assert.ok(
          uids.every((uid) => uid >= 1_900_000_000),
          `uids ${uids.join()}`,
        );
      else assert.deepEqual([...new Set(uids)], [own]);
      stop.abort();
      assert.equal((await running).ended, "aborted");
    },
  },
  {
    name: "row 27: daemons do not outlive their program, its deadline or its abort",
    run: async (world) => {
      const [ended, late, aborted, bare] = [freshMarker(), freshMarker(), freshMarker(), freshMarker()];
      const shown = { readPaths: [world.tree, probes] };
      const daemon = ["perl", probes, `daemon=${ended}`];
      await world.run(daemon, shown);
      assert.deepEqual(sleepers(ended), []);
      const stays = `perl ${probes} daemon=${late}; sleep 600`;
      const result = await world.run(["sh", "-c", stays], { ...shown, limits: { ...testLimits, wallMs: 500 } });
      assert.equal(result.ended, "deadline");
      assert.deepEqual(sleepers(late), []);
      const stop = new AbortController();
      const running = world.sandbox.run(world.job(["sh", "-c", `perl ${probes} daemon=${aborted}; sleep 600`], shown), {
        signal: stop.signal,
      });
      await until(() => sleepers(aborted).length > 0, "the daemon to start");
      stop.abort();
      assert.equal((await running).ended, "aborted");
      assert.deepEqual(sleepers(aborted), []);
      await world.control([`daemon=${bare}`]);
      await until(() => sleepers(bare).length > 0, "the bare daemon to start");
      for (const pid of sleepers(bare)) process.kill(pid, "SIGKILL");
    },
  },
  {
    name: "row 27: an abort before or while the box is made is an abort",
    run: async (world) => {
      const marker = freshMarker();
      const gone = AbortSignal.abort();
      assert.equal((await world.sandbox.run(world.job(["sleep", marker]), { signal: gone })).ended, "aborted");
      for (let turn = 0; turn < 8; turn += 1) {
        const stop = new AbortController();
        const running = world.sandbox.run(world.job(["sleep", marker]), { signal: stop.signal });
        for (let tick = 0; tick < turn * 40; tick += 1) await new Promise((resolve) => setImmediate(resolve));
        stop.abort();
        assert.equal((await running).ended, "aborted");
      }
      assert.deepEqual(sleepers(marker), []);
    },
  },
  {
    name: "row 29: programs that will not end meet their deadline",
    run: async (world) => {
      const scripts = [
        "$SIG{$_} = 'IGNORE' for qw(TERM INT HUP QUIT USR1 USR2); sleep 1 while 1",
        "kill 'STOP', $$; sleep 600",
        "while (1) { my $p = fork; exit if $p; }",
      ];
      for (const script of scripts) {
        const result = await world.run(["perl", "-e", script], { limits: { ...testLimits, wallMs: 400 } });
        assert.ok(result.ended === "deadline" || result.ended === "exited", result.ended);
      }
    },
  },
  {
    name: "row 35: calls of another architecture, and x32's",
    skip: ({ facts }) => (facts.machine === "x86_64" ? undefined : "the programs are x86_64 machine code"),
    run: async (world) => {
      const [other, x32] = [join(world.tree, "l1"), join(world.tree, "l2")];
      writeFileSync(other, elfProgram("i386-call"));
      writeFileSync(x32, elfProgram("x32-call"));
      for (const path of [other, x32]) chmodSync(path, 0o700);
      try {
        assert.deepEqual((await world.run([other])).exit, { signal: "SIGSYS" });
        assert.deepEqual((await world.run([x32])).exit, { code: 38 });
        assert.equal(await exitOf(other), 42);
        const native = join(world.tree, "hard");
        writeFileSync(native, elfProgram("native-call"));
        chmodSync(native, 0o700);
        assert.deepEqual((await world.run([native])).exit, { code: 42 });
      } finally {
        world.reset();
      }
    },
  },
  { name: "row 61: without a sandbox nothing runs, and the message names the fix", run: refusesWithout },
];

async function exitOf(program: string): Promise<number | null> {
  const child = spawn(program, { stdio: "ignore" });
  const [code]: (number | null)[] = await once(child, "close");
  return code ?? null;
}

async function swapWhileApplying(world: World): Promise<void> {
  const [folder, outside] = [join(world.base, "swap"), join(world.base, "swapped")];
  mkdirSync(folder);
  mkdirSync(outside);
  const aside = join(world.base, "aside");
  const bytes = new TextEncoder().encode("x");
  const digest = `sha256:${(await import("node:crypto")).hash("sha256", bytes, "base64url")}`;
  let applied = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    const change = {
      path: join(folder, `f${turn}`),
      before: null,
      after: { type: "file", digest, size: 1, mode: 0o644 },
    } as const;
    const applying = applyChanges([change], () => {
      // While the host holds its answer, the folder becomes a link.
      if (turn % 2 === 0) {
        renameSync(folder, aside);
        symlinkSync(outside, folder);
      }
      return Promise.resolve(bytes);
    });
    const outcome = await applying.catch(() => ({ applied: [] }));
    if (lstatSync(folder).isSymbolicLink()) {
      // And the other way round: a link from the start.
      const late = await applyChanges([{ ...change, path: join(folder, "late") }], () => Promise.resolve(bytes));
      assert.deepEqual(late.applied, []);
      rmSync(folder);
      renameSync(aside, folder);
    }
    applied += outcome.applied.length;
  }
  assert.ok(applied >= 500, "the control: unswapped, changes are applied");
  assert.deepEqual(readdirSync(outside), []);
}

async function refusesWithout(world: World): Promise<void> {
  const folder = join(world.base, "outside", "bin");
  mkdirSync(folder, { recursive: true });
  const fake = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const mark = join(folder, "ran");
  const hosts = [
    {
      places: { bubblewrap: [join(folder, "none")] },
      says: /bubblewrap \(bwrap\) is not installed .*apt-get install bubblewrap/,
    },
    {
      places: { bubblewrap: [fake("old", "echo bubblewrap 0.4.1")] },
      says: /bubblewrap is 0\.4\.1, wanted 0\.8 or newer .*install bubblewrap/,
    },
    { places: { bubblewrap: [fake("other", "echo hello")] }, says: /does not answer as bubblewrap/ },
    {
      places: {
        bubblewrap: [
          fake(
            "broken",
            'case "$1" in --version) echo bubblewrap 0.9.0;; *) echo "bwrap: setting up uid map: Permission denied" >&2; exit 1;; esac',
          ),
        ],
      },
      says: /setting up uid map/,
    },
    { places: { perl: [join(folder, "none")] }, says: /perl is not installed .*apt-get install perl/ },
  ];
  for (const { places, says } of hosts) {
    const sandbox = createSandbox({ places });
    assert.equal((await sandbox.probe()).available, false);
    await assert.rejects(
      sandbox.run(world.job(["sh", "-c", `echo > ${mark}`])),
      (error: Error) => says.test(error.message) || assert.fail(error.message),
    );
  }
  const broken = world.launchOrder(world.job(["true"]), {
    mutate: (order) => ({ ...order, settings: { ...order.settings, filter: "00" } }),
  });
  await assert.rejects(broken, /Cannot make the box/);
  const rejected = world.launchOrder(world.job(["true"]), {
    mutate: (order) => ({ ...order, settings: { ...order.settings, filter: "ffff000000000000" } }),
  });
  await assert.rejects(rejected, /Cannot make the box/);
  assert.ok(!existsSync(mark), "nothing ran");
}
