/** Policies and approvals as an operator and others meet them: real processes, one vault. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { writePushers } from "./harness/pushers.ts";
import { createScene, type Ended, type Running, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

async function done(args: readonly string[]): Promise<string> {
  const ended = await scene.toka(args);
  expect(ended.code, `toka ${args.join(" ")}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended.stdout;
}

async function enact(...policies: readonly string[]): Promise<void> {
  writeFileSync(join(scene.workspace, "policies.yaml"), `policies:\n${policies.map((one) => `  - ${one}\n`).join("")}`);
  await done(["policy", "set", "policies.yaml"]);
}

async function lastOf(kind: string): Promise<{ readonly position: number; readonly outcome: object }> {
  const lines = (await done(["log", "--kind", kind, "--json"])).trimEnd().split("\n");
  return JSON.parse(lines.at(-1) ?? "") as { position: number; outcome: object };
}

async function serving(...args: readonly string[]): Promise<Running> {
  const holder = scene.start(["serve", ...args]);
  await holder.says("serving");
  return holder;
}

const pushed = (): string => join(scene.vault, "out/pushers/pushed");

test("a policy set by one process is in force in another's session: deny outweighs allow, and allow alone is a standing answer", async () => {
  const crew = writePushers(scene.workspace);
  await serving("--no-port");
  await enact(
    `{ name: agreed, effect: allow, when: 'request.tool == "push"' }`,
    `{ name: frozen, effect: deny, when: 'request.claims.touches("fs.write:${scene.vault}/out/pushers/pushed")' }`,
  );
  expect((await scene.toka(["run", crew])).code).toBe(1);
  expect(existsSync(pushed())).toBe(false);
  const refused = await lastOf("effect.request");
  expect(refused.outcome).toMatchObject({ refusal: { code: "policy_denied", policy: { name: "frozen" } } });
  const why = await done(["why", String(refused.position)]);
  expect(why).toMatch(/policy: frozen \(deny\), from entry \d+: request\.claims\.touches/u);
  await done(["policy", "remove", "frozen"]);
  await done(["run", crew]);
  expect(readFileSync(pushed(), "utf8")).toContain("the text");
  const allowed = await done(["why", String((await lastOf("effect.request")).position)]);
  expect(allowed).toMatch(/policy: agreed \(allow\), from entry \d+: request\.tool == "push"/u);
  // What was decided under a policy that is gone is decided again to the same bytes.
  expect(await done(["verify"])).toContain("OK");
});

interface Caller {
  readonly post: (path: string, body: unknown) => Promise<string>;
}

/** Somebody else, over loopback, under a grant of his own. */
async function caller(name: string, permissions: readonly string[]): Promise<Caller> {
  return bearer((await done(["token", "mint", "--subject", name, ...permissions])).trim());
}

function bearer(token: string): Caller {
  const { addresses } = JSON.parse(readFileSync(join(scene.vault, "address"), "utf8")) as { addresses: string[] };
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return {
    post: async (path, body) => {
      const response = await fetch(`${addresses[0]}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return response.text();
    },
  };
}

test("a policy makes a program wait for an approval, and refuses the operator's own at once", async () => {
  await serving();
  await enact(`{ name: four-eyes, effect: require-approval, when: 'request.kind == "code"', within: 1h }`);
  const dashboard = await caller("dashboard", ["code.run:native", `fs.write:${scene.workspace}/**`]);
  await done(["budget", "carve", "dashboard", "--cpu", "60s", "--wall", "10m", "--memory", "2GB", "--disk", "1GB"]);
  const program = {
    argv: ["sh", "-c", "echo ran > made"],
    workspace: scene.workspace,
    cwd: scene.workspace,
    stdin: "",
    permissions: [`fs.write:${scene.workspace}/**`],
    timeoutMs: 60_000,
  };
  const follower = scene.start(["log", "--follow"]);
  const answer = dashboard.post("/v1/exec", program);
  await follower.says("effect.request");
  const effect = (await done(["approval", "list"])).split("\t")[0] ?? "";
  const shown = await done(["approval", "show", effect]);
  expect(shown).toContain("required by the policy four-eyes");
  expect(shown).toContain('| {"argv":["sh","-c","echo ran > made"]');
  expect(existsSync(join(scene.workspace, "made"))).toBe(false);
  await done(["approval", "answer", effect, "allow", "--reason", "I read it"]);
  expect(await answer).toContain('"type":"exited","code":0');
  expect(readFileSync(join(scene.workspace, "made"), "utf8")).toBe("ran\n");
  const own = await scene.toka(["exec", "--", "true"]);
  expect(own.code).toBe(125);
  expect(own.stderr).toContain("approval_required: the program needs an approval by the policy four-eyes");
});

test("nobody without vault.admin sets or lifts a policy, and no agent does at all", async () => {
  await serving();
  await enact(`{ name: frozen, effect: deny, when: 'request.tool == "push"' }`);
  const operate = async (by: Caller, rule: unknown): Promise<string> =>
    by.post("/v1/operate", { operation: { type: "policy.set", name: "frozen", rule }, contents: {} });
  const everything = { effect: "allow", source: "true", when: null, withinMs: null };
  const reader = await caller("reader", ["vault.read:*"]);
  for (const rule of [null, everything]) expect(await operate(reader, rule)).toContain("permission_denied");
  await done(["principal", "register", "steward", "--kind", "agent"]);
  const granted = JSON.parse(
    await done(["grant", "delegate", "steward", "vault.admin:*", "--for", "1h", "--json"]),
  ) as {
    events: { grant: string }[];
  };
  const minted = await scene.toka(["token", "mint", "--grant", granted.events[0]?.grant ?? ""]);
  expect(minted).toMatchObject({ code: 1, stdout: "" });
  expect(minted.stderr).toContain("is an agent");
  // Its own program, in the box with the whole workspace, reaches nobody who would ask in its name.
  const ask = "ls -A .toka; toka policy remove frozen; ls /tmp/.toka* ; true";
  expect((await scene.toka(["exec", "--", "sh", "-c", ask])).stdout).toBe("");
  expect(await done(["policy", "list"])).toMatch(/^frozen\tdeny\t/u);
});

async function waiting(run: Running): Promise<string> {
  await run.says("pusher: waits for an approval");
  return (await done(["approval", "list"])).split("\t")[0] ?? "";
}

test("what nobody answers in time is refused, and the agent goes on from there", async () => {
  const crew = writePushers(scene.workspace);
  await serving("--no-port");
  await enact(`{ name: soon, effect: require-approval, when: 'request.tool == "push"', within: 2s }`);
  const run = scene.start(["run", crew]);
  const effect = await waiting(run);
  const ended: Ended = await run.ended;
  expect(ended.code).toBe(1);
  expect(existsSync(pushed())).toBe(false);
  expect(await done(["approval", "list"])).toBe("");
  expect(await done(["log", "--kind", "approval.expire"])).toContain(effect);
});

test("what waits goes on waiting when its process is killed, and runs when it was allowed while nobody was there", async () => {
  const run = scene.start(["run", writePushers(scene.workspace)]);
  const effect = await waiting(run);
  run.kill("SIGKILL");
  await run.ended;
  expect(await done(["approval", "list"])).toContain(effect);
  await done(["approval", "answer", effect, "allow", "--reason", "I looked at it"]);
  expect(existsSync(pushed())).toBe(false);
  const server = await serving("--no-port");
  await server.says("of the crew pushers is over");
  expect(readFileSync(pushed(), "utf8")).toContain("the text");
  expect((await done(["log", "--kind", "effect.start"])).trimEnd().split("\n")).toHaveLength(1);
  expect(await done(["verify"])).toContain("OK");
});
