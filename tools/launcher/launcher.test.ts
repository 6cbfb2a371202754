/** The launcher, on machines that have what it needs and on machines that do not. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ended, makeClone, type Clone, type Started } from "./clone.ts";

let clone: Clone;

beforeEach(() => {
  clone = makeClone();
});

afterEach(() => {
  clone.remove();
});

function told({ stdout }: Started): {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly flags: readonly string[];
} {
  const value: unknown = JSON.parse(stdout);
  return value as { args: string[]; cwd: string; flags: string[] };
}

function installs(): readonly string[] {
  return clone.diary().filter((line) => line.startsWith("npm ci"));
}

test("launcher installs and passes everything on when started first", async () => {
  const started = await clone.start(["up", "--workspace", "a b", ""]);
  expect(started).toMatchObject({ code: 0, stderr: expect.stringContaining("installing packages") });
  expect(told(started)).toMatchObject({ args: ["up", "--workspace", "a b", ""], cwd: clone.root });
  expect(told(started).flags).toContain("--conditions=toka-source");
  expect(installs()).toEqual([expect.stringMatching(/--ignore-scripts.*--omit=dev/)]);
});

test("launcher installs nothing and needs no npm when started again", async () => {
  await clone.start(["status"]);
  clone.without("npm");
  clone.without("node");
  const again = await clone.start(["status"]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(installs()).toHaveLength(1);
});

test("launcher keeps the caller's folder when started from elsewhere through symbolic links", async () => {
  const elsewhere = join(clone.root, "..", "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync(join("..", "a clone", "toka"), join(elsewhere, "first"));
  symlinkSync("first", join(elsewhere, "second"));
  const started = await clone.start(["log"], { cwd: elsewhere, file: join(elsewhere, "second") });
  expect(told(started)).toMatchObject({ args: ["log"], cwd: join(clone.root, "..", "elsewhere") });
  expect(existsSync(join(clone.root, "node_modules", ".toka-installed"))).toBe(true);
});

test("launcher installs again when the lock has changed", async () => {
  await clone.start(["status"]);
  appendFileSync(join(clone.root, "package-lock.json"), "\n");
  expect(await clone.start(["status"])).toMatchObject({ code: 0 });
  expect(installs()).toHaveLength(2);
});

test("launcher adds the development packages when the gate is started, and keeps them", async () => {
  await clone.start(["status"]);
  expect(told(await clone.start(["test", "packages/store"])).args).toEqual(["packages/store"]);
  expect(installs()).toEqual([expect.stringContaining("--omit=dev"), expect.stringContaining("--include=dev")]);
  await clone.start(["status"]);
  expect(installs()).toHaveLength(2);
  appendFileSync(join(clone.root, "package-lock.json"), "\n");
  await clone.start(["status"]);
  expect(installs().at(-1)).toContain("--include=dev");
});

test("launcher keeps the old packages and says so when npm fails", async () => {
  await clone.start(["status"]);
  appendFileSync(join(clone.root, "package-lock.json"), "\n");
  writeFileSync(join(clone.root, "offline"), "");
  const failed = await clone.start(["status"]);
  expect(failed).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("Cannot install the packages") });
  expect(existsSync(join(clone.root, "node_modules", ".toka-installed"))).toBe(true);
  rmSync(join(clone.root, "offline"));
  expect(await clone.start(["status"])).toMatchObject({ code: 0 });
});

test("launcher starts over when an installation was killed", async () => {
  writeFileSync(join(clone.root, "killed"), "");
  expect((await clone.start(["status"])).code).not.toBe(0);
  expect(existsSync(join(clone.root, "node_modules"))).toBe(false);
  rmSync(join(clone.root, "killed"));
  expect(await clone.start(["status"])).toMatchObject({ code: 0 });
  expect(installs()).toHaveLength(2);
});

test("launcher replaces packages that carry no stamp", async () => {
  mkdirSync(join(clone.root, "node_modules", "half"), { recursive: true });
  expect(await clone.start(["status"])).toMatchObject({ code: 0 });
  expect(existsSync(join(clone.root, "node_modules", "half"))).toBe(false);
});

test("launcher installs once when two are started at a time", async () => {
  const gate = join(clone.root, "gate");
  execFileSync("mkfifo", [gate]);
  const first = ended(clone.spawn(["status"]));
  await vi.waitFor(() => expect(installs()).toHaveLength(1), { timeout: 20_000 });
  const second = ended(clone.spawn(["status"]));
  const inode = statSync(clone.root).ino;
  // The kernel lists who waits for which lock: only then has the second one really met the first.
  await vi.waitFor(() => expect(readFileSync("/proc/locks", "utf8")).toMatch(new RegExp(`-> FLOCK.*:${inode} `)), {
    timeout: 20_000,
  });
  writeFileSync(gate, "go");
  expect([await first, await second]).toEqual([
    expect.objectContaining({ code: 0 }),
    expect.objectContaining({ code: 0 }),
  ]);
  expect(installs()).toHaveLength(1);
});

test.each([
  ["node is missing", () => clone.without("node"), "Cannot install: node is not on the PATH; install Node 20 or newer"],
  ["npm is missing", () => clone.without("npm"), "Cannot install: npm is not on the PATH; install npm"],
  ["node is old", () => clone.script("node", "echo v18.20.4"), "Cannot install: node is v18.20.4, wanted v20 or newer"],
  ["the processor is another", () => clone.script("uname", '[ "$1" = -s ] && echo Linux || echo riscv64'), "(riscv64)"],
])("launcher names the remedy when %s", async (_name, prepare, message) => {
  prepare();
  expect(await clone.start(["status"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining(message),
  });
});

const plain = "echo 1000";
const apt = 'printf "apt-get %s\\n" "$*" >>"$DIARY"';

test("launcher names the command when bubblewrap is missing and it may not install", async () => {
  clone.without("bwrap");
  clone.script("id", plain);
  clone.script("apt-get", apt);
  const up = await clone.start(["up"]);
  expect(up).toMatchObject({ code: 1, stdout: "" });
  expect(up.stderr).toContain("bubblewrap is missing; run: sudo apt-get install -y bubblewrap");
  expect(await clone.start(["exec", "--", "true"])).toMatchObject({ code: 125 });
  expect(await clone.start(["status"])).toMatchObject({ code: 0 });
  expect(clone.diary().some((line) => line.startsWith("apt-get"))).toBe(false);
});

test.each([
  ["it is root", () => clone.script("id", "echo 0")],
  [
    "sudo asks for no password",
    () => {
      clone.script("id", plain);
      clone.script("sudo", '[ "$1" = -n ] && shift && exec "$@"');
    },
  ],
])("launcher installs bubblewrap when %s", async (_name, prepare) => {
  clone.without("bwrap");
  prepare();
  clone.script("apt-get", apt);
  expect(await clone.start(["up"])).toMatchObject({ code: 0 });
  expect(clone.diary().filter((line) => line.startsWith("apt-get"))).toEqual([
    expect.stringMatching(/ install -y --no-install-recommends bubblewrap$/),
  ]);
});

test("launcher fetches the package lists when the first try fails", async () => {
  clone.without("bwrap");
  clone.script("id", "echo 0");
  clone.script("apt-get", `${apt}\n[ -e "$CLONE/lists" ] || { [ "$1" = update ] && touch "$CLONE/lists"; }`);
  expect(await clone.start(["up"])).toMatchObject({ code: 0 });
  const calls = clone.diary().filter((line) => line.startsWith("apt-get"));
  expect(calls.map((line) => /\b(install|update)\b/.exec(line)?.[0])).toEqual(["install", "update", "install"]);
});

test.each(["dnf", "pacman", "zypper", "apk"])("launcher asks %s when that is what the machine has", async (name) => {
  clone.without("bwrap");
  clone.script("id", "echo 0");
  clone.script(name, `printf '${name} %s\\n' "$*" >>"$DIARY"`);
  expect(await clone.start(["up"])).toMatchObject({ code: 0 });
  expect(clone.diary().filter((line) => line.startsWith(name))).toEqual([expect.stringMatching(/ bubblewrap$/)]);
});

test.each([
  ["Darwin", "up", 1],
  ["Darwin", "run a.yaml", 1],
  ["Darwin", "serve", 1],
  ["Darwin", "tool run x", 1],
  ["Darwin", "exec", 125],
  ["MINGW64_NT-10.0", "up", 1],
])("launcher refuses native programs on %s when asked for %s", async (system, command, code) => {
  clone.script("uname", `[ "$1" = -s ] && echo ${system} || echo x86_64`);
  const refused = await clone.start(command.split(" "));
  expect(refused).toMatchObject({ code, stdout: "" });
  expect(refused.stderr.trimEnd().split("\n")).toEqual([
    `toka: Cannot run native programs on ${system}: they are refused until a sandbox for it exists; use Linux`,
  ]);
  expect(clone.diary()).toEqual([]);
});

test.each(["up --help", "run a.yaml --dry-run", "tool list", "verify"])(
  "launcher needs no sandbox when asked for %s",
  async (command) => {
    clone.without("bwrap");
    clone.script("id", "echo 1000");
    expect(await clone.start(command.split(" "))).toMatchObject({ code: 0 });
  },
);
