/** `toka exec --learn`: the smallest grant for what a program did, which the next run of it passes under. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createScene, type Ended, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
  mkdirSync(join(scene.workspace, "src"));
  writeFileSync(join(scene.workspace, "src", "one"), "1\n");
  writeFileSync(join(scene.workspace, "private"), "mine\n");
});
afterEach(async () => scene.close());

const program = ["sh", "-c", "cat src/one > sum; rm -f left; cat sum; [ -e private ] || echo kept; exit 3"];
const looking = ["sh", "-c", "cat src/one > sum; cat sum; exit 3"];

function grantIn({ stderr }: Ended): readonly string[] {
  return JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as readonly string[];
}

describe("toka exec --learn", () => {
  test("passes the program through and says what it needed; under that the same run does the same, with and without a server", async () => {
    const learnt = await scene.toka(["exec", "--learn-to", "grant.json", "--", ...looking]);
    expect(learnt).toMatchObject({ code: 3, stdout: "1\n" });
    const wanted = [`fs.read:${scene.workspace}/src/one`, `fs.write:${scene.workspace}/sum`];
    expect(grantIn(learnt)).toEqual(wanted);
    expect(JSON.parse(readFileSync(join(scene.workspace, "grant.json"), "utf8"))).toEqual(wanted);
    expect(learnt.stderr).toMatch(/it started \/usr\/bin\/cat, \/usr\/bin\/(?:ba|da)?sh\n/u);
    expect(learnt.stderr).toMatch(/it used .*CPU.*; --timeout \d+ leaves it room/u);

    const rerun = ["exec", "--grant", "grant.json", "--", ...looking];
    expect(await scene.toka(rerun)).toMatchObject({ code: 3, stdout: "1\n", stderr: "" });
    rmSync(join(scene.workspace, "sum"));
    const server = scene.start(["serve"]);
    await server.says("until Ctrl-C");
    expect(await scene.toka(rerun)).toMatchObject({ code: 3, stdout: "1\n", stderr: "" });
    expect(readFileSync(join(scene.workspace, "sum"), "utf8")).toBe("1\n");
    const served = await scene.toka(["exec", "--learn", "--", ...looking]);
    expect(grantIn(served)).toEqual(wanted);
    server.kill("SIGINT");
    await server.ended;
  });

  test("learns nothing wider than the grant it runs under, and nothing of what was hidden", async () => {
    const grant = JSON.stringify([`fs.read:${scene.workspace}/src/**`, `fs.write:${scene.workspace}/sum`]);
    const learnt = await scene.toka(["exec", "--grant", grant, "--learn", "--", ...program]);
    expect(learnt).toMatchObject({ code: 3, stdout: "1\nkept\n" });
    expect(grantIn(learnt)).toEqual([`fs.read:${scene.workspace}/src/one`, `fs.write:${scene.workspace}/sum`]);
    const everywhere = await scene.toka(["exec", "--learn", "--", "sh", "-c", "ls -a .toka; cat .toka/*; true"]);
    expect(grantIn(everywhere)).toEqual([]);
  });

  test("learns nothing from a run that is refused, ended or not started, and says so", async () => {
    const write = ["sh", "-c", "mkdir -p .git/hooks; echo x > .git/hooks/post-commit; cat src/one"];
    for (const args of [
      ["--timeout", "0.5", "--learn", "--", "sh", "-c", "cat src/one; sleep 60"],
      ["--learn", "--", ...write],
      ["--learn", "--", "no-such-program"],
    ]) {
      const ended = await scene.toka(["exec", ...args]);
      expect(ended.code).toBeGreaterThan(124);
      expect(ended.stderr).toContain("nothing is learnt from this run");
      expect(ended.stderr).not.toContain("fs.read");
    }
    const refused = await scene.toka([
      "exec",
      "--grant",
      '["fs.read:/etc/hostname"]',
      "--learn",
      "--",
      "cat",
      "private",
    ]);
    expect(grantIn(refused)).toEqual([]);
    expect(existsSync(join(scene.workspace, ".git", "hooks"))).toBe(false);
  });
});
