/** Toka among trouble: damaged vaults, bad crews, a full disk, an effect whose outcome nobody knows. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { tallyCrew } from "./harness/kill.ts";
import { createScene, type Ended, root, type Scene } from "./harness/scene.ts";
import { summaryOf } from "./harness/summary.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

const asRoot = process.getuid?.() === 0;

interface Verdict {
  readonly ok: boolean;
  readonly entries: number;
  readonly firstBad?: { readonly position: number; readonly reason: string };
}

/** Changes the log behind Toka's back, as somebody with the file in hand can. */
function tamper(sql: string): void {
  const db = new DatabaseSync(join(scene.vault, "log.db"));
  try {
    const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${String(name)}"`);
    db.exec(sql);
    for (const trigger of triggers) db.exec(String(trigger["sql"]));
  } finally {
    db.close();
  }
}

describe("a vault that somebody changed", () => {
  beforeEach(async () => {
    for (const program of ["true", "false"]) await scene.toka(["exec", "--", program]);
  });

  test("verifies with 0 when nobody changed it", async () => {
    const ended = await scene.toka(["verify", "--json"]);
    expect(ended.code).toBe(0);
    const verdict = JSON.parse(ended.stdout) as Record<string, unknown>;
    expect(Object.keys(verdict)).toEqual(["ok", "entries", "reDecided", "hashOnly", "attested"]);
    expect(verdict).toMatchObject({ ok: true, attested: 0 });
  });

  test("makes verify exit with 1 and name the entry when one letter of it is another", async () => {
    const { stdout } = await scene.toka(["log", "--json", "--kind", "effect.request"]);
    const { position } = JSON.parse(stdout.split("\n")[0] ?? "") as { position: number };
    tamper(
      `UPDATE entries SET bytes = replace(bytes, '"label":"exec"', '"label":"exec2"') WHERE position = ${position}`,
    );
    const ended = await scene.toka(["verify", "--json"]);
    expect(ended.code).toBe(1);
    const verdict = JSON.parse(ended.stdout) as Verdict;
    expect(verdict.ok).toBe(false);
    expect(verdict.firstBad?.position).toBe(position);
    const told = await scene.toka(["verify"]);
    expect(told).toMatchObject({ code: 1 });
    expect(told.stdout).toContain(`verify: BAD at entry ${position}`);
  });

  test("makes verify exit with 1 when its tail is cut off, since the vault was seen longer", async () => {
    const { entries } = JSON.parse((await scene.toka(["verify", "--json"])).stdout) as Verdict;
    tamper(`DELETE FROM entries WHERE position > ${entries - 2}; DELETE FROM checkpoints WHERE size > ${entries - 2}`);
    expect((await scene.toka(["verify"])).code).toBe(1);
    const up = await scene.toka(["up", "--once", "--crew", tallyCrew]);
    expect(up.code).toBe(1);
    expect(up.stderr).toContain(scene.vault);
  });

  test("is told apart from the one that was there when it is another vault", async () => {
    const other = createScene();
    try {
      await other.toka(["exec", "--", "true"]);
      rmSync(scene.vault, { recursive: true });
      cpSync(other.vault, scene.vault, { recursive: true, filter: (path) => !path.endsWith("/socket") });
      expect((await scene.toka(["verify"])).code).toBe(1);
      expect((await scene.toka(["status"])).code).toBe(1);
    } finally {
      await other.close();
    }
  });
});

describe("a crew that cannot be used", () => {
  const cases: readonly { readonly name: string; readonly change: (crew: string) => void; readonly says: RegExp }[] = [
    { name: "has no crew file", change: (crew) => rmSync(join(crew, "crew.yaml")), says: /crew\.yaml:1:1: / },
    {
      name: "waits for itself in a circle",
      change: (crew) =>
        replace(crew, "agents/first.yaml", "security:", "dependencies: { required: [{ name: last }] }\nsecurity:"),
      says: /first\.yaml:\d+:\d+: .*first -> last|last -> first/u,
    },
    {
      name: "waits for nobody it has",
      change: (crew) => replace(crew, "agents/last.yaml", "- name: first\n", "- name: frist\n"),
      says: /last\.yaml:\d+:\d+: .*first/u,
    },
    {
      name: "names an agent twice",
      change: (crew) => cpSync(join(crew, "agents/first.yaml"), join(crew, "agents/again.yaml")),
      says: /has the same name/u,
    },
    {
      name: "has a misspelt key",
      change: (crew) => replace(crew, "agents/first.yaml", "capabilities:", "capabilites:"),
      says: /first\.yaml:\d+:\d+: .*capabilities/u,
    },
    {
      name: "calls a tool that is not there",
      change: (crew) => replace(crew, "agents/first.yaml", "tool: tally", "tool: taly"),
      says: /first\.yaml:\d+:\d+: .*tally/u,
    },
    {
      name: "gives a number where a list belongs",
      change: (crew) => replace(crew, "agents/first.yaml", "[counting]", "7"),
      says: /first\.yaml:4:\d+: /,
    },
    {
      name: "is ten megabytes long",
      change: (crew) => writeFileSync(join(crew, "agents/first.yaml"), "a: b\n".repeat(2_000_000)),
      says: /first\.yaml/u,
    },
    {
      name: "holds an alias bomb",
      change: (crew) => writeFileSync(join(crew, "agents/first.yaml"), aliasBomb()),
      says: /first\.yaml:\d+:\d+: /,
    },
    {
      name: "has a tool whose program is missing",
      change: (crew) => rmSync(join(crew, "tools/tally/tally.sh")),
      says: /tally\.sh/u,
    },
    {
      name: "uses a field that nothing acts on",
      change: (crew) => replace(crew, "agents/first.yaml", "security:", "reporting: { frequency: daily }\nsecurity:"),
      says: /reporting/u,
    },
  ];

  test.each(cases)("is refused with its place, before any vault is made, when it $name", async ({ change, says }) => {
    const crew = join(scene.dir, "crew");
    cpSync(tallyCrew, crew, { recursive: true });
    change(crew);
    const up = await scene.toka(["up", "--once", "--crew", crew]);
    expect(up.code, up.stdout).toBe(1);
    expect(up.stderr).toMatch(says);
    expect(up.stderr).not.toContain("    at ");
    expect(existsSync(scene.vault)).toBe(false);
    const check = await scene.toka(["check", crew]);
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(says);
  });

  test("is refused by name when no crew of that name comes with Toka", async () => {
    const up = await scene.toka(["up", "--once", "--json", "--crew", "repo-scare"]);
    expect(up.code).toBe(1);
    expect(up.stderr).toContain("repo-scare");
    expect(JSON.parse(up.stdout)).toMatchObject({ ok: false, failure: { code: "crew_missing" } });
  });

  function replace(crew: string, file: string, from: string, to: string): void {
    const path = join(crew, file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }

  function aliasBomb(): string {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}]`,
    );
    return ["l0: &l0 [x, x, x]", ...levels].join("\n");
  }
});

describe("an effect in the world outside", () => {
  test("is owed and not done again when the process dies while it is under way", async () => {
    const crew = join(root, "test/e2e/crews/owed");
    const first = scene.start(["up", "--crew", crew, "--json"]);
    await first.says("serving on");
    const follower = scene.start(["log", "--follow", "--kind", "effect.start"]);
    await follower.says("effect.start");
    first.kill("SIGKILL");
    await first.ended;
    await follower.ended;
    // The program goes with its host: nobody does in secret what the log says is owed.
    expect(execFileSync("sh", ["-c", "pgrep -f '^sleep 63[.]5$' || true"], { encoding: "utf8" })).toBe("");
    const second = await scene.toka(["up", "--once", "--json"]);
    const summary = summaryOf(second, 1);
    expect(summary.owed).toMatchObject([{ agent: "caller", tool: "outside" }]);
    expect(summary.verify).toEqual({ ok: true });
    const log = await scene.toka(["log", "--kind", "effect"]);
    expect(log.stdout.match(/effect\.start /gu)).toHaveLength(1);
    expect((await scene.toka(["status"])).stdout).toContain("owed: 1");
    const [effect] = (await scene.toka(["owed"])).stdout.split("\t");
    const abandoned = await scene.toka(["owed", "abandon", effect ?? "", "--reason", "the other side never saw it"]);
    expect(abandoned).toMatchObject({ code: 0, stderr: "" });
    expect(abandoned.stdout).toContain(`effect ${effect ?? ""}`);
    expect(await scene.toka(["owed"])).toMatchObject({ code: 0, stdout: "", stderr: "nothing is owed\n" });
    const story = await scene.toka(["log", "--kind", "effect.abandon", "--json"]);
    expect(story.stdout).toContain("the other side never saw it");
    expect((await scene.toka(["verify"])).stdout).toContain("verify: OK");
  });
});

describe("a disk that is full", () => {
  beforeEach((context) => context.skip(!asRoot, "only root can mount a small disk"));

  let small: string;
  beforeEach(() => {
    small = join(scene.dir, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1500k", "tmpfs", small]);
  });
  afterEach(() => void execFileSync("umount", ["-l", small]));

  test("ends toka up with a clear message, and nothing is lost when there is room again", async () => {
    const vault = join(small, "vault");
    const args = ["--once", "--json", "--vault", vault, "--crew", tallyCrew];
    expect((await scene.toka(["exec", "--vault", vault, "--", "true"])).code).toBe(0);
    const before = (await scene.toka(["log", "--json", "--vault", vault])).stdout;
    // All but the last few blocks.
    execFileSync("sh", [
      "-c",
      `head -c 100m /dev/zero > ${small}/ballast 2>/dev/null || true; truncate -s -40k ${small}/ballast`,
    ]);
    const full = await scene.toka(["up", ...args]);
    expect(full.code, full.stdout).toBe(1);
    expect(full.stderr).toMatch(/space|full|disk/iu);
    expect(full.stderr).not.toContain("    at ");
    execFileSync("mount", ["-o", "remount,size=64m", small]);
    const after = (await scene.toka(["log", "--json", "--vault", vault])).stdout;
    expect(after.startsWith(before)).toBe(true);
    expect(summaryOf(await scene.toka(["up", ...args]), 0).verify).toEqual({ ok: true });
  });

  test("below the workspace: whoever changes it is told what could not be written, and it is there once there is room", async () => {
    const where = ["--vault", scene.vault, "--workspace", small];
    const ballast = (size: string): string => `head -c ${size} /dev/zero > ${small}/ballast`;
    const shell = async (script: string): Promise<Ended> =>
      scene.toka(["exec", ...where, "--", "sh", "-c", script], { cwd: small });
    execFileSync("sh", ["-c", ballast("1000k")]);
    const wrote = await shell("head -c 800k /dev/zero > made; echo kept > note");
    expect(wrote).toMatchObject({ code: 125, stdout: "" });
    expect(wrote.stderr).toMatch(
      /^toka: .*Cannot bring the changes of effect-\d+-0 into the tree: ENOSPC: .*next start/mu,
    );
    const still = await shell("true");
    expect(still.code).toBe(125);
    expect(still.stderr).toContain("ENOSPC");
    rmSync(join(small, "ballast"));
    expect(await shell("wc -c < made; cat note; rm made")).toMatchObject({ code: 0, stdout: "819200\nkept\n" });
    execFileSync("sh", ["-c", ballast("1000k")]);
    const [removal] = (await scene.toka(["changes", ...where, "--json"])).stdout
      .split("\n")
      .flatMap((line) => (line.includes('"deleted"') ? [JSON.parse(line) as { effect: string }] : []));
    const undo = ["undo", ...where, removal?.effect ?? "none"];
    const undone = await scene.toka(undo, { cwd: small });
    expect(undone).toMatchObject({ code: 1, stdout: "" });
    expect(undone.stderr).toContain("ENOSPC");
    rmSync(join(small, "ballast"));
    expect(await shell("wc -c < made; ls -A")).toMatchObject({ code: 0, stdout: "819200\nmade\nnote\n" });
    expect((await scene.toka(undo, { cwd: small })).stderr).toContain("already");
    expect((await scene.toka(["verify", ...where])).code).toBe(0);
  });
});

describe("a vault in an odd place", () => {
  test("is one vault whichever way leads to it, and works where a socket's address would be too long", async () => {
    const deep = join(scene.dir, "d".repeat(100), "e".repeat(100));
    mkdirSync(deep, { recursive: true });
    symlinkSync(deep, join(scene.dir, "short"));
    const up = scene.start(["up", "--vault", join(deep, "vault"), "--crew", tallyCrew]);
    await up.says("serving on");
    const status = await scene.toka(["status", "--json", "--vault", join(scene.dir, "short/vault")]);
    expect(JSON.parse(status.stdout)).toMatchObject({ served: { pid: up.pid }, vault: { dir: join(deep, "vault") } });
    up.kill("SIGTERM");
    await up.ended;
  });
});
