/** Rows 9, 14 and 37 to 43: what a run may use up. Each has its control: bare, the same demand is met. */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { Case } from "./case.ts";
import { probes, testLimits, type World } from "./world.ts";

const megabyte = 1024 * 1024;

/** A demand that a limit must refuse in the box, and that is met bare. */
async function demand(world: World, attempt: string, more: Parameters<World["attempt"]>[1] = {}): Promise<void> {
  const [boxed] = await world.attempt([attempt], more);
  assert.equal(boxed?.worked, false, `${attempt} was met in the box: ${boxed?.detail}`);
  const [bare] = await world.control([attempt]);
  assert.equal(bare?.worked, true, `${attempt} was not met bare: ${bare?.detail}`);
}

export const limitsCases: readonly Case[] = [
  {
    name: "row 9: a file above the size of one file",
    run: (world) =>
      demand(world, `fill=${world.base}/outside/big:${100 * megabyte}`, { writePaths: [join(world.base, "outside")] }),
  },
  {
    name: "row 9: filling the box's own folders",
    run: async (world) => {
      const limits = { ...testLimits, fileBytes: 1024 * megabyte };
      const attempts = [
        `fill=/tmp/f:${100 * megabyte}`,
        `fill=/dev/shm/f:${20 * megabyte}`,
        `fill=/f:${megabyte}`,
        `fill=/dev/f:${megabyte}`,
        `fill=/tmp/home/f:${100 * megabyte}`,
      ];
      const boxed = await world.attempt(attempts, { limits });
      assert.deepEqual(
        boxed.filter(({ worked }) => worked),
        [],
      );
      const [bare] = await world.control([`fill=${world.base}/outside/f:${100 * megabyte}`]);
      assert.equal(bare?.worked, true);
    },
  },
  {
    name: "row 9: a layer that grows past its bytes ends the run",
    run: async (world) => {
      const script = "for i in $(seq 200); do head -c 1000000 /dev/zero > big$i; done; sleep 30";
      const result = await world.run(["sh", "-c", script], {
        readPaths: [],
        writePaths: [world.tree],
        limits: { ...testLimits, writtenBytes: 20 * megabyte },
      });
      assert.equal(result.ended, "written");
      assert.deepEqual(result.exit, { signal: "SIGKILL" });
      assert.ok(result.usage.writtenBytes > 20 * megabyte);
    },
  },
  {
    name: "row 9: a hundred thousand empty files end the run",
    run: async (world) => {
      const script = "mkdir 'many'; chdir 'many'; for my $i (1..100000) { open(my $f, '>', $i) or die } sleep 60";
      const result = await world.run(["perl", "-e", script], {
        readPaths: [],
        writePaths: [world.tree],
        // Creating them is the slow part, on a machine with other work.
        limits: { ...testLimits, wallMs: 120_000, cpuMs: 100_000 },
      });
      const { ended, exit, usage, stderr } = result;
      assert.equal(ended, "written", JSON.stringify({ exit, usage, stderr: new TextDecoder().decode(stderr) }));
    },
  },
  {
    name: "row 14: a program that dumps core leaves none",
    run: async (world) => {
      const result = await world.run(["perl", "-e", "kill 'ABRT', $$; sleep 5"], {
        readPaths: [],
        writePaths: [world.tree],
      });
      assert.deepEqual(result.exit, { signal: "SIGABRT" });
      assert.deepEqual(result.changes, []);
    },
  },
  { name: "row 37: three hundred forks", run: (world) => demand(world, "forks=300") },
  { name: "row 37: three hundred threads", run: (world) => demand(world, "threads=300") },
  { name: "row 38: mapping 8 GiB in one process", run: (world) => demand(world, `map_private=${8192 * megabyte}`) },
  {
    name: "row 38: touching 2 GiB in one process",
    run: async (world) => {
      const attempt = `touch_memory=${2048 * megabyte}`;
      const result = await world.run(["perl", probes, attempt], { readPaths: [world.tree, probes] });
      assert.equal(result.ended, "memory");
      assert.ok(
        result.usage.memoryPeakBytes < 2 * testLimits.memoryBytes,
        `${result.usage.memoryPeakBytes} bytes at the peak`,
      );
      const [bare] = await world.control([attempt]);
      assert.equal(bare?.worked, true, bare?.detail);
    },
  },
  {
    name: "row 38: eight processes of 128 MiB each",
    run: async (world) => {
      const script =
        "for (1..8) { if (!fork) { my $x = 'x' x 134217728; sleep 20; exit } } 1 while wait != -1; print 'all'";
      const result = await world.run(["perl", "-e", script]);
      assert.equal(result.ended, "memory");
      assert.ok(
        result.usage.memoryPeakBytes < 2 * testLimits.memoryBytes,
        `${result.usage.memoryPeakBytes} bytes at the peak`,
      );
      const [bare] = await world.control([`touch_in_children=8:${128 * megabyte}`]);
      assert.equal(bare?.worked, true, bare?.detail);
    },
  },
  {
    name: "row 38: pages shared by forks are counted once",
    run: async (world) => {
      const script =
        "my $x = 'x' x 104857600; for (1..6) { if (!fork) { my $n = length $x; select undef, undef, undef, 0.5; exit 0 } } 1 while wait != -1; print 'all'";
      const result = await world.run(["perl", "-e", script]);
      assert.equal(new TextDecoder().decode(result.stdout), "all");
      assert.equal(result.ended, "exited");
    },
  },
  {
    name: "row 38: shared memory",
    run: async (world) => {
      const attempt = `map_shared=${1024 * megabyte}`;
      const result = await world.run(["perl", probes, attempt], { readPaths: [world.tree, probes] });
      assert.equal(result.ended, "memory");
      assert.ok(
        result.usage.memoryPeakBytes < 2 * testLimits.memoryBytes,
        `${result.usage.memoryPeakBytes} bytes at the peak`,
      );
      const [bare] = await world.control([attempt]);
      assert.equal(bare?.worked, true);
    },
  },
  {
    name: "row 39: one process that spins",
    run: async (world) => {
      const result = await world.run(["perl", "-e", "1 while 1"], { limits: { ...testLimits, cpuMs: 500 } });
      assert.equal(result.ended, "cpu");
      assert.ok(result.usage.cpuMs >= 500 && result.usage.cpuMs <= 600, `${result.usage.cpuMs} ms`);
    },
  },
  {
    name: "row 39: many processes that spin, each below its own limit",
    run: async (world) => {
      const script = "for (1..8) { if (!fork) { 1 while 1 } } 1 while wait != -1";
      const result = await world.run(["perl", "-e", script], { limits: { ...testLimits, cpuMs: 1000 } });
      assert.equal(result.ended, "cpu");
      assert.ok(result.usage.cpuMs >= 1000 && result.usage.cpuMs <= 1200, `${result.usage.cpuMs} ms`);
      const [bare] = await world.control(["spin=4:0.4"]);
      assert.equal(bare?.worked, true);
    },
  },
  {
    name: "row 39: children that nobody waits for are counted",
    run: async (world) => {
      const script =
        "$SIG{CHLD} = 'IGNORE'; while (1) { my $p = fork; if (!$p) { my $s; while ((times)[0] < 0.3) { $s += $_ for 1..10000 } exit } 1 while wait != -1; }";
      const result = await world.run(["perl", "-e", script], {
        limits: { ...testLimits, cpuMs: 1500, wallMs: 20_000 },
      });
      assert.equal(result.ended, "cpu");
    },
  },
  {
    name: "row 40: a flood on stdout is cut and ends the run",
    run: async (world) => {
      const result = await world.run(["sh", "-c", "yes | head -c 1073741824"], {
        limits: { ...testLimits, outputBytes: megabyte },
      });
      assert.equal(result.ended, "output");
      assert.equal(result.stdout.length, megabyte);
      assert.ok(result.stdoutBytes > megabyte);
    },
  },
  {
    name: "row 40: one line of 100 MB and a flood on stderr leave the host's memory flat",
    run: async (world) => {
      const before = process.memoryUsage().rss;
      for (const script of ["head -c 100000000 /dev/zero", "head -c 1000000000 /dev/zero >&2"]) {
        const result = await world.run(["sh", "-c", script], { limits: { ...testLimits, outputBytes: megabyte } });
        assert.equal(result.ended, "output");
        assert.ok(result.stdout.length <= megabyte && result.stderr.length <= megabyte);
      }
      const grown = process.memoryUsage().rss - before;
      assert.ok(grown < 100 * megabyte, `the host grew by ${grown} bytes`);
    },
  },
  {
    name: "row 40: input that is never read holds nothing up",
    run: async (world) => {
      const result = await world.run(["true"], { stdin: new Uint8Array(8 * megabyte) });
      assert.deepEqual(result.exit, { code: 0 });
    },
  },
  {
    name: "row 41: ten thousand descriptors",
    run: async (world) => {
      const [boxed] = await world.attempt(["descriptors=10000"]);
      assert.equal(boxed?.worked, false);
      assert.match(boxed?.detail ?? "", /Too many open files/);
    },
  },
  {
    name: "row 42: sleeping for ever meets the deadline",
    run: async (world) => {
      const result = await world.run(["sleep", "1000"], { limits: { ...testLimits, wallMs: 300 } });
      assert.equal(result.ended, "deadline");
      assert.deepEqual(result.exit, { signal: "SIGKILL" });
      assert.ok(result.usage.wallMs >= 300);
    },
  },
];
