/** `toka exec`: one program in the box, with and without a process that holds the vault. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createScene, type Running, type Scene } from "./harness/scene.ts";
import { tallyCrew } from "./harness/kill.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

const entries = async (
  args: readonly string[] = [],
): Promise<readonly { operation: { type: string }; outcome: object }[]> => {
  const { stdout } = await scene.toka(["log", "--json", ...args]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { operation: { type: string }; outcome: object });
};

describe("toka exec", () => {
  test("passes output, errors, standard input and the exit code through", async () => {
    const ended = await scene.toka(["exec", "--", "sh", "-c", "cat; echo problem >&2; exit 7"], { stdin: "given\n" });
    expect(ended).toMatchObject({ code: 7, stdout: "given\n", stderr: "problem\n" });
  });

  test("passes bytes as they are when they are no text", async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
    writeFileSync(join(scene.workspace, "bytes"), bytes);
    const ended = await scene.toka(["exec", "--", "sh", "-c", "sha256sum; sha256sum bytes"], { stdin: bytes });
    const digest = createHash("sha256").update(bytes).digest("hex");
    expect(ended.stdout).toBe(`${digest}  -\n${digest}  bytes\n`);
  });

  test("leaves an entry for the request and the settlement, with what it used", async () => {
    expect((await scene.toka(["exec", "--", "true"])).code).toBe(0);
    const kinds = (await entries()).map((entry) => entry.operation.type);
    expect(kinds).toContain("effect.request");
    const settled = (await entries(["--kind", "effect.settle"])).at(-1);
    expect(settled?.operation).toMatchObject({
      type: "effect.settle",
      outcome: "succeeded",
      usage: { wallMs: expect.any(Number) as unknown },
    });
  });

  test("answers 127 when there is no such program and 126 when it cannot be started", async () => {
    expect(await scene.toka(["exec", "--", "no-such-program-here"])).toMatchObject({ code: 127, stdout: "" });
    writeFileSync(join(scene.workspace, "data"), "no program\n");
    expect(await scene.toka(["exec", "--", "./data"])).toMatchObject({ code: 126, stdout: "" });
  });

  test("answers 128 and the signal's number when a signal ended the program", async () => {
    expect((await scene.toka(["exec", "--", "sh", "-c", "kill -TERM $$"])).code).toBe(128 + 15);
  });

  test("writes into the workspace, starts in the folder it was called in, and says what changed", async () => {
    mkdirSync(join(scene.workspace, "sub"));
    writeFileSync(join(scene.workspace, "old"), "1\n");
    const program = "pwd; echo new > made; rm ../old";
    const ended = await scene.toka(["exec", "--workspace", scene.workspace, "--", "sh", "-c", program], {
      cwd: join(scene.workspace, "sub"),
    });
    expect(ended).toMatchObject({ code: 0, stdout: `${join(scene.workspace, "sub")}\n` });
    expect(readFileSync(join(scene.workspace, "sub/made"), "utf8")).toBe("new\n");
    expect(existsSync(join(scene.workspace, "old"))).toBe(false);
    expect((await entries(["--kind", "effect.settle"])).at(-1)?.operation).toMatchObject({ changed: 2 });
  });

  test("ends the program at its timeout, keeps nothing of it and answers 125", async () => {
    const ended = await scene.toka(["exec", "--timeout", "1", "--", "sh", "-c", "echo x > made; sleep 60"]);
    expect(ended.code).toBe(125);
    expect(ended.stderr).toMatch(/time/u);
    expect(existsSync(join(scene.workspace, "made"))).toBe(false);
  });

  test("ends the program when it is interrupted, keeps nothing of it and answers 125", async () => {
    const running = scene.start(["exec", "--", "sh", "-c", "echo x > made; echo ready; exec sleep 61.5"]);
    await running.says("ready");
    running.kill("SIGINT");
    expect((await running.ended).code).toBe(125);
    expect(existsSync(join(scene.workspace, "made"))).toBe(false);
    expect((await scene.toka(["verify"])).code).toBe(0);
  });
});

describe("the box of toka exec", () => {
  test("shows nothing outside the workspace, not even through a link, unless the grant says so", async () => {
    const secret = join(scene.dir, "secret");
    writeFileSync(secret, "hush\n");
    symlinkSync(secret, join(scene.workspace, "link"));
    for (const path of [secret, "link", "../secret"]) {
      const ended = await scene.toka(["exec", "--", "cat", path]);
      expect(ended.stdout).toBe("");
      expect(ended.code).toBe(1);
    }
    const granted = await scene.toka(["exec", "--grant", JSON.stringify([`fs.read:${secret}`]), "--", "cat", secret]);
    expect(granted).toMatchObject({ code: 0, stdout: "hush\n" });
  });

  test("writes nothing outside what the grant says, and reads are not writes", async () => {
    writeFileSync(join(scene.workspace, "kept"), "before\n");
    const grant = JSON.stringify([`fs.read:${scene.workspace}/**`]);
    const ended = await scene.toka(["exec", "--grant", grant, "--", "sh", "-c", "echo after > kept"]);
    expect(ended.code).not.toBe(0);
    expect(readFileSync(join(scene.workspace, "kept"), "utf8")).toBe("before\n");
  });

  test("reads a grant from a file", async () => {
    const file = join(scene.dir, "grant.json");
    writeFileSync(file, JSON.stringify([`fs.read:${scene.workspace}/**`]));
    writeFileSync(join(scene.workspace, "here"), "seen\n");
    expect(await scene.toka(["exec", "--grant", file, "--", "cat", "here"])).toMatchObject({
      code: 0,
      stdout: "seen\n",
    });
  });

  test("reaches no listener of this machine", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const connect = `use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or die; connect(S, sockaddr_in(${port}, inet_aton("127.0.0.1"))) or die "no: $!"`;
    const inside = await scene.toka(["exec", "--", "perl", "-e", connect]);
    expect(inside.code).not.toBe(0);
    expect(connections).toBe(0);
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });

  test("refuses a network grant by name, with a kernel entry or a clear failure, and answers 125", async () => {
    const ended = await scene.toka(["exec", "--grant", '["net.connect:example.com:443"]', "--", "true"]);
    expect(ended.code).toBe(125);
    expect(ended.stderr).toMatch(/network|net\.connect/u);
  });

  test("carries none of the caller's environment", async () => {
    const ended = await scene.toka(["exec", "--", "env"], {
      env: { TOKA_TEST_SECRET: "hush", AWS_SECRET_ACCESS_KEY: "hush" },
    });
    expect(ended.code).toBe(0);
    expect(ended.stdout).not.toContain("hush");
    expect(ended.stdout).not.toContain(scene.home);
  });

  test("hides the vault", async () => {
    const ended = await scene.toka([
      "exec",
      "--",
      "sh",
      "-c",
      "cat .toka/key .toka/log.db; ls -A .toka; echo x > .toka/planted",
    ]);
    expect(ended.stdout).toBe("");
    expect(existsSync(join(scene.vault, "planted"))).toBe(false);
    expect((await scene.toka(["verify"])).code).toBe(0);
  });

  test("keeps what is known of vaults and the keys of secrets from a program that may write the folder they lie in", async () => {
    expect((await scene.toka(["exec", "--", "true"])).code).toBe(0);
    expect((await scene.toka(["secret", "set", "door"], { stdin: "correct-horse-battery" })).code).toBe(0);
    const folder = join(scene.home, "toka");
    const known = join(folder, "known-vaults");
    const keys = join(folder, "secret-keys");
    const [key = "none"] = readdirSync(keys).map((name) => readFileSync(join(keys, name), "utf8"));
    const before = readFileSync(known, "utf8");
    const grant = JSON.stringify([`fs.read:${folder}/**`, `fs.write:${folder}/**`]);
    const script = `cat ${known}; rm -f ${known}; echo '{}' > ${known}; mv ${known} ${folder}/moved; cat ${keys}/*; rm -rf ${keys}; mv ${keys} ${folder}/gone; echo x > ${folder}/kept`;
    const ended = await scene.toka(["exec", "--grant", grant, "--", "sh", "-c", script]);
    expect(ended.stdout).not.toContain("vault");
    expect(ended.stdout).not.toContain(key.trim());
    expect(readdirSync(keys).map((name) => readFileSync(join(keys, name), "utf8"))).toEqual([key]);
    expect(existsSync(join(folder, "kept"))).toBe(true);
    expect(readFileSync(known, "utf8").slice(0, 60)).toBe(before.slice(0, 60));
    expect(await scene.toka(["verify"])).toMatchObject({ code: 0 });
  });

  test("works in a workspace whose path holds spaces, quotes and a line feed", async () => {
    const odd = join(scene.dir, "a b'\"\nc");
    mkdirSync(odd);
    const ended = await scene.toka(["exec", "--", "sh", "-c", "echo hello > out; cat out"], { cwd: odd });
    expect(ended).toMatchObject({ code: 0, stdout: "hello\n" });
    expect(readFileSync(join(odd, "out"), "utf8")).toBe("hello\n");
  });

  test("works in a folder that only its owner may enter", async () => {
    const closed = join(scene.dir, "closed");
    mkdirSync(closed);
    writeFileSync(join(closed, "private"), "mine\n", { mode: 0o600 });
    chmodSync(closed, 0o700);
    expect(await scene.toka(["exec", "--", "cat", "private"], { cwd: closed })).toMatchObject({
      code: 0,
      stdout: "mine\n",
    });
  });
});

describe("commands at once", () => {
  test("all get their turn and their own output when six of them meet a vault that is not there yet", async () => {
    const numbers = [1, 2, 3, 4, 5, 6];
    const ended = await Promise.all(
      numbers.map(async (number) =>
        scene.toka(["exec", "--", "sh", "-c", `echo ${number}; echo ${number} > made-${number}; exit ${number}`]),
      ),
    );
    expect(
      ended.map(({ code, stdout }) => ({ code, stdout })),
      ended.map(({ stderr }) => stderr).join(""),
    ).toEqual(numbers.map((number) => ({ code: number, stdout: `${number}\n` })));
    for (const number of numbers)
      expect(readFileSync(join(scene.workspace, `made-${number}`), "utf8")).toBe(`${number}\n`);
    expect(await entries(["--kind", "effect.settle"])).toHaveLength(numbers.length);
    expect((await scene.toka(["verify"])).code).toBe(0);
  });

  test("read while another runs, and say nothing of a crash when the one that served them is killed", async () => {
    const holder = scene.start(["exec", "--", "sh", "-c", "echo ready; exec sleep 65.5"]);
    await holder.says("ready");
    const status = JSON.parse((await scene.toka(["status", "--json"])).stdout) as {
      served: { pid: number };
      effectsInFlight: number;
    };
    expect(status).toMatchObject({ served: { pid: holder.pid }, effectsInFlight: 1 });
    const guest = scene.start(["exec", "--", "sh", "-c", "echo on; exec sleep 66.5"]);
    await guest.says("on");
    holder.kill("SIGKILL");
    await holder.ended;
    const lost = await guest.ended;
    expect(lost.code).toBe(125);
    expect(lost.stderr).toContain("Cannot reach the process that holds the vault");
    // Neither program goes on, and neither is begun again by the next process.
    expect((await scene.toka(["exec", "--", "true"])).code).toBe(0);
    const outcomes = (await entries(["--kind", "effect.settle"])).map(({ operation }) => operation);
    expect(outcomes).toMatchObject([{ outcome: "aborted" }, { outcome: "aborted" }, { outcome: "succeeded" }]);
  });
});

/** Of the status as JSON, what the tests read. */
interface HeldStatus {
  readonly served: { readonly pid: number } | null;
  readonly hostTimeMs: number;
}

describe("while another process holds the vault", () => {
  let holder: Running;
  beforeEach(async () => {
    holder = scene.start(["up", "--crew", tallyCrew, "--json"]);
    await holder.says('"ok":');
  });

  test("every command answers as if it held the vault itself", async () => {
    const first = await scene.toka(["exec", "--", "sh", "-c", "cat > made; echo problem >&2; exit 3"], {
      stdin: "given\n",
    });
    expect(first).toMatchObject({ code: 3, stderr: "problem\n" });
    expect(readFileSync(join(scene.workspace, "made"), "utf8")).toBe("given\n");
    const held = await answers();
    holder.kill("SIGTERM");
    expect((await holder.ended).code).toBe(0);
    const free = await answers();
    // A clean stop may add entries of its own at the end, never change what was there.
    expect(free.log.slice(0, held.log.length)).toEqual(held.log);
    expect(free.why).toBe(held.why);
    expect(free.filtered).toBe(held.filtered);
    expect(free.missing).toEqual(held.missing);
    // What differs by itself: where the log ends, who serves, and the hour.
    const lasting = { head: null, served: null, hostTimeMs: null };
    expect({ ...free.status, ...lasting }).toEqual({ ...held.status, ...lasting });
    expect(free.status.hostTimeMs).toBeGreaterThan(held.status.hostTimeMs);
    expect(held.status.served?.pid).toBe(holder.pid);
    expect(free.status.served).toBe(null);
  });

  test("a program ends and nothing of it is kept when its caller is killed", async () => {
    const running = scene.start(["exec", "--", "sh", "-c", "echo x > made; echo ready; exec sleep 62.5"]);
    await running.says("ready");
    running.kill("SIGKILL");
    await running.ended;
    const follower = scene.start(["log", "--follow", "--json", "--kind", "effect.settle"]);
    await follower.says('"outcome":"aborted"');
    follower.kill("SIGTERM");
    expect(existsSync(join(scene.workspace, "made"))).toBe(false);
  });

  async function answers(): Promise<{
    readonly log: readonly string[];
    readonly why: string;
    readonly filtered: string;
    readonly missing: { readonly code: number | null; readonly stderr: string };
    readonly status: HeldStatus;
  }> {
    const missing = await scene.toka(["why", "999999"]);
    return {
      log: (await scene.toka(["log", "--json"])).stdout.split("\n").slice(0, -1),
      why: (await scene.toka(["why", "3"])).stdout,
      filtered: (await scene.toka(["log", "--json", "--kind", "effect", "--agent", "first"])).stdout,
      missing: { code: missing.code, stderr: missing.stderr.replace(/1 to \d+/u, "") },
      status: JSON.parse((await scene.toka(["status", "--json"])).stdout) as HeldStatus,
    };
  }
});
