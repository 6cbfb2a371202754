/** Changes and undos as a person asks for them: by effect, task, agent, session and position, over a real vault with real boxes. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Caller, genesisIds, type Operation, type PayloadDraft, type Receipt } from "@toka/kernel";
import { codeReservation, encodeCodeArguments } from "@toka/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { VaultApi } from "../src/api.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { findPlaces } from "../src/places.ts";
import type { ChangeRecord, ChangesQuery, UndoAnswer, UndoRequest } from "../src/undo/answers.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let workspace: string;
let vault: Composition;
let api: VaultApi;
const signal = new AbortController().signal;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-undo-")));
  workspace = join(dir, "workspace");
  mkdirSync(workspace);
  const places = findPlaces({ workspace, env: { TOKA_HOME: join(dir, "home") } });
  vault = await compose({ places, purpose: "run", create: true, clock: Date.now, tools: toolsOf, onNote: () => {} });
  ({ api } = vault);
});
afterEach(async () => {
  await vault.close();
  rmSync(dir, { recursive: true, force: true });
});

const at = (name: string): string => join(workspace, name);
const text = (name: string): string => readFileSync(at(name), "utf8");

async function exec(script: string): Promise<string> {
  const request = {
    argv: ["sh", "-c", script],
    workspace,
    cwd: workspace,
    stdin: "",
    permissions: null,
    timeoutMs: null,
  };
  const outcome = await api.exec(request, { signal, onOutput: () => {} });
  if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(JSON.stringify(outcome));
  return (await changes({})).at(-1)?.effect ?? "";
}

async function changes(query: Partial<ChangesQuery>, of: VaultApi = api): Promise<readonly ChangeRecord[]> {
  const whole = { agent: null, task: null, session: null, path: null, since: 0, ...query };
  const found: ChangeRecord[] = [];
  for await (const record of of.changes(whole, { signal })) found.push(record);
  return found;
}

const told = (records: readonly ChangeRecord[]): readonly string[] =>
  records.map(
    ({ path, change, agent }) => `${agent?.name ?? "operator"} ${change} ${path.slice(workspace.length + 1)}`,
  );

async function undo(target: string, options: Partial<UndoRequest> = {}): Promise<UndoAnswer> {
  return api.undo({ target, merge: false, dryRun: false, diff: false, ...options });
}

async function problem(target: string): Promise<string> {
  return undo(target).then(
    (answer) => JSON.stringify(answer),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

interface Hand {
  readonly agent: string;
  readonly session: string;
  readonly task: string;
  /** @returns the effect, done */
  readonly work: (script: string) => Promise<string>;
}

async function submit(
  operation: object,
  by: Caller = vault.operator,
  payloads: readonly PayloadDraft[] = [],
): Promise<Readonly<Record<string, string>>> {
  return idsOf(await vault.vault.machine.submit(operation as Operation, { caller: by, payloads }));
}

/** A session of one agent with one running task, which may run programs in the workspace. */
async function hire(name: string): Promise<Hand> {
  const { machine } = vault.vault;
  const permissions = ["code.run:native", `fs.read:${workspace}/**`, `fs.write:${workspace}/**`];
  const content = machine.seal("content");
  const task = {
    key: "write",
    priority: "low",
    after: [],
    attemptsMax: 1,
    backoff: { firstMs: 0, maxMs: 0 },
    timeoutMs: 600_000,
    steps: [],
  };
  const part = {
    name,
    version: "1.0.0",
    permissions,
    allotment: {},
    tools: [],
    lifecycle: { initial: "working", states: ["working"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 4 },
    tasks: [task],
    objectives: [],
  };
  const { definition } = await submit({ type: "definition.register", part, source: content.content }, vault.operator, [
    content,
  ]);
  const plan = { agents: [{ name, dependsOn: [] }], concurrencyMax: 1, onFailure: "continue", restartsMax: 0 };
  const start = { type: "session.start", name, plan, crew: content.content, workspace, output: dir };
  const { session } = await submit(start, vault.operator, [content]);
  const allotment = { cpuMs: 1e7, wallMs: 1e7, memoryBytes: 1e11, storedBytes: 1e11 };
  const spawned = await submit({
    type: "agent.spawn",
    name,
    definition,
    parent: null,
    session,
    permissions,
    expiresAtMs: null,
    allotment,
    budget: genesisIds.rootBudget,
  });
  const { agent, budget } = spawned;
  const caller = { ...vault.operator, principal: spawned.principal, grant: spawned.grant } as Caller;
  const schedule = { type: "task.schedule", agent, key: "write", description: content.content, priority: "low" };
  const { task: scheduled } = await submit(schedule, caller, [content]);
  await submit({ type: "task.start", task: scheduled, inputs: [] }, caller);
  const work = async (script: string): Promise<string> =>
    perform(script, { agent, task: scheduled, budget, claims: permissions.slice(1), caller });
  return { agent: agent ?? "", session: session ?? "", task: scheduled ?? "", work };
}

interface Performer {
  readonly agent: string | undefined;
  readonly task: string | undefined;
  readonly budget: string | undefined;
  readonly claims: readonly string[];
  readonly caller: Caller;
}

/** Requests a program for a task of an agent, and waits until the tree holds what it did. */
async function perform(script: string, by: Performer): Promise<string> {
  const { machine } = vault.vault;
  const { caller, ...rest } = by;
  const program = { argv: ["sh", "-c", script], cwd: workspace, stdin: new Uint8Array(), env: {} };
  const sealed = machine.seal(encodeCodeArguments(program));
  const timeoutMs = 60_000;
  const head = await machine.view((state) => state.head.position);
  const { effect } = await submit(
    {
      type: "effect.request",
      kind: "code",
      label: "work",
      ...rest,
      step: null,
      tool: null,
      arguments: sealed.content,
      reserve: codeReservation({ timeoutMs, writes: true }),
      timeoutMs,
      inputs: [],
    },
    caller,
    [sealed],
  );
  const stop = new AbortController();
  for await (const { entry } of machine.watch(head, { signal: stop.signal })) {
    if (entry.operation.type === "effect.settle" && entry.operation.effect === effect) break;
  }
  await vault.runtime?.whenApplied();
  return effect ?? "";
}

function idsOf({ outcome }: Receipt): Readonly<Record<string, string>> {
  if (!("events" in outcome)) throw new Error(JSON.stringify(outcome));
  return Object.assign({}, ...outcome.events) as Readonly<Record<string, string>>;
}

describe("changes", () => {
  test("say who changed what under which grant, and are found by agent, task, session, path and position", async () => {
    const [ann, ben] = [await hire("ann"), await hire("ben")];
    await ann.work("mkdir d; echo a > d/a.md; echo s > shared");
    const second = await ben.work("echo b > b.txt; chmod 600 shared; echo h > .hidden");
    await exec("rm d/a.md; ln -s b.txt l");
    const all = await changes({});
    expect(told(all)).toEqual([
      ...["ann created d", "ann created d/a.md", "ann created shared"],
      ...["ben created .hidden", "ben created b.txt", "ben mode shared"],
      ...["operator deleted d/a.md", "operator created l"],
    ]);
    const [byBen] = all.filter((record) => record.effect === second);
    expect(byBen).toMatchObject({
      kind: "code",
      label: "work",
      agent: { id: ben.agent, name: "ben" },
      task: ben.task,
      session: ben.session,
      principal: { name: "ben" },
      undoneBy: null,
    });
    expect(byBen?.grants).toHaveLength(2);
    expect(byBen?.grants.at(-1)).toBe(genesisIds.rootGrant);
    for (const query of [{ agent: "ben" }, { agent: ben.agent }, { task: ben.task }, { session: ben.session }]) {
      expect(await changes(query)).toEqual(all.slice(3, 6));
    }
    expect(told(await changes({ path: at("**/*.md") }))).toEqual(["ann created d/a.md", "operator deleted d/a.md"]);
    expect(told(await changes({ path: at("d") }))).toEqual([
      "ann created d",
      "ann created d/a.md",
      "operator deleted d/a.md",
    ]);
    expect(told(await changes({ path: at("*hid?en") }))).toEqual(["ben created .hidden"]);
    expect(await changes({ since: byBen?.position ?? 0 })).toEqual(all.slice(6));
    expect(await changes({}, remoteVault(vault.vault.dir))).toEqual(all);
  });
});

describe("undo", () => {
  test("takes back an agent among others, then a session, and says so in the changes", async () => {
    writeFileSync(at("kept"), "kept\n");
    const [ann, ben] = [await hire("ann"), await hire("ben")];
    await ann.work("echo ann > a; echo ann >> kept");
    await ben.work("echo ben > b");
    await ann.work("echo more >> a; rm b");
    expect(await undo("ben")).toMatchObject({
      type: "conflict",
      conflicts: [{ path: at("b"), reason: "changed_since", changedBy: { agent: "ann" } }],
    });
    const undone = await undo("ann");
    expect(undone).toMatchObject({ type: "undone", effects: [expect.any(String), expect.any(String)] });
    expect([text("kept"), text("b")]).toEqual(["kept\n", "ben\n"]);
    const marks = (await changes({ agent: "ann" })).map(({ undoneBy }) => undoneBy?.effect);
    expect(new Set(marks)).toEqual(new Set(undone.type === "undone" ? [undone.effect] : []));
    expect(await undo(ben.session)).toMatchObject({ type: "undone", changes: [{ path: at("b"), change: "deleted" }] });
    expect(await problem("ann")).toMatch(
      /^Cannot undo ann: all that it changed was undone already, last by effect-\d+-0 /u,
    );
    expect(await problem(ben.task)).toContain("undone already");
  });

  test("is meant by an id, its beginning, or the position of its request or settlement, and by nothing else", async () => {
    const first = await exec("echo a > a");
    const [record] = await changes({});
    const idle = await api.exec(
      { argv: ["true"], workspace, cwd: workspace, stdin: "", permissions: null, timeoutMs: null },
      { signal, onOutput: () => {} },
    );
    const plan = async (target: string): Promise<unknown> => {
      const answer = await undo(target, { dryRun: true });
      return answer.type === "planned" ? answer.effects : answer;
    };
    for (const target of [
      first,
      first.replace(/-0$/u, ""),
      "effect",
      String(record?.position),
      String(record?.requested),
    ]) {
      expect(await plan(target)).toEqual([first]);
    }
    expect(text("a")).toBe("a\n");
    await exec("echo b > b");
    expect(await problem("effect-")).toContain("2 things begin so");
    expect(await problem("effect-9999-0")).toContain("changed nothing that the log knows of");
    expect(await problem("annn")).toContain("no effect, task, agent or session of that name");
    expect(await problem("99999")).toMatch(/^Cannot undo entry 99999: the log has entries 1 to \d+$/u);
    // The position of an effect that changed nothing never stands for the agent or session that it was for.
    expect(await problem(String(idle.type === "exited" ? idle.position : 0))).toContain("changed nothing");
    expect(await problem("1")).toContain("it is about no effect");
  });

  test("never takes an agent for what it is called like", async () => {
    const other = await exec("echo a > a");
    const ann = await hire(other);
    await ann.work("echo b > b");
    expect(await undo(other)).toMatchObject({ type: "undone", effects: [other], changes: [{ path: at("a") }] });
    expect(text("b")).toBe("b\n");
  });

  test("shows what it would do without touching anything, and shows the same when it is done", async () => {
    writeFileSync(at("t"), "one\ntwo\nthree\n");
    const effect = await exec("sed -i s/two/TWO/ t; echo n > n; printf '\\000' > bin; mkdir d; ln -s t l");
    const head = (await api.status()).head.position;
    const planned = await undo(effect, { dryRun: true, diff: true });
    expect((await api.status()).head.position).toBe(head);
    expect(planned).toMatchObject({ type: "planned", effect: null, position: null });
    const done = await undo(effect, { diff: true });
    expect(done).toMatchObject({ type: "undone" });
    const shown = (answer: UndoAnswer): unknown =>
      answer.type === "planned" || answer.type === "undone" ? answer.changes : answer;
    expect(shown(done)).toEqual(shown(planned));
    const diffs = (shown(done) as readonly { path: string; diff: string | null }[]).map(({ path, diff }) => [
      path,
      diff,
    ]);
    expect(Object.fromEntries(diffs)).toEqual({
      [at("bin")]: null,
      [at("d")]: null,
      [at("l")]: null,
      [at("n")]: "@@ -1 +0,0 @@\n-n\n",
      [at("t")]: "@@ -1,3 +1,3 @@\n one\n-TWO\n+two\n three\n",
    });
  });

  test("merges, is asked for over the socket as directly, and follows no link out of the workspace", async () => {
    const lines = Array.from({ length: 9 }, (_, index) => `${index}\n`);
    writeFileSync(at("t"), lines.join(""));
    const effect = await exec("sed -i s/^1$/one/ t");
    writeFileSync(at("t"), text("t").replace("8\n", "eight\n"));
    const remote = remoteVault(vault.vault.dir);
    const answer = await remote.undo({ target: effect, merge: true, dryRun: false, diff: true });
    expect(answer).toMatchObject({
      type: "undone",
      changes: [{ merged: true, diff: expect.stringContaining("-one\n+1\n") }],
    });
    expect(text("t")).toBe(lines.join("").replace("8\n", "eight\n"));
    const outside = join(dir, "outside");
    writeFileSync(outside, "not yours\n");
    chmodSync(outside, 0o600);
    const made = await exec("echo x > x");
    rmSync(at("x"));
    symlinkSync(outside, at("x"));
    expect(await remote.undo({ target: made, merge: true, dryRun: false, diff: true })).toMatchObject({
      type: "conflict",
      conflicts: [{ path: at("x"), changedBy: null }],
    });
    expect(readFileSync(outside, "utf8")).toBe("not yours\n");
  });

  test("is the caller's own: without the right it is refused, and what may not be read is not shown", async () => {
    writeFileSync(at("t"), "secret\n");
    const effect = await exec("echo more >> t");
    const { machine } = vault.vault;
    const issue = async (permissions: readonly string[]): Promise<VaultApi> => {
      const { principal } = idsOf(
        await machine.submit({ type: "principal.register", name: "guest", kind: "person" }, { caller: vault.operator }),
      );
      const operation = {
        type: "grant.issue",
        holder: principal,
        permissions,
        expiresAtMs: null,
        depthMax: 0,
      } as Operation;
      const { grant } = idsOf(await machine.submit(operation, { caller: vault.operator }));
      const carve = {
        type: "budget.carve",
        parent: genesisIds.rootBudget,
        holder: principal,
        amounts: { wallMs: 1e7, storedBytes: 1e7 },
      };
      await machine.submit(carve as Operation, { caller: vault.operator });
      return vault.apiFor({ ...vault.operator, principal, grant } as Caller);
    };
    const request = { target: effect, merge: false, dryRun: true, diff: true };
    await expect((await issue(["effect.undo:*"])).undo(request)).rejects.toThrow("does not allow vault.read:changes");
    const reader = await issue(["vault.read:changes"]);
    expect(await reader.undo(request)).toMatchObject({ type: "planned", changes: [{ diff: null }] });
    expect(await reader.undo({ ...request, dryRun: false })).toMatchObject({
      type: "refused",
      refusal: { code: "permission_denied", permission: "effect.undo:*" },
    });
    const undoer = await issue(["vault.read:changes", "effect.undo:*", `fs.write:${at("t")}`]);
    expect(await undoer.undo({ ...request, dryRun: false })).toMatchObject({
      type: "undone",
      changes: [{ diff: null }],
    });
    expect(text("t")).toBe("secret\n");
  });
});
