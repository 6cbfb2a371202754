/** What a run's writes become: changes, before and after; and how they reach the tree, or do not. */
import { strict as assert } from "node:assert";
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  chownSync,
  readdirSync,
} from "node:fs";
import { join } from "node:path";
import { discardLayer } from "../../src/sandbox/layer.ts";
import { applyChanges, findConflicts, readAfter, readBefore } from "../../src/sandbox/settle-changes.ts";
import type { Change, FileState, SandboxJob, SandboxResult } from "../../src/sandbox/job.ts";
import type { Case } from "./case.ts";
import { canary, testLimits, type World } from "./world.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function fileState(text: string, mode: number): FileState {
  return { type: "file", digest: `sha256:${hash("sha256", text, "base64url")}`, size: Buffer.byteLength(text), mode };
}

interface Tree {
  readonly path: string;
  run(script: string, more?: Partial<SandboxJob>): Promise<SandboxResult & { readonly layer: string }>;
  read(name: string): string;
  changed(result: SandboxResult): readonly string[];
}

/** A tree of a case's own, 0700 with 0600 files. */
async function withTree(world: World, use: (tree: Tree) => Promise<void>): Promise<void> {
  const path = join(world.base, "private", "case");
  mkdirSync(path, { mode: 0o700 });
  try {
    await use({
      path,
      run: async (script, more = {}) => {
        const layer = world.layer();
        const job = { cwd: path, readPaths: [], writePaths: [path], hiddenPaths: [], layer, ...more };
        const result = await world.run(["bash", "-c", `set -e; ${script}`], job);
        assert.deepEqual(result.exit, { code: 0 }, decode(result.stderr));
        return { ...result, layer };
      },
      read: (name) => readFileSync(join(path, name), "utf8"),
      changed: (result) => result.changes.map((change) => change.path.slice(path.length + 1)),
    });
  } finally {
    discardLayer(path);
  }
}

/** Writes a small tree: names to contents, folders by their slash. */
function plant(tree: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(tree, name, ".."), { recursive: true });
    writeFileSync(join(tree, name), text, { mode: 0o600 });
  }
}

function applyAll(result: {
  readonly changes: readonly Change[];
  readonly layer: string;
}): ReturnType<typeof applyChanges> {
  return applyChanges(result.changes, (change) => readAfter(result.layer, change));
}

/** What a program does to the tree that `changeEverything` plants. */
const manyChanges: string = [
  "echo new > edit; rm gone; rm -r folder; mkdir folder; chmod 700 folder; echo c > folder/c; mv moved 'a name'",
  "chmod 755 mode; cp same t; cat t > same; rm t; ln -sfn mode link; rm replaced; mkdir replaced; echo in > replaced/in",
  "rm -r swap; echo flat > swap; mkdir -p new/deep; chmod 750 new; printf '\\0\\377binary' > new/deep/bytes",
].join("; ");

function changeEverything(world: World): Promise<void> {
  return withTree(world, async (tree) => {
    const files = { edit: "old", gone: "bye", "folder/a": "a", "folder/b": "b", moved: "m", mode: "x", same: "same" };
    plant(tree.path, { ...files, replaced: "file", "swap/inner": "i" });
    symlinkSync("edit", join(tree.path, "link"));
    const result = await tree.run(manyChanges);
    assert.deepEqual(result.dropped, []);
    const names = ["a name", "edit", "folder", "folder/a", "folder/b", "folder/c", "gone", "link", "mode", "moved"];
    const more = ["new", "new/deep", "new/deep/bytes", "replaced", "replaced/in", "swap", "swap/inner"];
    assert.deepEqual(tree.changed(result), [...names, ...more]);
    assert.equal(tree.read("edit"), "old", "nothing reaches the tree before it is applied");
    assert.deepEqual(await findConflicts(result.changes), []);
    const befores = new Map<string, Uint8Array>();
    for (const change of result.changes) {
      if (change.before?.type === "file") befores.set(change.path, await readBefore(change));
    }
    // Twice, because an apply that a crash cut short is done again.
    for (const turn of [1, 2]) assert.deepEqual((await applyAll(result)).conflicts, [], `apply ${turn}`);
    checkChanged(tree);
    // And back again: an undo is the same changes, exchanged.
    const undo = result.changes.map(({ path, before, after }) => ({ path, before: after, after: before }));
    const undone = await applyChanges(undo, ({ path }) => Promise.resolve(befores.get(path) ?? new Uint8Array()));
    assert.deepEqual(undone.conflicts, []);
    const old = ["edit", "folder/a", "swap/inner", "replaced"].map((name) => tree.read(name));
    assert.deepEqual(old, ["old", "a", "i", "file"]);
    assert.ok(readdirSync(tree.path).every((name) => !name.startsWith(".toka")));
    discardLayer(result.layer);
    assert.ok(!existsSync(result.layer));
  });
}

function checkChanged(tree: Tree): void {
  const texts = ["edit", "a name", "folder/c", "swap"].map((name) => tree.read(name));
  assert.deepEqual(texts, ["new\n", "m", "c\n", "flat\n"]);
  assert.equal(readlinkSync(join(tree.path, "link")), "mode");
  assert.equal(statSync(join(tree.path, "mode")).mode & 0o777, 0o755);
  assert.equal(statSync(join(tree.path, "new")).mode & 0o777, 0o750);
  assert.deepEqual([...readFileSync(join(tree.path, "new/deep/bytes"))], [0, 255, ...Buffer.from("binary")]);
  for (const gone of ["gone", "moved", "folder/a", "folder/b"]) assert.ok(!existsSync(join(tree.path, gone)), gone);
}

export const layerCases: readonly Case[] = [
  {
    name: "layer: a private tree is read as its owner may, and is itself never changed",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { "sub/secret": "mine" });
        chmodSync(join(tree.path, "sub"), 0o700);
        const before = statSync(join(tree.path, "sub", "secret"));
        const result = await tree.run(
          "cat sub/secret; stat -c %a sub/secret; stat -c %u sub/secret; echo more >> sub/secret; cat sub/secret",
          { stdin: new Uint8Array() },
        );
        assert.equal(decode(result.stdout), "mine600\n1000\nminemore\n");
        const after = statSync(join(tree.path, "sub", "secret"));
        assert.deepEqual(
          [after.uid, after.gid, after.mode, after.mtimeMs, after.ctimeMs],
          [before.uid, before.gid, before.mode, before.mtimeMs, before.ctimeMs],
        );
        assert.equal(tree.read("sub/secret"), "mine");
        assert.deepEqual(result.changes, [
          {
            path: join(tree.path, "sub", "secret"),
            before: fileState("mine", 0o600),
            after: fileState("minemore\n", 0o600),
          },
        ]);
      }),
  },
  { name: "layer: entries of every kind become changes, reach the tree, and are undone", run: changeEverything },
  {
    name: "layer: touching without changing is no change",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { a: "a", "f/b": "b" });
        const result = await tree.run(
          "touch a; cat a > t; cat t > a; rm t; touch f/b; chmod 600 f/b; mv f/b f/c; mv f/c f/b",
        );
        assert.deepEqual(result.changes, []);
      }),
  },
  {
    name: "layer: names with spaces, newlines, quotes and colons",
    run: (world) =>
      withTree(world, async (tree) => {
        const names = ["a b", "a\nb", "a'b\"c", "x:y,z\\w", "ünï—名", "-rf", "%s", "…"];
        plant(tree.path, Object.fromEntries(names.map((name) => [name, "old"])));
        const result = await tree.run(
          'for f in *; do echo "$f" > "./$f"; done; mkdir "new:fo,ld\\er"; echo > "new:fo,ld\\er/x"',
        );
        assert.deepEqual(tree.changed(result), [...names, "new:fo,ld\\er", "new:fo,ld\\er/x"].sort());
        assert.deepEqual((await applyAll(result)).conflicts, []);
        for (const name of names) assert.equal(tree.read(name), `${name}\n`);
      }),
  },
  {
    name: "layer: a tree whose own path has colons and commas",
    run: (world) =>
      withTree(world, async (tree) => {
        const odd = join(tree.path, "a:b,c=d e\\f");
        mkdirSync(odd, { mode: 0o700 });
        const result = await tree.run("echo x > x", {
          cwd: odd,
          writePaths: [odd],
          layer: join(world.base, "layers", "o:d,d=1"),
        });
        assert.deepEqual(
          result.changes.map(({ path }) => path),
          [join(odd, "x")],
        );
      }),
  },
  {
    name: "layer: names that are not UTF-8 are shown escaped and not applied",
    run: (world) =>
      withTree(world, async (tree) => {
        const raw = Buffer.concat([Buffer.from(`${tree.path}/old`), Buffer.from([0xff])]);
        writeFileSync(raw, "x");
        const result = await tree.run(
          "printf x > $'n\\xfe'; rm $'old\\xff'; mkdir $'d\\xfd'; echo > $'d\\xfd/in'; echo > fine; ln -s $'t\\xfc' l",
        );
        assert.deepEqual(tree.changed(result), ["fine"]);
        assert.deepEqual(
          result.dropped.map(({ path, reason }) => `${path.slice(tree.path.length + 1)} ${reason}`),
          ["d\\xfd name_not_utf8", "l name_not_utf8", "n\\xfe name_not_utf8", "old\\xff name_not_utf8"],
        );
        rmSync(raw);
      }),
  },
  {
    name: "layer: folders and files that their owner may not enter are read all the same",
    run: (world) =>
      withTree(world, async (tree) => {
        const result = await tree.run(
          "mkdir d; echo x > d/f; echo y > g; chmod 0 d/f g; chmod 0 d; mkdir e; echo z > e/f; chmod 500 e",
        );
        assert.deepEqual(tree.changed(result), ["d", "d/f", "e", "e/f", "g"]);
        assert.deepEqual(result.changes.find(({ path }) => path.endsWith("/g"))?.after, fileState("y\n", 0));
        assert.deepEqual((await applyAll(result)).conflicts, []);
        assert.equal(statSync(join(tree.path, "d")).mode & 0o777, 0);
        assert.equal(statSync(join(tree.path, "e")).mode & 0o777, 0o500);
      }),
  },
  {
    name: "layer: a link in the tree that became a folder says nothing of what the link led to",
    run: (world) =>
      withTree(world, async (tree) => {
        symlinkSync(world.home, join(tree.path, "link"));
        const result = await tree.run("rm link; mkdir -p link/.ssh; echo mine > link/.ssh/decoy");
        assert.deepEqual(
          result.changes.map(({ path, before }) => [path.slice(tree.path.length + 1), before?.type ?? null]),
          [
            ["link", "symlink"],
            ["link/.ssh", null],
            ["link/.ssh/decoy", null],
          ],
        );
        assert.deepEqual((await applyAll(result)).conflicts, []);
        assert.equal(tree.read("link/.ssh/decoy"), "mine\n");
        assert.equal(readFileSync(world.secret, "utf8"), canary);
      }),
  },
  {
    name: "layer: folders nested deeper than a path can name are dropped, and can be discarded",
    run: (world) =>
      withTree(world, async (tree) => {
        const script =
          "mkdir deep; cd deep; perl -e 'for (1..1600) { mkdir q(dd); chdir q(dd) } open F, q(>), q(f); mkdir q(closed); chmod 0, q(closed)'";
        const result = await tree.run(script);
        assert.deepEqual(
          result.dropped.map(({ reason }) => reason),
          ["too_large"],
        );
        discardLayer(result.layer);
        assert.ok(!existsSync(result.layer));
      }),
  },
  {
    name: "layer: a folder that does not exist yet is made by what is written into it, and by nothing else",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { "src/a": "a" });
        const out = `${tree.path}/out/deep/`;
        const shown = { readPaths: [tree.path], writePaths: [out] };
        const unused = await tree.run(
          "test -d out/deep; cat src/a; ! touch out/x 2>/dev/null; ! touch y 2>/dev/null",
          shown,
        );
        assert.deepEqual(unused.changes, []);
        const result = await tree.run("mkdir out/deep/er; echo x > out/deep/er/x", shown);
        assert.deepEqual(tree.changed(result), ["out", "out/deep", "out/deep/er", "out/deep/er/x"]);
        assert.deepEqual(await findConflicts(result.changes), []);
        assert.deepEqual((await applyAll(result)).conflicts, []);
        assert.equal(tree.read("out/deep/er/x"), "x\n");
        const again = await tree.run("cat out/deep/er/x; echo y > out/deep/er/y", shown);
        assert.deepEqual(tree.changed(again), ["out/deep/er/y"]);
      }),
  },
  {
    name: "layer: one file alone, present or not",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { here: "old", other: "o" });
        const shown = { readPaths: [tree.path], writePaths: [join(tree.path, "here"), join(tree.path, "not/yet")] };
        const untouched = await tree.run("test -f not/yet; cat here", shown);
        assert.deepEqual(untouched.changes, []);
        const result = await tree.run(
          "echo new > here; echo first > not/yet; ! touch other 2>/dev/null; ! touch more 2>/dev/null; ! touch not/more 2>/dev/null",
          shown,
        );
        assert.deepEqual(tree.changed(result), ["here", "not", "not/yet"]);
        assert.deepEqual((await applyAll(result)).conflicts, []);
        assert.deepEqual([tree.read("here"), tree.read("not/yet")], ["new\n", "first\n"]);
        const absolute = await tree.run(`echo x > ${tree.path}/here; ! cat ${tree.path}/other 2>/dev/null`, {
          readPaths: [],
          writePaths: [join(tree.path, "here")],
          cwd: "/tmp",
        });
        assert.deepEqual(tree.changed(absolute), ["here"]);
      }),
  },
  {
    name: "layer: hidden folders and files are empty to the program, and what is shown below them is not",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { "vault/key": "secret", "vault/out/old": "o", token: "secret", fine: "f" });
        const hiddenPaths = [join(tree.path, "vault"), join(tree.path, "token")];
        const writePaths = [tree.path, join(tree.path, "vault/out")];
        const result = await tree.run(
          "ls -A vault; ! cat vault/key 2>/dev/null; ! cat token 2>/dev/null; ! touch vault/x 2>/dev/null; cat fine vault/out/old; echo n > vault/out/new",
          { hiddenPaths, writePaths },
        );
        assert.equal(decode(result.stdout), "out\nfo");
        assert.deepEqual(tree.changed(result), ["vault/out/new"]);
        const read = await tree.run("ls vault; ! cat vault/key 2>/dev/null", {
          hiddenPaths,
          readPaths: [tree.path],
          writePaths: [],
        });
        assert.equal(decode(read.stdout), "");
      }),
  },
  {
    name: "layer: what the tree's owner changed meanwhile is a conflict, and is kept",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { a: "a", b: "b", c: "c" });
        const result = await tree.run("echo new > a; rm b; echo more >> c; echo n > fresh");
        writeFileSync(join(tree.path, "a"), "owner's");
        writeFileSync(join(tree.path, "b"), "owner's");
        writeFileSync(join(tree.path, "fresh"), "owner's");
        assert.deepEqual(
          await findConflicts(result.changes),
          ["a", "b", "fresh"].map((name) => join(tree.path, name)),
        );
        const { applied, conflicts } = await applyAll(result);
        assert.deepEqual(
          conflicts,
          ["a", "b", "fresh"].map((name) => join(tree.path, name)),
        );
        assert.deepEqual(applied, [join(tree.path, "c")]);
        for (const name of ["a", "b", "fresh"]) assert.equal(tree.read(name), "owner's");
        const change = result.changes[0];
        assert.ok(change !== undefined);
        await assert.rejects(readBefore(change), /wanted/);
      }),
  },
  {
    name: "layer: what the tree's owner changed while the program ran is dropped",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { a: "a", b: "b" });
        const onOutput = (): void => {
          // The program says so once it has taken its own copy.
          writeFileSync(join(tree.path, "a"), "owner's");
          writeFileSync(join(world.tree, "l1"), "go");
        };
        const result = await tree.run(
          `echo new > a; echo new > b; echo copied; until test -e ${world.tree}/l1; do :; done`,
          { onOutput, readPaths: [world.tree] },
        );
        world.reset();
        assert.deepEqual(tree.changed(result), ["b"]);
        assert.deepEqual(result.dropped, [{ path: join(tree.path, "a"), reason: "tree_changed_meanwhile" }]);
      }),
  },
  {
    name: "layer: an apply cut short anywhere is finished by the next",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { a: "a", b: "b", "d/x": "x" });
        const result = await tree.run(
          "echo 1 > a; rm b; mkdir b; echo 2 > b/in; rm -r d; echo 3 > d; mkdir -p n/m; echo 4 > n/m/o",
        );
        const writes = result.changes.filter(({ after }) => after?.type === "file").length;
        for (let cut = 0; cut <= writes; cut += 1) {
          let left = cut;
          const apply = applyChanges(result.changes, (change) => {
            if (left === 0) throw new Error("the power failed");
            left -= 1;
            return readAfter(result.layer, change);
          });
          await apply.catch((error: unknown) => assert.match(String(error), /power/));
        }
        assert.deepEqual(await applyAll(result), { applied: result.changes.map(({ path }) => path), conflicts: [] });
        assert.deepEqual(
          [tree.read("a"), tree.read("b/in"), tree.read("d"), tree.read("n/m/o")],
          ["1\n", "2\n", "3\n", "4\n"],
        );
        assert.deepEqual(readdirSync(tree.path).sort(), ["a", "b", "d", "n"]);
      }),
  },
  {
    name: "layer: root's changes belong to the owner of the tree",
    only: "root",
    run: (world) =>
      withTree(world, async (tree) => {
        plant(tree.path, { a: "a" });
        for (const name of ["", "a"]) chownSync(join(tree.path, name), 4321, 4322);
        const result = await tree.run("cat a; echo b >> a; mkdir d; echo c > d/c; ln -s a l");
        assert.deepEqual((await applyAll(result)).conflicts, []);
        for (const name of ["a", "d", "d/c", "l"]) {
          const { uid, gid } = lstatSync(join(tree.path, name));
          assert.deepEqual([name, uid, gid], [name, 4321, 4322]);
        }
      }),
  },
  {
    name: "layer: changes keep to the size of a layer",
    run: (world) =>
      withTree(world, async (tree) => {
        const result = await tree.run("head -c 3000000 /dev/zero > big", {
          limits: { ...testLimits, writtenBytes: 10_000_000 },
        });
        assert.deepEqual(tree.changed(result), ["big"]);
        assert.ok(result.usage.writtenBytes >= 3_000_000);
      }),
  },
  {
    name: "layer: jobs that cannot be boxed are refused by name",
    run: async (world) => {
      const refusals: readonly (readonly [Partial<SandboxJob>, RegExp])[] = [
        [{ readPaths: ["relative"] }, /wanted an absolute, normalised path/],
        [{ readPaths: [`${world.base}/x/../y`] }, /wanted an absolute, normalised path/],
        [{ readPaths: ["/"] }, /the box has its own/],
        [{ writePaths: ["/tmp/"] }, /the box has its own/],
        [{ readPaths: [`/proc/${process.pid}`] }, /\/proc is the machine's own/],
        [{ readPaths: ["/sys/kernel"] }, /\/sys is the machine's own/],
        [{ writePaths: ["/dev/shm/"] }, /\/dev is the machine's own/],
        [{ readPaths: [`${world.base}/absent`] }, /does not exist/],
        [{ readPaths: [world.unixPath] }, /neither a file nor a folder/],
        [{ writePaths: [`${world.tree}/file/`] }, /is a file, wanted a folder/],
        [{ writePaths: [`${world.tree}/file/below`] }, /is not a folder/],
        [{ hiddenPaths: [world.tree] }, /both shown and hidden/],
        [{ cwd: world.home }, /is not shown in the box/],
        [{ argv: [] }, /the command is empty/],
        [{ argv: ["a\0b"] }, /holds a NUL/],
        [{ env: { "A=B": "x" } }, /is not the name of a variable/],
      ];
      for (const [more, says] of refusals) {
        await assert.rejects(
          world.sandbox.run({ ...world.job(["true"]), ...more }),
          (error: Error) => says.test(error.message) || assert.fail(error.message),
        );
      }
      const layer = world.layer();
      mkdirSync(layer, { recursive: true });
      writeFileSync(join(layer, "old"), "");
      utimesSync(layer, 1, 1);
      await assert.rejects(world.run(["true"], { readPaths: [], writePaths: [world.tree], layer }), /it is not empty/);
    },
  },
];
