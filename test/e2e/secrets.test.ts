/** A canary in the secret store: real processes print it, write it, fail with it, are asked for it, and die with it in their hands. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { git } from "./harness/repository.ts";
import { createScene, type Ended, type Scene } from "./harness/scene.ts";

const canary = "c4n4ry-Zx9~q7Lw/Vt8k+";

/** What every one of its spellings holds, whoever wrote it: itself, base64 wherever it falls, hex, percent. */
const traces = [
  "c4n4ry",
  "NG40cnktWng5fnE3THcvVnQ4",
  "bjRyeS1aeDl-cTdMdy9WdDh",
  "YzRuNHJ5LVp4OX5xN0x3L1Z0",
  Buffer.from("c4n4ry-Zx9").toString("hex"),
  Buffer.from("c4n4ry-Zx9").toString("hex").toUpperCase(),
  "%63%34%6e%34",
];

/** Each test waits for two dozen processes, which on a busy machine start one after the other. */
const timeout = 180_000;

let scene: Scene;
let key: string;
beforeEach(() => {
  scene = createScene();
  key = randomBytes(32).toString("base64");
});
afterEach(async () => scene.close());

async function toka(args: readonly string[], stdin: string = ""): Promise<Ended> {
  return scene.toka(args, { stdin, env: { TOKA_SECRET_KEY: key } });
}

async function done(args: readonly string[], stdin: string = ""): Promise<string> {
  const { code, stdout, stderr } = await toka(args, stdin);
  expect(code, `toka ${args.join(" ")}: ${stderr}${stdout}`).toBe(0);
  return stdout;
}

function tracesIn(text: string | Uint8Array): readonly string[] {
  const bytes = Buffer.from(text);
  return traces.filter((one) => bytes.includes(one));
}

/** The files under a folder that hold a trace, in their bytes or their names. */
function filesWithTraces(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return tracesIn(name).length > 0 || (statSync(path).isFile() && tracesIn(readFileSync(path)).length > 0);
  });
}

/** A repository whose every kind of thing that the crew looks at holds the canary. */
function makeRepositoryWithCanary(): void {
  const { workspace } = scene;
  writeFileSync(join(workspace, "README.md"), `# ${canary}\n\n[a](./${canary}) [b](#${canary})\n\nTODO ${canary}\n`);
  writeFileSync(join(workspace, "package.json"), JSON.stringify({ name: "x", scripts: { a: canary }, main: canary }));
  writeFileSync(join(workspace, ".env"), canary);
  writeFileSync(join(workspace, "main.py"), `API_KEY = "${canary}"\n`);
  writeFileSync(join(workspace, "broken.json"), `{"${canary}": ${canary}}`);
  git(workspace, ["init", "-q"]);
  git(workspace, ["add", "-A"]);
  git(workspace, ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", canary]);
}

/** The environment of every process that descends from another, as the kernel shows it. */
function environmentsBelow(pid: number): readonly string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/u.test(name)) continue;
    const status = read(`/proc/${name}/status`);
    parents.set(Number(name), Number(/^PPid:\t(\d+)$/mu.exec(status)?.[1] ?? 0));
  }
  const below: number[] = [];
  for (let next = [pid]; next.length > 0; below.push(...next)) {
    next = [...parents].flatMap(([child, parent]) => (next.includes(parent) ? [child] : []));
  }
  return below.map((one) => read(`/proc/${one}/environ`));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

describe("a canary in the secret store", () => {
  test(
    "comes out of no answer, and into no file but those that programs wrote from files that hold it",
    { timeout },
    async () => {
      makeRepositoryWithCanary();
      await done(["secret", "set", "canary"], canary);
      const said = [
        await done(["up", "--once"]),
        await done(["log", "--json"]),
        await done(["query-state", "--json"]),
        await done(["changes", "--json"]),
        await done(["status", "--json"]),
        await done(["verify", "--json"]),
      ];
      for (const text of said) expect(tracesIn(text)).toEqual([]);
      expect(said[1]).toContain("effect.settle");
      // A deliverable is a program's own file, whose digest is evidence: it quotes what the program read, and the log does not.
      const quoting = filesWithTraces(scene.vault);
      expect(quoting).toContain("out/repo-care/report.md");
      expect(quoting.filter((name) => !name.startsWith("out/repo-care/"))).toEqual([]);
    },
  );

  test(
    "comes out of no program, answer, alert or environment of a process that serves, nor is left when it is killed",
    { timeout },
    async () => {
      const { workspace, dir, vault } = scene;
      writeFileSync(join(workspace, ".env"), canary);
      const told = join(dir, "told");
      const sink = { name: "file", command: ["/bin/sh", "-c", `cat >> ${told}; env >> ${told}`] };
      writeFileSync(join(dir, "alerts.yaml"), JSON.stringify({ sinks: [sink] }));
      await done(["secret", "set", "canary"], canary);
      const server = scene.start(["serve", "--port", "0", "--alerts", join(dir, "alerts.yaml")], {
        env: { TOKA_SECRET_KEY: key },
      });
      await server.says("until Ctrl-C");
      const script = `cat .env; cat .env >&2; base64 .env; printf x | cat - .env | base64; printf xx | cat - .env | base64
      od -An -v -tx1 .env; xxd -p .env; head -c 9 .env; tail -c +10 .env; env; cat /proc/*/environ; exit 3`;
      const said = [
        await toka(["exec", "--", "sh", "-c", script]),
        await toka(["exec", "--", canary]),
        await toka(["exec", "--", "cat"], canary),
        await toka(["alert", "raise", "disk.full", canary, "--text", `the disk ${canary} is full`]),
        await toka(["alert", "list", "--json"]),
        await toka(["undo", canary]),
        await toka(["why", "12"]),
      ];
      expect(said[0]).toMatchObject({ code: 3 });
      const { stdout: token } = await toka(["token", "mint", "--subject", "reader", "vault.read:*", "vault.admin:*"]);
      const [base = ""] = JSON.parse(readFileSync(join(vault, "address"), "utf8")).addresses as string[];
      const headers = { authorization: `Bearer ${token.trim()}`, "content-type": "application/json" };
      const ask = async (path: string, body?: string): Promise<string> => {
        const post = body === undefined ? {} : { method: "POST", body };
        return (await fetch(base + path, { headers, ...post })).text();
      };
      const operation = { type: "principal.register", name: canary, kind: "person" };
      const answers = [
        await ask("/v1/status"),
        await ask("/v1/log?after=0&follow=false"),
        await ask("/v1/state/grants"),
        await ask("/v1/secrets"),
        await ask("/v1/operate", JSON.stringify({ operation, contents: {} })),
        await ask("/v1/undo", JSON.stringify({ target: canary })),
      ];
      expect(answers[1]).toContain("alert.raise");
      for (const text of [...answers, ...said.map((one) => one.stdout + one.stderr)])
        expect(tracesIn(text)).toEqual([]);
      const underWay = scene.start(["exec", "--", "sh", "-c", "cp .env copy; cat .env; echo begun; exec sleep 60"]);
      await underWay.says("begun");
      const environments = environmentsBelow(server.pid);
      expect(environments.some((one) => one.includes("TOKA_EFFECT="))).toBe(true);
      for (const one of environments) expect(one.includes(key) || tracesIn(one).length > 0).toBe(false);
      server.kill("SIGKILL");
      const { stdout, stderr } = await server.ended;
      expect(tracesIn(stdout + stderr + (await underWay.ended).stderr)).toEqual([]);
      expect(existsSync(told)).toBe(true);
      expect(tracesIn(readFileSync(told)).length > 0 || readFileSync(told, "utf8").includes(key)).toBe(false);
      // What the program had written and nobody had taken over goes when the vault is opened again.
      await done(["exec", "--", "true"]);
      await done(["verify"]);
      expect(filesWithTraces(vault)).toEqual([]);
    },
  );
});
