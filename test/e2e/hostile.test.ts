/** Workspaces that nobody should have to meet: Toka reports on them and touches nothing outside. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { git, makeRepository } from "./harness/repository.ts";
import { createScene, root, type Scene } from "./harness/scene.ts";
import { agentIn, type Summary, summaryOf } from "./harness/summary.ts";

/** A user who owns nothing on this machine. */
const plainUid = 61_234;

const asRoot = process.getuid?.() === 0;

let scene: Scene;
let server: Server | undefined;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => {
  await new Promise<void>((resolve) => (server === undefined ? resolve() : void server.close(() => resolve())));
  server = undefined;
  await scene.close();
});

/** A repository whose names, links and settings were made to hurt. */
function makeHostile(): void {
  const { workspace, dir } = scene;
  makeRepository(workspace, { seed: 7, commits: 3 });
  mkdirSync(join(dir, "outside"));
  writeFileSync(join(dir, "outside/secret"), "hush\n");
  symlinkSync("../outside", join(workspace, "folder-out"));
  symlinkSync(join(dir, "outside/secret"), join(workspace, "file-out"));
  symlinkSync("loop", join(workspace, "loop"));
  symlinkSync("nowhere", join(workspace, "broken"));
  mkdirSync(join(workspace, "odd"));
  for (const name of [
    "a b",
    "line\nfeed",
    "-rf",
    "<img src=x onerror=alert(1)>.md",
    "`rm`|*.md",
    "\u001b]0;owned\u0007",
    "quote'\"",
    "tab\t",
  ]) {
    writeFileSync(join(workspace, "odd", name), "x\n");
  }
  // A name that is no UTF-8, and a file that is no text.
  execFileSync(
    "sh",
    ["-c", "printf 'x\\n' > \"$(printf 'odd/\\377\\376')\"; head -c 100000 /dev/urandom > odd/binary; mkfifo odd/pipe"],
    { cwd: workspace },
  );
  let deep = join(workspace, "deep");
  for (let level = 0; level < 60; level += 1) deep = join(deep, "d");
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, "bottom"), "x\n");
  writeFileSync(join(workspace, "locked"), "nobody reads this\n", { mode: 0o000 });
  // What git would run for whoever looks at this repository.
  const bait = `touch ${join(dir, "canary")}; touch canary`;
  for (const key of ["core.fsmonitor", "diff.external", "core.pager", "core.sshCommand", "core.editor"])
    git(workspace, ["config", key, bait]);
  writeFileSync(join(workspace, ".gitattributes"), "*.md diff=bait filter=bait\n");
  git(workspace, ["config", "diff.bait.textconv", bait]);
  git(workspace, ["config", "filter.bait.clean", bait]);
  writeFileSync(join(workspace, ".git/hooks/post-checkout"), `#!/bin/sh\n${bait}\n`, { mode: 0o755 });
}

async function listenInWorkspace(): Promise<void> {
  server = createServer();
  await new Promise<void>((resolve) => void server?.listen(join(scene.workspace, "odd/socket"), resolve));
}

function expectUntouched(): void {
  expect(existsSync(join(scene.dir, "canary"))).toBe(false);
  expect(existsSync(join(scene.workspace, "canary"))).toBe(false);
  expect(readdirSync(join(scene.dir, "outside"))).toEqual(["secret"]);
  expect(readFileSync(join(scene.dir, "outside/secret"), "utf8")).toBe("hush\n");
}

function expectReported(summary: Summary): void {
  expect(summary).toMatchObject({ ok: true, verify: { ok: true } });
  const html = readFileSync(summary.deliverables.find((path) => path.endsWith(".html")) ?? "", "utf8");
  expect(html).not.toContain("<img src=x");
  expect(html).not.toContain("hush");
  const catalogue = JSON.parse(
    readFileSync(summary.deliverables.find((path) => path.endsWith("catalogue.json")) ?? "", "utf8"),
  ) as { totals: Record<string, number> };
  expect(catalogue.totals).toMatchObject({ links: 4, linksOutside: 2 });
  expect(catalogue.totals["binary"]).toBeGreaterThanOrEqual(1);
}

describe("a hostile workspace", () => {
  test("is reported on, and nothing outside is read, written or run", async () => {
    makeHostile();
    await listenInWorkspace();
    const before = execFileSync("find", [".", "-path", "./.toka", "-prune", "-o", "-printf", "%p %y %m %s %T@\n"], {
      cwd: scene.workspace,
    }).toString("hex");
    const summary = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    expectReported(summary);
    expectUntouched();
    const after = execFileSync("find", [".", "-path", "./.toka", "-prune", "-o", "-printf", "%p %y %m %s %T@\n"], {
      cwd: scene.workspace,
    }).toString("hex");
    // Only the workspace folder itself is another: it holds .toka now.
    const withoutTop = (hex: string): string =>
      Buffer.from(hex, "hex").toString("latin1").split("\n").slice(1).join("\n");
    expect(withoutTop(after)).toBe(withoutTop(before));
  });

  test("never reaches a terminal with an escape of its own", async () => {
    makeHostile();
    const shown = await scene.toka(["up", "--once"]);
    expect(shown.code).toBe(0);
    for (const text of [shown.stdout, shown.stderr, (await scene.toka(["log"])).stdout])
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/u);
  });

  test("that is no repository, or an empty one, is reported on", async () => {
    const plain = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    expect(plain.ok).toBe(true);
    git(scene.workspace, ["init", "-q"]);
    const empty = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    expect(empty.ok).toBe(true);
  });
});

describe("as a plain user", () => {
  beforeEach((context) => context.skip(!asRoot, "only root can become another user"));

  const through = ["setpriv", `--reuid=${plainUid}`, `--regid=${plainUid}`, "--clear-groups"];

  function giveAway(): void {
    execFileSync("chown", ["-R", "-h", `${plainUid}:${plainUid}`, scene.workspace, scene.home]);
  }

  test("toka up reports on a hostile workspace, counting what that user cannot read", async () => {
    // Whatever stands in the way to the checkout stands in the way of a user too.
    execFileSync(through[0] ?? "", [...through.slice(1), "test", "-r", join(root, "packages/cli/src/main.ts")]);
    makeHostile();
    giveAway();
    chownSync(join(scene.workspace, "locked"), 0, 0);
    lchownSync(join(scene.workspace, "file-out"), 0, 0);
    chmodSync(join(scene.dir, "outside/secret"), 0o600);
    const summary = summaryOf(await scene.toka(["up", "--once", "--json"], { through }), 0);
    expectReported(summary);
    expectUntouched();
    const catalogue = JSON.parse(
      readFileSync(summary.deliverables.find((path) => path.endsWith("catalogue.json")) ?? "", "utf8"),
    ) as { totals: Record<string, number> };
    expect(catalogue.totals["unreadable"]).toBe(1);
    expect(agentIn(summary, "curious").refusals).toBe(2);
  });

  test("toka exec runs, writes into the workspace as that user, and is refused the same things", async () => {
    giveAway();
    writeFileSync(join(scene.dir, "secret"), "hush\n", { mode: 0o644 });
    const made = await scene.toka(["exec", "--", "sh", "-c", "echo new > made; cat ../secret"], { through });
    expect(made).toMatchObject({ code: 1, stdout: "" });
    expect(execFileSync("stat", ["-c", "%u", join(scene.workspace, "made")], { encoding: "utf8" })).toBe(
      `${plainUid}\n`,
    );
    expect((await scene.toka(["verify"], { through })).code).toBe(0);
  });

  test("toka up tells another user than the vault's own that it cannot be opened", async () => {
    giveAway();
    expect((await scene.toka(["exec", "--", "true"], { through })).code).toBe(0);
    const other = ["setpriv", `--reuid=${plainUid + 1}`, `--regid=${plainUid + 1}`, "--clear-groups"];
    const ended = await scene.toka(["status"], { through: other });
    expect(ended.code).toBe(1);
    expect(ended.stderr).not.toContain("    at ");
  });
});
