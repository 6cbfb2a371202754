/** A workspace of 50,000 files, and two commands at once again and again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { git } from "./harness/repository.ts";
import { createScene, type Scene } from "./harness/scene.ts";
import { summaryOf } from "./harness/summary.ts";

const folders = 500;
const filesPerFolder = 100;

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

test("toka up reports on 50,000 files, tracked and untracked", async () => {
  for (let folder = 0; folder < folders; folder += 1) {
    const dir = join(scene.workspace, `d${folder}`);
    mkdirSync(dir);
    for (let file = 0; file < filesPerFolder; file += 1) {
      writeFileSync(join(dir, `f${file}.txt`), `folder ${folder}\nfile ${file % 90}\n`);
    }
  }
  git(scene.workspace, ["init", "-q"]);
  git(scene.workspace, ["add", "d0", "d1", "d2"]);
  const author = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x" };
  git(scene.workspace, ["commit", "-q", "-m", "some"], author);
  const summary = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
  const json = JSON.stringify(summary);
  expect(json).toContain('"/totals/entries":50000');
  expect(json).toContain('"/totals/lines":100000');
});
