/** What must still work in the box, and what a run is measured to have used. */
import { strict as assert } from "node:assert";
import { existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { discardLayer } from "../../src/sandbox/layer.ts";
import type { Case } from "./case.ts";
import { testLimits } from "./world.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const megabyte = 1024 * 1024;

export const workCases: readonly Case[] = [
  {
    name: "work: exit codes, signals, streams and arguments arrive as they are",
    run: async (world) => {
      for (const code of [0, 1, 42, 125])
        assert.deepEqual((await world.run(["sh", "-c", `exit ${code}`])).exit, { code });
      assert.deepEqual((await world.run(["sh", "-c", "kill -TERM $$"])).exit, { signal: "SIGTERM" });
      assert.deepEqual((await world.run(["sh", "-c", "kill -SEGV $$"])).exit, { signal: "SIGSEGV" });
      assert.deepEqual((await world.run(["no-such-program"])).exit, { code: 127 });
      assert.deepEqual((await world.run([join(world.tree, "file")])).exit, { code: 126 });
      const result = await world.run(
        ["perl", "-e", "print join '|', @ARGV; print STDERR <STDIN>", "a b", "", "ü\n", "--flag"],
        { stdin: Buffer.from([0, 255, 10]) },
      );
      assert.equal(decode(result.stdout), "a b||ü\n|--flag");
      assert.deepEqual([...result.stderr], [0, 255, 10]);
      assert.deepEqual([result.stdoutBytes, result.stderrBytes], [result.stdout.length, 3]);
    },
  },
  {
    name: "work: standard streams can be opened again by name, and are no sockets",
    run: async (world) => {
      const script =
        "cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr; ls -l /proc/self/fd | grep -c socket; ! echo x 2>/dev/null >> /dev/stdin";
      const result = await world.run(["bash", "-c", script], { stdin: Buffer.from("in\n") });
      assert.deepEqual(result.exit, { code: 0 }, decode(result.stderr));
      assert.deepEqual([decode(result.stdout), decode(result.stderr)], ["in\nout\n0\n", "err\n"]);
    },
  },
  {
    name: "work: a slow reader holds the program up, and not the watch over it",
    run: async (world) => {
      const result = await world.run(["sh", "-c", "yes | head -c 30000000; sleep 600"], {
        limits: { ...testLimits, outputBytes: 64 * megabyte, wallMs: 3000 },
        onOutput: () => void Array.from({ length: 10_000 }, String).toSorted(),
      });
      assert.equal(result.ended, "deadline");
      assert.equal(result.stdoutBytes, 30_000_000);
    },
  },
  {
    name: "work: the environment is the job's and the box's own",
    run: async (world) => {
      const result = await world.run(["env"], { env: { GREETING: "hello\nthere", TMPDIR: "/tmp/other" } });
      const names = decode(result.stdout)
        .split("\n")
        .map((line) => line.replace(/=.*/, ""))
        .filter((name) => name !== "" && name !== "there")
        .sort();
      assert.deepEqual(names, ["GREETING", "HOME", "LANG", "PATH", "PWD", "TMPDIR"]);
      assert.match(decode(result.stdout), /GREETING=hello\nthere/);
    },
  },
  {
    name: "work: output is handed over piece by piece, in order",
    run: async (world) => {
      const pieces: string[] = [];
      const result = await world.run(["sh", "-c", "for i in 1 2 3 4 5; do echo $i; done"], {
        onOutput: (stream, chunk) => pieces.push(`${stream}:${decode(chunk)}`),
      });
      assert.equal(pieces.map((piece) => piece.replace("stdout:", "")).join(""), "1\n2\n3\n4\n5\n");
      assert.equal(decode(result.stdout), "1\n2\n3\n4\n5\n");
    },
  },
  {
    name: "work: Toka's own Node runs, with WebAssembly and worker threads",
    run: async (world) => {
      const prefix = dirname(dirname(process.execPath));
      const script =
        "new WebAssembly.Memory({ initial: 1 }); new (require('worker_threads').Worker)(\"require('fs').writeFileSync('made.json', JSON.stringify({ ok: true }))\", { eval: true }).on('exit', () => console.log(process.version, require('os').userInfo === undefined))";
      const limits = { ...testLimits, memoryBytes: 512 * megabyte };
      const result = await world.run(["node", "-e", script], {
        runtimes: [prefix],
        limits,
        readPaths: [],
        writePaths: [world.tree],
      });
      assert.equal(decode(result.stdout), `${process.version} false\n`, decode(result.stderr));
      assert.deepEqual(
        result.changes.map(({ path }) => path),
        [join(world.tree, "made.json")],
      );
    },
  },
  {
    name: "work: python reads and writes, with json, sqlite and ssl",
    skip: () => (existsSync("/usr/bin/python3") ? undefined : "/usr/bin/python3 is not installed"),
    run: async (world) => {
      const script =
        "import json, sqlite3, ssl, os; db = sqlite3.connect('data.db'); db.execute('create table t (x)'); db.commit(); print(json.dumps({'ok': os.getcwd()}))";
      const result = await world.run(["/usr/bin/python3", "-I", "-c", script], {
        readPaths: [],
        writePaths: [world.tree],
      });
      assert.equal(
        decode(result.stdout),
        `${JSON.stringify({ ok: world.tree }).replace(":", ": ")}\n`,
        decode(result.stderr),
      );
      assert.deepEqual(
        result.changes.map(({ path }) => path),
        [join(world.tree, "data.db")],
      );
    },
  },
  {
    name: "work: git reads a repository and commits into the layer, but for its hooks and settings",
    skip: () => (existsSync("/usr/bin/git") ? undefined : "git is not installed"),
    run: async (world) => {
      const tree = join(world.base, "private", "repository");
      mkdirSync(tree, { mode: 0o700 });
      const layer = world.layer();
      const shown = { cwd: tree, readPaths: [], hiddenPaths: [], writePaths: [tree, join(tree, ".git")], layer };
      const result = await world.run(["git", "-c", "init.defaultBranch=main", "init", "--quiet", "--template="], {
        ...shown,
        writePaths: [tree],
      });
      assert.deepEqual(result.dropped, [{ path: join(tree, ".git", "config"), reason: "protected" }]);
      const ids = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
      const script = `git init --quiet --template= && echo x > x && git add x && git ${ids.join(" ")} commit --quiet -m first && git log --oneline | wc -l && git status --short`;
      const whole = await world.run(["sh", "-c", script], { ...shown, writePaths: [tree], layer: world.layer() });
      assert.equal(decode(whole.stdout).trim(), "1", decode(whole.stderr));
      discardLayer(tree);
    },
  },
  {
    name: "work: fifty megabytes of output are counted and kept within the limit",
    run: async (world) => {
      const limits = { ...testLimits, outputBytes: 64 * megabyte };
      const result = await world.run(["head", "-c", String(50 * megabyte), "/dev/zero"], { limits });
      assert.equal(result.ended, "exited");
      assert.deepEqual([result.stdout.length, result.stdoutBytes], [50 * megabyte, 50 * megabyte]);
    },
  },
  {
    name: "usage: 500 ms of processor time are booked within a tenth, in one process, in a child, and when killed",
    run: async (world) => {
      const burn = "my $s; while (1) { my @t = times; last if $t[0] + $t[1] >= 0.5; $s += $_ for 1..5000 }";
      const scripts = [
        burn,
        `if (!fork) { ${burn} exit } wait`,
        `for (1..2) { if (!fork) { ${burn.replace("0.5", "0.25")} exit } } 1 while wait != -1`,
      ];
      for (const script of scripts) {
        const { usage } = await world.run(["perl", "-e", script]);
        assert.ok(usage.cpuMs >= 450 && usage.cpuMs <= 550, `${usage.cpuMs} ms for ${script}`);
      }
      // Killed after it burned: by an abort that its own word sets off.
      const stop = new AbortController();
      const job = world.job(["sh", "-c", `perl -e '$| = 1; ${burn} print 1; sleep 600'`], {
        onOutput: () => stop.abort(),
      });
      const killed = await world.sandbox.run(job, { signal: stop.signal });
      assert.equal(killed.ended, "aborted");
      assert.ok(killed.usage.cpuMs >= 450 && killed.usage.cpuMs <= 550, `${killed.usage.cpuMs} ms when killed`);
    },
  },
  {
    name: "usage: a tree of fifty thousand files starts as quickly as an empty one, since nothing is copied",
    run: async (world) => {
      const tree = join(world.base, "private", "many");
      mkdirSync(tree, { mode: 0o700 });
      const one = join(tree, "one");
      writeFileSync(one, "");
      for (let folder = 0; folder < 500; folder += 1) {
        mkdirSync(join(tree, String(folder)));
        for (let file = 0; file < 100; file += 1) linkSync(one, join(tree, String(folder), String(file)));
      }
      const shown = { cwd: tree, readPaths: [], hiddenPaths: [], writePaths: [tree] };
      const result = await world.run(["sh", "-c", "echo x > 499/99; ls 7 | wc -l"], shown);
      assert.equal(decode(result.stdout), "100\n");
      assert.equal(result.changes.length, 1);
      // The layer holds the one file that was written, whatever the tree holds.
      assert.ok(result.usage.writtenBytes < 100_000, `${result.usage.writtenBytes} bytes in the layer`);
      discardLayer(tree);
    },
  },
];
