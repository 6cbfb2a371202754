/** Approvals, messages, observations and alerts as an operator meets them: real processes, one vault. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { writePushers } from "./harness/pushers.ts";
import { createScene, type Ended, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

async function done(args: readonly string[], stdin?: string): Promise<Ended> {
  const ended = await scene.toka(args, stdin === undefined ? {} : { stdin });
  expect(ended.code, `toka ${args.join(" ")}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended;
}

async function answer(args: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await done([...args, "--json"])).stdout) as Record<string, unknown>;
}

test("an effect that needs an approval runs when somebody has seen exactly what will run, and allowed it", async () => {
  const folder = writePushers(scene.workspace);
  const run = scene.start(["run", folder]);
  await run.says("pusher: waits for an approval");
  const listed = (await done(["approval", "list"])).stdout.split("\t");
  const effect = listed[0] ?? "";
  expect(listed.slice(1, 4)).toEqual(["pusher", "push for push", "privileged"]);
  const shown = (await done(["approval", "show", effect])).stdout;
  expect(shown).toContain(`| {"folder":"${scene.vault}/out/pushers","text":"the text \\u001b[2J"}`);
  expect(shown).toContain(`fs.write:${scene.vault}/out/pushers`);
  expect(shown).toMatch(/program: sha256:/u);
  const details = await answer(["approval", "show", effect]);
  expect(JSON.parse(String((details["arguments"] as { text: string }).text))).toEqual({
    folder: `${scene.vault}/out/pushers`,
    text: "the text \u001b[2J",
  });
  const allowed = await scene.toka(["approval", "answer", effect, "allow", "--reason", "I looked at it", "--json"]);
  expect(JSON.parse(allowed.stdout)).toMatchObject({ ok: true, events: [{ type: "approval.allowed", effect }] });
  const ended = await run.ended;
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(readFileSync(join(scene.vault, "out/pushers/pushed"), "utf8")).toContain("the text");
  const settled = (await done(["log", "--kind", "effect.settle"])).stdout.trim().split(/\s+/u)[0] ?? "";
  const why = (await done(["why", settled])).stdout;
  expect(why).toMatch(/approval: allow by principal-1-1 \(root\), entry \d+: I looked at it/u);
  const again = await scene.toka(["approval", "answer", effect, "allow", "--reason", "twice"]);
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain(`Cannot find the awaited effect ${effect}`);
});

test("an effect that is denied never runs, and the answer's reason stands in the log", async () => {
  const folder = writePushers(scene.workspace);
  const run = scene.start(["run", folder]);
  await run.says("pusher: waits for an approval");
  const [effect = ""] = (await done(["approval", "list"])).stdout.split("\t");
  const denied = await answer(["approval", "answer", effect, "deny", "--reason", "not on a Friday"]);
  const why = await done(["log", "--json", "--after", String(Number(denied["position"]) - 1)]);
  expect(why.stdout.split("\n")[0]).toContain("not on a Friday");
  expect((await run.ended).code).toBe(1);
  expect((await done(["log", "--kind", "effect.start"])).stdout).toBe("");
});

test("messages, observations and alerts are there for the next invocation as they were given", async () => {
  await done(["agent", "new", "greeter"]);
  await done(["agent", "spawn", "greeter"]);
  const text = "mind the gap\n\u001b[31mred\u202e";
  await done(["message", "send", "-", "--to", "greeter"], text);
  expect(await answer(["message", "list"])).toMatchObject({
    total: 1,
    messages: [{ toName: "greeter", sender: expect.any(String) as string, topic: null, says: { text } }],
  });
  const line = (await done(["message", "list", "--to", "greeter"])).stdout;
  expect(line).toContain("mind the gap\\n\\x1b[31mred\\u202e");
  await done([
    "observation",
    "emit",
    "finding",
    "cold",
    "--agent",
    "greeter",
    "--confidence",
    "0.85",
    "--meta",
    "n=3",
    "ok=true",
    "x=y=z",
  ]);
  expect(await answer(["observation", "list"])).toMatchObject({
    observations: [
      {
        kind: "finding",
        confidencePermille: 850,
        metadata: [
          { name: "n", value: 3 },
          { name: "ok", value: true },
          { name: "x", value: "y=z" },
        ],
      },
    ],
  });
  await done(["alert", "raise", "disk.full", "the disk is full", "--severity", "error"]);
  expect((await done(["alert", "list"])).stdout).toMatch(/^\d+\t\S+\terror\tdisk\.full\tthe disk is full\n$/u);
  for (const [args, says] of [
    [["message", "send", "hello"], "give --to AGENT or --topic NAME"],
    [["observation", "emit", "finding", "x", "--confidence", "1.1"], "wanted a number from 0 to 1"],
    [["observation", "emit", "finding", "x", "--meta", "pair"], "wanted NAME=VALUE"],
    [["alert", "raise", "x", "y", "--severity", "eror"], 'did you mean "error"?'],
  ] as const) {
    const ended = await scene.toka(args);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
  }
});
