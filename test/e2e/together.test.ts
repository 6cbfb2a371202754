/** Commands at the same time: none corrupts what another does, none waits for long, and who waits says for whom. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createScene, type Ended, type Scene } from "./harness/scene.ts";

/** Each test waits for a dozen processes or two, which on a busy machine start one after the other. */
const timeout = 180_000;

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

async function done(args: readonly string[], stdin: string = ""): Promise<string> {
  const ended = await scene.toka(args, { stdin });
  expectDone(args, ended);
  return ended.stdout;
}

function expectDone(args: readonly string[], { code, stdout, stderr }: Ended): void {
  expect(code, `toka ${args.join(" ")}: ${stderr}${stdout}`).toBe(0);
}

/** Mixed commands, each with what it reads: they write, keep a secret, perform, and only look. */
function mixed(round: string): readonly (readonly [readonly string[], string])[] {
  return [
    [["alert", "raise", `one.${round}`, "a title", "--text", "-"], "a long text"],
    [["secret", "set", `first-${round}`], `value-of-first-${round}`],
    [["exec", "--", "sh", "-c", `echo ${round} > file-${round}`], ""],
    [["log", "--json"], ""],
    [["secret", "set", `second-${round}`], `value-of-second-${round}`],
    [["verify", "--json"], ""],
  ];
}

/** Nothing is missing, nothing is there twice, and every look at the log was a whole beginning of it. */
async function expectWhole(rounds: readonly string[], looks: readonly string[]): Promise<void> {
  const log = await done(["log", "--json"]);
  const lines = log.trimEnd().split("\n");
  for (const code of rounds.map((round) => `one.${round}`)) {
    expect(lines.filter((line) => line.includes('"alert.raise"') && line.includes(`"${code}"`))).toHaveLength(1);
  }
  // The first made the vault.
  expect(lines.filter((line) => line.includes('"effect.request"'))).toHaveLength(1 + rounds.length);
  const { secrets } = JSON.parse(await done(["secret", "list", "--json"])) as { secrets: readonly { name: string }[] };
  const names = rounds.flatMap((round) => [`first-${round}`, `second-${round}`]);
  expect(secrets.map(({ name }) => name)).toEqual(["early", ...names].toSorted());
  for (const look of looks) expect(log.startsWith(look)).toBe(true);
  for (const round of rounds) expect(readFileSync(join(scene.workspace, `file-${round}`), "utf8")).toBe(`${round}\n`);
  expect(JSON.parse(await done(["verify", "--json"]))).toMatchObject({ ok: true });
}

/** Two at once: both make the vault, or find that the other has. */
async function begin(): Promise<void> {
  await Promise.all([done(["secret", "set", "early"], "value-of-early-1"), done(["exec", "--", "true"])]);
}

async function together(rounds: readonly string[]): Promise<readonly string[]> {
  const commands = rounds.flatMap((round) => mixed(round));
  const ended = await Promise.all(
    commands.map(async ([args, stdin]) => [args, await scene.toka(args, { stdin })] as const),
  );
  for (const [args, end] of ended) expectDone(args, end);
  return ended.flatMap(([[noun], { stdout }]) => (noun === "log" ? [stdout] : []));
}

describe("commands at the same time", () => {
  test("take their turns when nobody serves, from the very first, which makes the vault", { timeout }, async () => {
    await begin();
    await expectWhole(["a"], await together(["a"]));
  });

  test(
    "are all answered by the process that serves, and so are those that come while it ends",
    { timeout },
    async () => {
      await begin();
      const first = scene.start(["serve"]);
      const second = scene.start(["serve"]);
      // Of two that would serve one does, and the other says who.
      const [server, other] = await Promise.race([
        first.ended.then(() => [second, first] as const),
        second.ended.then(() => [first, second] as const),
      ]);
      const refused = await other.ended;
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(new RegExp(`(?:process ${server.pid}|another process) has the vault`, "u"));
      const looks = [...(await together(["a"]))];
      const late = together(["b"]);
      server.kill("SIGTERM");
      expect(await server.ended).toMatchObject({ code: 0 });
      looks.push(...(await late));
      await expectWhole(["a", "b"], looks);
      expect(existsSync(join(scene.vault, "socket"))).toBe(false);
    },
  );

  test("say what they wait for, and go on when it is free", { timeout }, async () => {
    await done(["exec", "--", "true"]);
    const holder = new DatabaseSync(join(scene.vault, "lock"));
    holder.exec("BEGIN EXCLUSIVE");
    const waiting = [scene.start(["alert", "raise", "late.one", "a title"]), scene.start(["serve"])];
    const words = `, which has the vault ${scene.vault} open and does not serve it`;
    for (const said of await Promise.all(waiting.map(async (one) => one.says(words)))) {
      // Where the kernel does not tell the process, it is another one.
      expect(said).toMatch(new RegExp(`waiting for (?:process ${process.pid}|another process),`, "u"));
    }
    holder.close();
    const [command, server] = waiting;
    expectDone(["alert", "raise"], (await command?.ended) ?? { code: null, signal: null, stdout: "", stderr: "" });
    await server?.says("until Ctrl-C");
    server?.kill("SIGTERM");
    expect((await server?.ended)?.code).toBe(0);
    expect(await done(["log", "--json"])).toContain('"late.one"');
  });
});
