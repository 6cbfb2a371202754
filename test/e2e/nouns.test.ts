/** The operator's nouns as real processes: what one invocation does, the next one sees, with and without a process that serves. */
import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createScene, type Ended, type Scene } from "./harness/scene.ts";

// A test starts up to thirty processes one after another, and on a machine with a load of 15 each of them takes seconds. What bounds
// a test is that it ends at all.
vi.setConfig({ testTimeout: 300_000 });

let scene: Scene;
beforeEach(async () => {
  scene = createScene();
  await done(["agent", "new", "greeter"]);
});
afterEach(async () => scene.close());

async function done(args: readonly string[]): Promise<Ended> {
  const ended = await scene.toka(args);
  expect(ended.code, `toka ${args.join(" ")}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended;
}

async function answer(args: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await done([...args, "--json"])).stdout) as Record<string, unknown>;
}

describe("the names of the original", () => {
  test("agree across separate invocations when nobody serves, and the next server runs what they asked for", async () => {
    const spawned = await done(["spawn-agent", "--name", "Greeter"]);
    expect(spawned.stdout).toContain("nobody runs it yet; toka serve does");
    await done(["schedule-task", "--agent", "greeter", "--description", "Look round"]);
    const state = (await answer(["query-state"])) as { agents: { rows: unknown }; tasks: { rows: unknown } };
    expect(state.agents.rows).toMatchObject([
      {
        name: "greeter",
        state: "running",
        tasks: [
          { key: "look-round", status: "scheduled" },
          { key: "write-note", status: "waiting" },
        ],
      },
    ]);
    expect(state.tasks.rows).toMatchObject([{ key: "look-round", agentName: "greeter" }]);
    const daemon = scene.start(["daemon"]);
    await daemon.says("of the crew greeter is over");
    daemon.kill("SIGTERM");
    expect(await daemon.ended).toMatchObject({ code: 0 });
    expect(readFileSync(join(scene.vault, "out/greeter/greeter.md"), "utf8")).toBe("greeter was here\n");
    expect(await answer(["verify"])).toMatchObject({ ok: true });
  });

  test("agree across separate invocations when a process serves, which runs the agent at once", async () => {
    const daemon = scene.start(["daemon"]);
    await daemon.says("until Ctrl-C");
    const spawned = await answer(["spawn-agent", "--name", "greeter"]);
    await daemon.says(`${String(spawned["session"])} of the crew greeter is over`);
    const state = (await answer(["query-state"])) as { agents: { total: number }; definitions: { rows: unknown } };
    expect(state.agents.total).toBe(0);
    expect(state.definitions.rows).toMatchObject([{ name: "greeter", status: "active" }]);
    const late = await scene.toka(["schedule-task", "--agent", "greeter", "--description", "look-round"]);
    expect(late).toMatchObject({ code: 1, stdout: "" });
    expect(late.stderr).toContain("Cannot find the agent greeter");
  });
});

describe("toka run", () => {
  test("starts nothing and makes no vault when it runs dry", async () => {
    const plan = await answer(["run", "greeter.yaml", "--dry-run"]);
    const output = join(scene.vault, "out/greeter");
    expect(plan).toMatchObject({
      name: "greeter",
      waves: [["greeter"]],
      writable: [`${output}/**`],
      allotment: { toolCalls: 10, cpuMs: 30_000 },
      agents: [
        { name: "greeter", tools: [{ name: "file-lister" }, { name: "file-writer", sideEffect: "idempotent" }] },
      ],
    });
    expect(existsSync(scene.vault)).toBe(false);
  });

  test("gives the same summary whether this process or another one holds the vault", async () => {
    const alone = await answer(["run", "greeter.yaml"]);
    const server = scene.start(["serve"]);
    await server.says("until Ctrl-C");
    // Its name is enough.
    const served = await done(["run", "greeter"]);
    expect(served.stdout).toMatch(
      /greeter: task write-note completed\ngreeter ended: completed\nsession-\d+-1 ended: completed\n/u,
    );
    expect(served.stdout).toContain("verify: OK");
    const again = await answer(["run", "greeter.yaml"]);
    expect(alone).toMatchObject({ ok: true, agents: [{ name: "greeter", state: "completed" }] });
    const shapeOf = (summary: Record<string, unknown>): unknown =>
      JSON.parse(
        JSON.stringify(summary, (key, value: unknown) =>
          typeof value === "number" || key === "session" || key === "usage" ? 0 : value,
        ),
      );
    expect(shapeOf(again)).toEqual(shapeOf(alone));
  });

  test("tells every problem of a file with its place, and makes no vault", async () => {
    const file = join(scene.workspace, "greeter.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("tool: file-lister", "tool: file-listr"));
    for (const args of [
      ["run", "greeter.yaml"],
      ["agent", "spawn", "greeter"],
    ]) {
      const ended = await scene.toka(args);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(new RegExp(`${file}:\\d+:\\d+: .*did you mean "file-lister"`, "u"));
    }
    expect(existsSync(scene.vault)).toBe(false);
  });

  test("runs a folder as a crew with its own tools, in a process that began without them", async () => {
    const server = scene.start(["serve"]);
    await server.says("until Ctrl-C");
    const summary = await answer(["run", join(import.meta.dirname, "crews/tally")]);
    expect(summary).toMatchObject({ ok: true, owed: [] });
  });
});

describe("the operator", () => {
  test("stops an agent, lets it go on, and ends its session", async () => {
    await done(["agent", "spawn", "greeter.yaml"]);
    await done(["agent", "suspend", "greeter", "--reason", "maintenance"]);
    expect(await answer(["agent", "show", "greeter"])).toMatchObject({
      state: "suspended",
      suspendReason: "maintenance",
    });
    const found = async (...query: readonly string[]): Promise<unknown> =>
      (await answer(["agent", "list", "--capability", "note-taking", ...query]))["total"];
    expect(await found()).toBe(1);
    expect(await found("--state", "suspended")).toBe(1);
    expect(await found("--state", "running")).toBe(0);
    expect(await found("--domain", "documentation")).toBe(0);
    const twice = await scene.toka(["agent", "suspend", "greeter", "--json"]);
    expect(twice.code).toBe(1);
    expect(JSON.parse(twice.stdout)).toMatchObject({ ok: false, refusal: { code: "agent_suspended" } });
    expect(twice.stderr).toMatch(/toka why \d+ explains/u);
    await done(["agent", "resume", "greeter"]);
    expect((await done(["agent", "list"])).stdout).toMatch(
      /^agent-\d+-0\tgreeter\trunning\t0\/2\tnothing\tsession-\d+-1\n$/u,
    );
    await done(["session", "end", "greeter"]);
    // What reads a list finds it empty; a person is told so.
    for (const [noun, says] of [
      ["agent", "no live agents"],
      ["session", "no session is open"],
      ["task", "no task is scheduled"],
      ["approval", "nothing waits for an approval"],
      ["message", "no message waits"],
      ["alert", "no alerts"],
    ] as const) {
      const listed = await done([noun, "list"]);
      expect(listed.stdout).toBe("");
      expect(listed.stderr).toContain(says);
    }
    // A noun alone means its list.
    expect((await done(["grant", "--json"])).stdout).toBe((await done(["grant", "tree", "--json"])).stdout);
    expect((await done(["agent", "--json"])).stdout).toBe((await done(["agent", "list", "--json"])).stdout);
  });

  test("passes rights and budgets on, sees them in the trees, and takes them back", async () => {
    await done(["agent", "spawn", "greeter.yaml"]);
    await done(["session", "end", "greeter"]);
    await done(["principal", "register", "auditor"]);
    const delegated = await answer(["grant", "delegate", "auditor", "fs.read:/srv/data/**", "--for", "2h"]);
    const [{ grant }] = delegated["events"] as [{ grant: string }];
    const carved = await answer(["budget", "carve", "auditor", "--tool-calls", "20"]);
    const [{ budget }] = carved["events"] as [{ budget: string }];
    const tree = (await done(["grant", "tree"])).stdout;
    expect(tree).toContain(`└─ ${grant} of auditor`);
    expect(tree).toContain("fs.read:/srv/data/**");
    expect((await done(["budget", "tree"])).stdout).toContain(`└─ ${budget} of auditor`);
    await done(["grant", "revoke", grant]);
    await done(["budget", "close", budget]);
    expect((await done(["grant", "tree"])).stdout).not.toContain("auditor");
    expect((await done(["budget", "tree"])).stdout).not.toContain("auditor");
  });
});

describe("toka tool", () => {
  const tools = join(import.meta.dirname, "crews/tally/tools");

  test("calls a tool that was registered from a folder, also by an agent file and in the next process", async () => {
    const registered = await answer(["tool", "register", "--discover", tools]);
    expect(registered).toMatchObject({ ok: true, tools: [{ name: "tally", version: "1.0.0" }] });
    expect((await done(["tool", "list"])).stdout).toMatch(/^tool-\d+-\d+\ttally\t1\.0\.0\tidempotent\tsha256:/mu);
    const folder = join(scene.vault, "out");
    await done(["tool", "run", "tally", "--with", JSON.stringify({ folder, step: "one" })]);
    const called = await answer(["tool", "run", "tally", "--with", JSON.stringify({ folder, step: "one" })]);
    expect(called).toMatchObject({ ok: true, outcome: "succeeded", result: { lines: 2 } });
    const file = join(scene.workspace, "greeter.yaml");
    const text = readFileSync(file, "utf8").replace(
      /\{ name: look, tool: file-lister.*\}/u,
      '{ name: look, tool: tally, with: { folder: "${output}", step: two } }',
    );
    writeFileSync(file, text);
    expect(await answer(["run", "greeter.yaml"])).toMatchObject({ ok: true });
    expect(readFileSync(join(folder, "greeter/two"), "utf8")).toBe("ran\n");
    expect(await answer(["verify"])).toMatchObject({ ok: true });
  });

  test("calls nothing that was changed since it was registered, until it is registered again", async () => {
    const own = join(scene.workspace, "tools");
    cpSync(tools, own, { recursive: true });
    await done(["tool", "register", "--discover", "tools"]);
    const call = ["tool", "run", "tally", "--with", JSON.stringify({ folder: join(scene.vault, "out"), step: "one" })];
    await done(call);
    appendFileSync(join(own, "tally/tally.sh"), "echo changed >&2\n");
    const changed = await scene.toka(call);
    expect(changed).toMatchObject({ code: 1, stdout: "" });
    expect(changed.stderr).toContain("its program is not here as it was registered; toka tool register --discover");
    await done(["tool", "register", "--discover", "tools"]);
    expect(await answer(call)).toMatchObject({ ok: true, result: { lines: 2 } });
  });

  test("leaves the grants alone that somebody passed to himself, and says what is wrong with a call before anything starts", async () => {
    await done(["run", "greeter.yaml"]);
    const own = [`fs.read:${scene.workspace}/**`, "code.run:native"];
    const { principals } = (await answer(["principal"])) as { principals: readonly { kind: string; name: string }[] };
    const { name } = principals.find(({ kind }) => kind === "person") ?? { name: "" };
    await done(["grant", "delegate", name, ...own, "--for", "2h"]);
    const listed = await answer(["tool", "run", "file-lister", "--with", JSON.stringify({ path: scene.workspace })]);
    expect(JSON.stringify(listed)).toContain("greeter.yaml");
    for (const [args, says, code] of [
      [["file-listr"], 'did you mean "file-lister"?', 1],
      [["file-lister", "--with", '{"pth": "/"}'], "Cannot call the tool file-lister", 1],
      [["file-lister", "--with", "[]"], "wanted a JSON object", 2],
    ] as const) {
      const ended = await scene.toka(["tool", "run", ...args]);
      expect(ended.stderr).toContain(says);
      expect(ended.code).toBe(code);
    }
    const { grants } = (await answer(["grant", "tree"])) as { grants: readonly { permissions: readonly string[] }[] };
    expect(grants.map(({ permissions }) => permissions)).toEqual([expect.any(Array), own]);
    const none = await scene.toka(["tool", "register", "--discover", scene.workspace]);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("Cannot register the tools");
  });
});
