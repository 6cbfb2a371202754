/** What the command line answers before any vault exists. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createScene, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

describe("toka", () => {
  test.each([
    { args: [] as string[], says: "Usage: toka" },
    { args: ["fly"], says: "unknown command" },
    { args: ["stauts"], says: "Did you mean status?" },
    { args: ["up", "--twice"], says: "unknown option" },
    { args: ["why"], says: "missing required argument" },
    { args: ["why", "first"], says: "wanted a whole number" },
    { args: ["log", "--after", "-3"], says: "wanted a whole number" },
    { args: ["exec"], says: "missing required argument" },
    { args: ["exec", "--grant", "/no/such/file", "--", "true"], says: "neither a readable file nor a JSON list" },
    { args: ["exec", "--grant", "/dev/zero", "--", "true"], says: "has more than 1048576 bytes" },
    { args: ["exec", "--grant", '["fs.read:relative"]', "--", "true"], says: "Cannot read the grant" },
    { args: ["exec", "--grant", "[1]", "--", "true"], says: "Cannot read the grant" },
    { args: ["exec", "--timeout", "0", "--", "true"], says: "wanted a number of seconds above 0" },
  ])("exits with 2 and says why when called as toka $args", async ({ args, says }) => {
    const ended = await scene.toka(args);
    expect(ended.stderr).toContain(says);
    expect(ended.code).toBe(2);
    expect(ended.stdout).toBe("");
  });

  test.each(["up", "status", "log", "verify", "check", "exec", "why", "doctor", "changes", "undo"])(
    "shows an example when asked for toka %s --help",
    async (command) => {
      const ended = await scene.toka([command, "--help"]);
      expect(ended.code).toBe(0);
      expect(ended.stdout).toMatch(new RegExp(`Example:\\n  toka ${command}`, "u"));
    },
  );

  test.each(["status", "log", "verify", "why 1"])(
    "exits with 1 and makes nothing when there is no vault for toka %s",
    async (command) => {
      const ended = await scene.toka(command.split(" "));
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(scene.vault);
      expect(ended.stderr).not.toContain("    at ");
      const again = await scene.toka(["status"]);
      expect(again.code).toBe(1);
    },
  );

  test.each([
    { args: ["agent", "lst"], says: "Did you mean list?" },
    { args: ["grant", "delegate", "ann"], says: "missing required argument" },
    { args: ["owed", "abandon", "effect-1-0"], says: "--reason" },
    { args: ["agent", "list", "--state", "runing"], says: 'did you mean "running"?' },
    { args: ["budget", "carve", "ann"], says: "give at least one" },
    { args: ["budget", "top-up", "ann", "--cpu", "5"], says: "wanted a span such as 90s" },
  ])("exits with 2 and says why when a noun is called as toka $args", async ({ args, says }) => {
    const ended = await scene.toka(args);
    expect(ended.stderr).toContain(says);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 2, stdout: "" });
  });

  test.each(["status", "verify", "state", "agent list"])(
    "answers with one JSON object when toka %s --json fails",
    async (command) => {
      const ended = await scene.toka([...command.split(" "), "--json"]);
      expect(ended.code).toBe(1);
      expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, failure: { code: "vault_absent" } });
      expect(ended.stderr).toContain(scene.vault);
    },
  );

  test("exits with 1 when the workspace is no folder", async () => {
    writeFileSync(join(scene.dir, "file"), "");
    for (const workspace of ["file", "missing"]) {
      const ended = await scene.toka(["up", "--once", "--workspace", join(scene.dir, workspace)]);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain("it is not a folder that can be read");
    }
  });
});

describe("toka doctor", () => {
  test("names each thing it looked at and what to do when one is missing", async () => {
    const ended = await scene.toka(["doctor", "--json"], { env: { PATH: join(scene.dir, "nowhere") } });
    const report = JSON.parse(ended.stdout) as { ok: boolean; checks: { name: string; ok: boolean; fix?: string }[] };
    expect(ended.code).toBe(1);
    expect(report.ok).toBe(false);
    const git = report.checks.find((check) => check.name === "git");
    expect(git?.ok).toBe(false);
    expect(git?.fix).toMatch(/git/u);
    // Tools run under the system's own Python, wherever the PATH leads.
    const python = report.checks.find((check) => check.name === "python3");
    expect(python?.ok).toBe(existsSync("/usr/bin/python3"));
  });

  test("finds this machine able when the sandbox works here", async () => {
    const ended = await scene.toka(["doctor", "--json"]);
    const report = JSON.parse(ended.stdout) as {
      ok: boolean;
      checks: { name: string; ok: boolean; required: boolean }[];
    };
    expect(report.checks.map((check) => check.name)).toEqual(
      expect.arrayContaining(["platform", "node", "git", "perl", "bubblewrap", "python3", "sandbox", "disk"]),
    );
    expect(report.checks.filter((check) => check.required && !check.ok)).toEqual([]);
    expect(ended.code).toBe(0);
  });
});

describe("toka check", () => {
  test("exits with 0 for the crew that comes with Toka", async () => {
    const ended = await scene.toka(["check", join(import.meta.dirname, "../../examples/crews/repo-care")]);
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toContain("ok");
    expect(ended.code).toBe(0);
  });

  test("tells every problem with its place when a file has some", async () => {
    const file = join(scene.dir, "agents/broken.yaml");
    mkdirSync(join(scene.dir, "agents"));
    writeFileSync(file, "metadata:\n  name: broken\n  version: 1.0.0\nspec:\n  domian: x\n");
    const ended = await scene.toka(["check", file]);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(`${file}:5:`);
    expect(ended.stdout).toContain("domain");
  });

  test("exits with 1 when a file does not exist", async () => {
    const ended = await scene.toka(["check", "nothing.yaml"]);
    expect(ended.code).toBe(1);
    expect(ended.stdout + ended.stderr).toContain("nothing.yaml");
  });
});
