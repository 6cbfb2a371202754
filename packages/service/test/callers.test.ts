/** One vault, several callers: whatever is asked is asked as the one who asks, under that one's grant. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type Amounts,
  type Caller,
  genesisIds,
  type GrantId,
  type KernelEvent,
  type Operation,
  type PayloadDraft,
} from "@toka/kernel";
import { codeReservation, encodeCodeArguments } from "@toka/runtime";
import { localProof } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ExecOutcome, VaultApi } from "../src/api.ts";
import { compose, type Composition } from "../src/compose.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let places: Places;
let composition: Composition;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-callers-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  composition = await up();
});
afterEach(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

const composing = (): Omit<Parameters<typeof compose>[0], "purpose"> => {
  return { places, create: true, clock: Date.now, tools: toolsOf, onNote: () => {} };
};

async function up(): Promise<Composition> {
  return compose({ ...composing(), purpose: "run" });
}

async function asOperator(operation: Operation): Promise<readonly KernelEvent[]> {
  return as(composition.operator, operation);
}

async function as(
  caller: Caller,
  operation: Operation,
  payloads: readonly PayloadDraft[] = [],
): Promise<readonly KernelEvent[]> {
  const { outcome } = await composition.vault.machine.submit(operation, { caller, payloads });
  if ("refusal" in outcome) throw new Error(`Cannot prepare: ${outcome.refusal.code}`);
  return outcome.events;
}

/** A person with a grant and, where asked for, a budget. */
async function person(permissions: readonly string[], options: { readonly budget?: Amounts } = {}): Promise<Caller> {
  const [registered] = await asOperator({ type: "principal.register", name: "ann", kind: "person" });
  if (registered?.type !== "principal.registered") throw new Error("Cannot prepare: nobody was registered");
  const { principal } = registered;
  const issue: Operation = { type: "grant.issue", holder: principal, permissions, expiresAtMs: null, depthMax: 2 };
  const [issued] = await asOperator(issue);
  if (issued?.type !== "grant.issued") throw new Error("Cannot prepare: no grant was issued");
  if (options.budget !== undefined) {
    await asOperator({
      type: "budget.carve",
      parent: genesisIds.rootBudget,
      holder: principal,
      amounts: options.budget,
    });
  }
  return { principal, grant: issued.grant, proof: localProof() };
}

async function exec(api: VaultApi, argv: readonly string[]): Promise<ExecOutcome> {
  const at = places.workspace;
  return api.exec(
    { argv, workspace: at, cwd: at, stdin: "", permissions: null, timeoutMs: null },
    { signal: new AbortController().signal, onOutput: () => {} },
  );
}

async function follow(api: VaultApi, each: () => Promise<void>): Promise<number> {
  let seen = 0;
  const query = { after: 0, kind: null, agent: null, follow: true };
  for await (const { entry } of api.log(query, { signal: new AbortController().signal })) {
    seen = entry.position;
    await each();
  }
  return seen;
}

describe("reading a vault", () => {
  test.each([
    ["nothing", ["vault.read:status"], []],
    ["checkpoints and proofs", ["vault.read:proof"], ["checkpoint", "entry", "growth"]],
    ["no export without the log", ["vault.read:proof", "vault.read:content"], ["checkpoint", "entry", "growth"]],
    ["no contents", ["vault.read:proof", "vault.read:log"], ["checkpoint", "entry", "growth", "redacted"]],
    ["everything", ["vault.read:*"], ["checkpoint", "entry", "growth", "redacted", "whole"]],
  ])("proves %s to a caller whose grant is %j", async (_what, permissions, shown) => {
    const api = composition.apiFor(await person(permissions));
    const exported = async (redact: boolean): Promise<void> => {
      const { signal } = new AbortController();
      for await (const line of api.export({ agent: null, from: 1, to: null, redact }, { signal }))
        expect(redact && line.startsWith('{"payload"')).toBe(false);
    };
    const asked: Readonly<Record<string, () => Promise<unknown>>> = {
      checkpoint: async () => api.checkpoint(),
      entry: async () => api.prove({ entry: 1, from: null }),
      growth: async () => api.prove({ from: 2, to: 2 }),
      redacted: async () => exported(true),
      whole: async () => exported(false),
    };
    for (const [what, ask] of Object.entries(asked)) {
      if ((shown as readonly string[]).includes(what)) await ask();
      else await expect(ask(), what).rejects.toMatchObject({ code: "permission_denied" });
    }
  });

  test.each([
    ["nothing of it", ["tool.call:*"], []],
    ["its status alone", ["vault.read:status"], ["status"]],
    ["its log alone", ["vault.read:log"], ["log"]],
    ["everything", ["vault.read:*"], ["status", "log", "why"]],
  ])("shows %s to a caller whose grant is %j", async (_what, permissions, shown) => {
    const api = composition.apiFor(await person(permissions));
    const query = { after: 0, kind: null, agent: null, follow: false };
    const asked = {
      status: async () => api.status(),
      log: async () => {
        for await (const { entry } of api.log(query, { signal: new AbortController().signal }))
          expect(entry).toBeDefined();
      },
      why: async () => api.why(1),
    };
    const got: string[] = [];
    for (const [what, ask] of Object.entries(asked)) {
      const answer = await ask().catch((error: unknown) => error);
      if (answer instanceof Error) expect(answer).toMatchObject({ code: "permission_denied", retry: "never" });
      else got.push(what);
    }
    expect(got).toEqual(shown);
  });

  test("is refused to a caller who names a grant of somebody else, or none", async () => {
    const ann = await person(["vault.read:*"]);
    const stranger: Caller = { ...ann, grant: genesisIds.rootGrant };
    await expect(composition.apiFor(stranger).status()).rejects.toMatchObject({ code: "permission_denied" });
    await expect(composition.apiFor({ ...ann, grant: null }).status()).rejects.toMatchObject({
      code: "permission_denied",
    });
  });

  test("ends for who follows the log when the grant is revoked, before the next entry is shown", async () => {
    const ann = await person(["vault.read:log"]);
    const grant = ann.grant as GrantId;
    const { position: head } = await composition.vault.machine.view((state) => state.head);
    let revoked = false;
    const following = follow(composition.apiFor(ann), async () => {
      if (revoked) return;
      revoked = true;
      await asOperator({ type: "grant.revoke", grant });
    });
    await expect(following).rejects.toMatchObject({ code: "permission_denied" });
    expect((await composition.vault.machine.view((state) => state.head)).position).toBe(head + 1);
  });
});

describe("running a program", () => {
  const budget: Amounts = { cpuMs: 86_400_000, wallMs: 86_400_000, memoryBytes: 2 ** 36, storedBytes: 2 ** 36 };

  test("is asked for as the caller, under the caller's grant and budget", async () => {
    const folder = `${places.workspace}/**`;
    const ann = await person([`fs.read:${folder}`, `fs.write:${folder}`, "code.run:native"], { budget });
    const outcome = await exec(composition.apiFor(ann), ["sh", "-c", "echo hello > made"]);
    expect(outcome).toMatchObject({ type: "exited", code: 0, changed: 1 });
    expect(readFileSync(join(places.workspace, "made"), "utf8")).toBe("hello\n");
    const entries = await composition.vault.machine.read(0, { limit: 1000 });
    const requested = entries.find(({ entry }) => entry.operation.type === "effect.request");
    expect(requested?.entry.stamp.principal).toBe(ann.principal);
  });

  test("is refused when it goes beyond the caller's grant", async () => {
    writeFileSync(join(places.workspace, "private"), "x");
    const ann = await person(["code.run:native", "fs.read:/usr/**"], { budget });
    expect(await exec(composition.apiFor(ann), ["cat", "private"])).toMatchObject({
      type: "refused",
      refusal: { code: "authority_exceeds_parent" },
    });
  });

  test("fails for a caller without a budget of its own, and nothing is delegated for it", async () => {
    const ann = await person(["code.run:native", "fs.read:/**", "fs.write:/**"]);
    await expect(exec(composition.apiFor(ann), ["true"])).rejects.toMatchObject({ code: "budget_absent" });
    const held = await composition.vault.machine.view((state) =>
      [...state.grants.values()].filter((grant) => grant.holder === ann.principal),
    );
    expect(held).toHaveLength(1);
  });

  test("leaves neither effect nor grant behind for the next process when its own died, and ends no other grant", async () => {
    const ann = await person(["code.run:native", "vault.read:*"], { budget });
    await composition.close();
    // A process without a gate: what it asks for stays undone, as if it had died.
    composition = await compose({ ...composing(), purpose: "write" });
    const delegate = async (permissions: readonly string[]): Promise<GrantId> => {
      const expiresAtMs = Date.now() + 3_600_000;
      const parent = ann.grant as GrantId;
      const [event] = await as(ann, { type: "grant.delegate", to: ann.principal, parent, permissions, expiresAtMs });
      if (event?.type !== "grant.delegated") throw new Error("Cannot prepare: nothing was delegated");
      return event.grant;
    };
    await delegate(["code.run:native"]);
    await delegate(["vault.read:status"]);
    const used = await delegate(["code.run:native"]);
    await requestProgram({ ...ann, grant: used });
    await composition.close();
    composition = await up();
    expect(await settled()).toMatchObject([{ outcome: "aborted", code: "grant_revoked" }]);
    const held = await composition.vault.machine.view((state) =>
      [...state.grants.values()].flatMap(({ holder, permissions }) =>
        holder === ann.principal ? [permissions.join()] : [],
      ),
    );
    expect(held.toSorted()).toEqual(["code.run:native", "code.run:native,vault.read:*", "vault.read:status"]);
  });
});

/** Asks for a program as `exec` does, and waits for nothing. */
async function requestProgram(caller: Caller): Promise<void> {
  const { machine } = composition.vault;
  const [budget] = await machine.view((state) =>
    [...state.budgets.values()].flatMap(({ id, holder }) => (holder === caller.principal ? [id] : [])),
  );
  if (budget === undefined) throw new Error("Cannot prepare: there is no budget");
  const text = encodeCodeArguments({ argv: ["/bin/true"], cwd: "/tmp", stdin: new Uint8Array(), env: {} });
  const draft = machine.seal(text);
  const timeoutMs = 1_000;
  const request: Operation = {
    type: "effect.request",
    kind: "code",
    label: "exec",
    agent: null,
    task: null,
    step: null,
    tool: null,
    arguments: draft.content,
    claims: [],
    reserve: codeReservation({ timeoutMs, writes: false }),
    budget,
    timeoutMs,
    inputs: [],
  };
  await as(caller, request, [draft]);
}

/** Settlements in the log, once there is one. */
async function settled(): Promise<readonly Operation[]> {
  const stop = new AbortController();
  for await (const { entry } of composition.vault.machine.watch(0, { signal: stop.signal })) {
    if (entry.operation.type !== "effect.settle") continue;
    stop.abort();
    return [entry.operation];
  }
  return [];
}
