/** Leases as scripts meet them: real processes, one vault. */
import { afterEach, beforeEach, expect, test } from "vitest";

import { createScene, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

test("of processes that take one name at once exactly one owns it, and epochs tell its owners apart", async () => {
  const holder = scene.start(["serve", "--no-port"]);
  await holder.says("serving");
  const takes = await Promise.all([1, 2, 3].map(async () => scene.toka(["lease", "take", "deploy", "--for", "10m"])));
  expect(takes.filter(({ code }) => code === 0)).toHaveLength(1);
  expect(takes.find(({ code }) => code === 0)?.stdout).toMatch(/^deploy is yours with epoch 1 until \S+\n$/u);
  for (const { code, stderr } of takes) if (code === 1) expect(stderr).toContain("lease_held: deploy is owned by");
  expect((await scene.toka(["lease", "renew", "deploy", "1", "--for", "20m"])).code).toBe(0);
  expect((await scene.toka(["lease", "release", "deploy", "1"])).code).toBe(0);
  expect((await scene.toka(["lease", "take", "deploy"])).stdout).toContain("with epoch 2 until");
  // What comes late from the first owner does not touch the second's.
  for (const verb of ["renew", "release"]) {
    expect((await scene.toka(["lease", verb, "deploy", "1"])).stderr).toContain("lease_not_held");
  }
  expect((await scene.toka(["lease", "list"])).stdout).toMatch(/^deploy\t2\troot\t/u);
  expect((await scene.toka(["verify"])).stdout).toContain("OK");
});
