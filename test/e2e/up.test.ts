/** `toka up` over real repositories: the numbers, the evidence, the refusals, and what a second start does. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createSandbox } from "@toka/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { tallyCrew } from "./harness/kill.ts";
import { git, makeRepository } from "./harness/repository.ts";
import { createScene, root, type Scene } from "./harness/scene.ts";
import { agentIn, type Summary, summaryOf } from "./harness/summary.ts";

const repoCare = join(root, "examples/crews/repo-care");

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

const shell = (script: string): string =>
  execFileSync("sh", ["-c", script], {
    cwd: scene.workspace,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
  });
const reportIn = (summary: Summary): { readonly totals: Readonly<Record<string, number>> } => {
  const path = summary.deliverables.find((one) => one.endsWith("/report.json")) ?? "";
  return JSON.parse(readFileSync(path, "utf8")) as { totals: Record<string, number> };
};

/** Counted by other means than Toka's: git lists, find and wc count. */
function countedByHand(): Readonly<Record<string, number>> {
  const listed = git(scene.workspace, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    .split("\0")
    .filter((path) => path !== "");
  const present = [...new Set(listed)].filter((path) => existsSync(join(scene.workspace, path)));
  const numstat = git(scene.workspace, ["log", "--numstat", "--format=", "-M"])
    .split("\n")
    .filter((line) => /^\d/u.test(line));
  const sum = (column: number): number => numstat.reduce((total, line) => total + Number(line.split("\t")[column]), 0);
  return {
    entries: new Set(listed).size,
    files: present.length,
    bytes: present.reduce((total, path) => total + lstatSync(join(scene.workspace, path)).size, 0),
    lines: Number(
      shell(
        "find . -path ./.git -prune -o -path ./.toka -prune -o -name ignored.txt -prune -o -type f -print0 | xargs -0 cat | wc -l",
      ),
    ),
    commits: Number(git(scene.workspace, ["rev-list", "--count", "HEAD"])),
    authors: git(scene.workspace, ["shortlog", "-sne", "HEAD"])
      .split("\n")
      .filter((line) => line !== "").length,
    linesAdded: sum(0),
    linesDeleted: sum(1),
  };
}

/** Puts a token, a random value and a password into the workspace, and gives them. */
function plantSecrets(): readonly string[] {
  const token = `AK${"IA"}QYLPMN5HHHFPZAM2`;
  const [random, password] = ["q7GZ0vY2mTn5RkW8sLd4XeB1", "Wharf-61-Lantern"];
  const lines = [`id: ${token}`, `client_secret: ${random}`, `password: ${password}`, "updated: 2031-02-01"];
  writeFileSync(join(scene.workspace, "deploy.yaml"), `${lines.join("\n")}\n`);
  return [token, random, password];
}

/** The regular files of a folder, at any depth. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("toka up --once", () => {
  test.each([
    { seed: 1, commits: 1 },
    { seed: 2, commits: 12 },
    { seed: 3, commits: 40 },
  ])(
    "counts what git, find and wc count when a repository is made from seed $seed with $commits commits",
    async (options) => {
      makeRepository(scene.workspace, options);
      const before = git(scene.workspace, ["status", "--porcelain"]);
      const summary = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
      expect(reportIn(summary).totals).toMatchObject(countedByHand());
      expect(summary).toMatchObject({ ok: true, verify: { ok: true }, owed: [] });
      expect(summary.deliverables).toHaveLength(10);
      for (const path of summary.deliverables) expect(statSync(path).size).toBeGreaterThan(0);
      // The vault hides itself from git, and nothing else in the workspace is touched.
      expect(git(scene.workspace, ["status", "--porcelain"])).toBe(before);
      expect(statSync(scene.vault).mode & 0o777).toBe(0o700);
    },
  );

  test("shows what agents did, what was refused, what it cost, where things are, and that the log verifies", async () => {
    makeRepository(scene.workspace, { seed: 4, commits: 3 });
    const secrets = plantSecrets();
    const ended = await scene.toka(["up", "--once"]);
    expect(ended.code, ended.stderr).toBe(0);
    for (const agent of [
      "file-catalogue",
      "history-analyst",
      "secret-scanner",
      "date-validator",
      "link-checker",
      "build-validator",
      "environment-validator",
      "report-writer",
      "curious",
    ]) {
      expect(ended.stdout).toMatch(new RegExp(`^${agent} +running `, "mu"));
      expect(ended.stdout).toMatch(
        new RegExp(`^${agent}: completed; tasks 1 completed, 0 failed; \\d refused; cost `, "mu"),
      );
    }
    expect(ended.stdout).toContain(join(scene.vault, "out/repo-care/report.html"));
    expect(ended.stdout).toMatch(/^verify: OK, \d+ entries$/mu);
    expect(ended.stdout).not.toContain("NOT MET");
    expect(ended.stdout).not.toContain("\u001b");
    expect(readFileSync(join(scene.vault, "out/repo-care/report.md"), "utf8")).toContain("3 findings in");
    const patch = readFileSync(join(scene.vault, "out/repo-care/date-validator.patch"), "utf8");
    expect(patch).toMatch(/^@@ -4,1 \+4,1 @@\n-updated: 2031-02-01\n\+updated: \d{4}-\d\d-\d\d$/mu);
    // What was found stands nowhere whole: not in what was said, the log, the payloads, nor the deliverables.
    const kept = filesBelow(scene.vault).map((path) => readFileSync(path, "latin1"));
    expect(kept.length).toBeGreaterThan(6);
    for (const text of [ended.stdout, ended.stderr, ...kept])
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
  });

  test("refuses what the curious agent asks for with an entry that says why, and the box refuses it when nobody asks the kernel", async () => {
    makeRepository(scene.workspace, { seed: 5, commits: 2 });
    const summary = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    const curious = agentIn(summary, "curious");
    expect(curious).toMatchObject({ state: "completed", refusals: 2, objectives: [{ met: true }] });
    const log = await scene.toka(["log", "--json", "--agent", "curious", "--kind", "effect.request"]);
    const refusals = log.stdout
      .split("\n")
      .slice(0, -1)
      .map(
        (line) => JSON.parse(line) as { position: number; outcome: { refusal: { code: string; permission: string } } },
      );
    expect(refusals.map(({ outcome }) => outcome.refusal)).toEqual([
      { code: "permission_denied", permission: "fs.read:/etc/passwd" },
      { code: "permission_denied", permission: "net.connect:example.com:443" },
    ]);
    const why = await scene.toka(["why", String(refusals[0]?.position)]);
    expect(why.stdout).toContain("no grant that was asked under covers fs.read:/etc/passwd");
    expect(why.stdout).toContain(`fs.read:${scene.workspace}/**`);
    await expectBoxRefuses();
  });

  test("turns an objective to not met and exits with 1 when a deliverable is changed before it is judged", async () => {
    const running = scene.start(["up", "--once", "--json", "--crew", tallyCrew]);
    // The second step is settled only after the first one's file stands in the folder.
    const corrupted = join(scene.vault, "out/tally/first-1-1");
    await running.says("1/3");
    writeFileSync(corrupted, "something else\n");
    const summary = summaryOf(await running.ended, 1);
    expect(summary.ok).toBe(false);
    const met = summary.agents.flatMap((agent) =>
      agent.objectives.map(({ description, met: is }) => ({ description, met: is })),
    );
    expect(met.filter((objective) => !objective.met)).toEqual([
      { description: "The first file of first holds the line that its step added", met: false },
    ]);
    // An objective that is not met is no reason to distrust the log.
    expect(summary.verify).toEqual({ ok: true });
  });
});

describe("findings", () => {
  test("turn their objective to not met when anything changes them after the tool wrote them", async () => {
    makeRepository(scene.workspace, { seed: 8, commits: 1 });
    const crew = join(scene.dir, "spoilt");
    mkdirSync(join(crew, "agents"), { recursive: true });
    cpSync(join(repoCare, "tools"), join(crew, "tools"), { recursive: true });
    writeFileSync(
      join(crew, "crew.yaml"),
      "name: spoilt\ndescription: Spoils what was found.\nfailure: continue\ntools: ./tools\n",
    );
    const names = ["secret-scanner", "date-validator", "link-checker", "build-validator", "environment-validator"];
    for (const name of names) {
      const agent = readFileSync(join(repoCare, "agents", `${name}.yaml`), "utf8");
      const file = name === "date-validator" ? "date-validator.patch" : `findings/${name}.json`;
      const step = `        - { name: spoil, tool: file-writer, with: { path: "\${output}/${file}", content: "{}" } }\n`;
      writeFileSync(
        join(crew, "agents", `${name}.yaml`),
        agent.replace("security:\n  sandbox", `${step}security:\n  sandbox`),
      );
    }
    const summary = summaryOf(await scene.toka(["up", "--once", "--json", "--crew", crew]), 1);
    expect(summary).toMatchObject({ verify: { ok: true } });
    for (const { name, objectives } of summary.agents)
      expect([name, ...objectives.map(({ met }) => met)]).toEqual([name, false, true]);
    expect(summary.agents).toHaveLength(names.length);
  });
});

describe("a second toka up", () => {
  test("starts a new session in the same vault when the first is over, and the log of both verifies", async () => {
    makeRepository(scene.workspace, { seed: 6, commits: 2 });
    const first = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    const second = summaryOf(await scene.toka(["up", "--once", "--json"]), 0);
    expect(second.session).not.toBe(first.session);
    expect(second.entries).toBeGreaterThan(first.entries);
    expect(JSON.parse((await scene.toka(["verify", "--json"])).stdout)).toMatchObject({
      ok: true,
      entries: second.entries,
    });
  });

  test("says which process has the vault and exits with 1 when one has it", async () => {
    const first = scene.start(["up", "--crew", tallyCrew]);
    await first.says("serving on");
    const second = await scene.toka(["up", "--once", "--crew", tallyCrew]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${first.pid}`);
    expect(second.stderr).toContain(scene.vault);
    first.kill("SIGTERM");
    await first.ended;
  });

  test("goes on with the session that the first was asked to stop in", async () => {
    const first = scene.start(["up", "--once", "--json", "--crew", tallyCrew]);
    await first.says("step-1-2");
    first.kill("SIGINT");
    const stopped = await first.ended;
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain("the session stays open");
    const open = await scene.toka(["status", "--json"]);
    const session = (JSON.parse(open.stdout) as { sessions: { id: string }[] }).sessions[0]?.id;
    const other = await scene.toka(["up", "--once", "--crew", "repo-care"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain(`${session} of the crew tally is open`);
    const second = await scene.toka(["up", "--once", "--json"]);
    expect(second.stderr).toContain(`going on with ${session}`);
    expect(summaryOf(second, 0).session).toBe(session);
    const tally = join(scene.vault, "out/tally/first-1-1");
    expect(readFileSync(tally, "utf8")).toBe("ran\n");
  });
});

describe("toka up without --once", () => {
  test("stays after the session and stops in order with 0 when it is asked to", async () => {
    const running = scene.start(["up", "--json", "--crew", tallyCrew]);
    await running.says('{"ok":true');
    const status = JSON.parse((await scene.toka(["status", "--json"])).stdout) as {
      served: { pid: number };
      sessions: unknown[];
      agents: unknown[];
    };
    expect(status).toMatchObject({ served: { pid: running.pid }, sessions: [], agents: [] });
    running.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
    expect(existsSync(join(scene.vault, "socket"))).toBe(false);
    expect((await scene.toka(["verify"])).code).toBe(0);
  });
});

/** The same two attempts by programs in a bare box, which the kernel was never asked about. */
async function expectBoxRefuses(): Promise<void> {
  const outside = join(scene.dir, "outside");
  writeFileSync(outside, "hush\n");
  const run = async (argv: readonly string[]): Promise<{ readonly code: unknown; readonly stdout: string }> => {
    const result = await createSandbox().run({
      argv,
      cwd: scene.workspace,
      env: {},
      stdin: new Uint8Array(),
      readPaths: [scene.workspace],
      writePaths: [],
      hiddenPaths: [scene.vault],
      runtimes: [],
      layer: join(scene.dir, `layer-${argv.length}`),
      limits: {
        memoryBytes: 256 << 20,
        cpuMs: 10_000,
        wallMs: 10_000,
        processes: 16,
        fileBytes: 1 << 20,
        writtenBytes: 1 << 20,
        openFiles: 64,
        outputBytes: 1 << 16,
      },
    });
    return { code: result.exit, stdout: Buffer.from(result.stdout).toString("utf8") };
  };
  expect(await run(["cat", join(scene.workspace, "untracked.md")])).toEqual({
    code: { code: 0 },
    stdout: "# counted\n",
  });
  expect(await run(["cat", outside])).toEqual({ code: { code: 1 }, stdout: "" });
  const hostUsers = readFileSync("/etc/passwd", "utf8");
  expect((await run(["sh", "-c", "cat /etc/passwd", "sh"])).stdout).not.toBe(hostUsers);
  const connect =
    "use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or exit 3; connect(S, sockaddr_in(443, inet_aton('1.1.1.1'))) or exit 4";
  expect((await run(["perl", "-e", connect])).code).not.toEqual({ code: 0 });
}
