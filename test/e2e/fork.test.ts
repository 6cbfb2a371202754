/** Forks as an operator meets them: real processes, one vault that goes on being written, another that goes on from it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createScene, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

const shell = (script: string): readonly string[] => ["exec", "--", "sh", "-c", script];

test("a fork goes on beside its parent, which another process holds, over files as they were", async () => {
  const { workspace } = scene;
  const holder = scene.start(["serve", "--no-port"]);
  await holder.says("serving");
  await scene.toka(shell("echo one > a && mkdir d && echo x > d/f"));
  const status = async (): Promise<number> => JSON.parse((await scene.toka(["status", "--json"])).stdout).head.position;
  const at = await status();
  await scene.toka(shell("echo two >> a && rm -r d && echo new > b"));
  writeFileSync(join(workspace, "mine"), "mine");
  const [fork, files] = [join(workspace, "..", "fork"), join(workspace, "..", "files")];
  const made = await scene.toka(["fork", "--at", String(at), "--into", fork, "--workspace", files, "--json"]);
  const answer = JSON.parse(made.stdout);
  expect(answer).toMatchObject({ ok: true, position: at, files: { left: [] } });
  expect(readFileSync(join(files, "a"), "utf8")).toBe("one\n");
  expect(readFileSync(join(files, "d", "f"), "utf8")).toBe("x\n");
  expect(readFileSync(join(files, "mine"), "utf8")).toBe("mine");
  expect(existsSync(join(files, "b"))).toBe(false);

  const there = ["--vault", fork, "--workspace", files];
  expect((await scene.toka(["exec", ...there, "--", "true"])).stderr).toContain("vault_held");
  expect((await scene.toka(["up", "--once", ...there])).stderr).toContain('it is held; "toka status"');
  expect((await scene.toka(["resume", ...there])).code).toBe(0);
  const both = await Promise.all([
    scene.toka(shell("echo parent >> a")),
    scene.toka(["exec", ...there, "--", "sh", "-c", "echo fork >> a"]),
  ]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(readFileSync(join(workspace, "a"), "utf8")).toBe("one\ntwo\nparent\n");
  expect(readFileSync(join(files, "a"), "utf8")).toBe("one\nfork\n");
  const verified = JSON.parse((await scene.toka(["verify", ...there, "--json"])).stdout);
  expect(verified).toMatchObject({ ok: true, shared: at });
  expect((await scene.toka(["verify"])).stdout).toContain("OK");
});

test("a file that somebody else changed since is told and left out, never guessed", async () => {
  const { workspace } = scene;
  await scene.toka(shell("echo one > a"));
  const at = JSON.parse((await scene.toka(["status", "--json"])).stdout).head.position;
  await scene.toka(shell("echo two > a"));
  writeFileSync(join(workspace, "a"), "three\n");
  const files = join(workspace, "..", "files");
  const into = join(workspace, "..", "fork");
  const made = await scene.toka(["fork", "--at", String(at), "--into", into, "--workspace", files]);
  expect(made.code).toBe(1);
  expect(made.stdout).toContain(`left out: ${join(workspace, "a")}: somebody else changed it since`);
  expect(existsSync(join(files, "a"))).toBe(false);
});
