/** Questions and programs in one process: a real vault in a folder of its own. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { genesisIds } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { LogQuery, VaultApi } from "../src/api.ts";
import { compose, type Composition } from "../src/compose.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";
import { openVaultAt, operatorCaller } from "../src/vault-opening.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

let dir: string;
let places: Places;
let nowMs: number;
let notes: string[];
const clock = (): number => nowMs;
const open: Composition[] = [];

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-vault-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  nowMs = start;
  notes = [];
});
afterEach(async () => {
  for (const composition of open.splice(0)) await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

async function up(): Promise<Composition> {
  const composition = await compose({
    places,
    purpose: "run",
    create: true,
    clock,
    tools: toolsOf,
    onNote: (line) => notes.push(line),
  });
  open.push(composition);
  return composition;
}

async function exec(
  api: VaultApi,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const request = {
    argv,
    workspace: places.workspace,
    cwd: places.workspace,
    stdin: "",
    permissions: null,
    timeoutMs: null,
  };
  const outcome = await api.exec(request, { signal, onOutput: () => {} });
  return outcome.type === "exited" ? `exited ${outcome.code}` : outcome.type;
}

async function kinds(api: VaultApi, query: Partial<LogQuery>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { entry } of api.log(
    { after: 0, kind: null, agent: null, follow: false, ...query },
    { signal: new AbortController().signal },
  )) {
    found.push(entry.operation.type);
  }
  return found;
}

describe("a vault that was left alone", () => {
  test("goes on without a word when it was for less than a day", async () => {
    await (await up()).close();
    nowMs += day - 60_000;
    expect(await exec((await up()).api, ["true"])).toBe("exited 0");
    expect(notes).toEqual([]);
  });

  test("goes on in the operator's name and says so when it was for longer", async () => {
    await (await up()).close();
    nowMs += 30 * day;
    const { api } = await up();
    expect(await exec(api, ["true"])).toBe("exited 0");
    expect(notes.join("\n")).toContain("2026-01-31");
    expect(await kinds(api, { kind: "clock" })).toEqual(["clock.accept"]);
  });
});

describe("a program under exec", () => {
  test("ends with its vault, and its grant with it", async () => {
    const { api, close, vault } = await up();
    const started = new Promise<void>((resolve) => {
      const request = {
        argv: ["sh", "-c", "echo on; exec sleep 64.5"],
        workspace: places.workspace,
        cwd: places.workspace,
        stdin: "",
        permissions: null,
        timeoutMs: null,
      };
      void api
        .exec(request, { signal: new AbortController().signal, onOutput: () => resolve() })
        .then((outcome) => ended.push(outcome.type));
    });
    const ended: string[] = [];
    await started;
    const grants = await vault.machine.view((state) => [...state.grants.keys()]);
    expect(grants).toHaveLength(2);
    await close();
    expect(ended).toEqual(["stopped"]);
    const again = await up();
    expect(await again.vault.machine.view((state) => [...state.grants.keys()])).toEqual([genesisIds.rootGrant]);
  });

  test("is not run again when its process died before it was settled", async () => {
    const vault = await openVaultAt(places, { clock, create: true });
    const caller = operatorCaller();
    const read = `fs.read:${places.workspace}/**`;
    await vault.machine.submit(
      {
        type: "grant.delegate",
        to: genesisIds.root,
        parent: genesisIds.rootGrant,
        permissions: [read, "code.run:native"],
        expiresAtMs: nowMs + 60_000,
      },
      { caller },
    );
    const grant = await vault.machine.view(
      (state) => [...state.grants.keys()].find((id) => id !== genesisIds.rootGrant) ?? null,
    );
    const draft = vault.machine.seal(JSON.stringify({ argv: ["true"], cwd: places.workspace, env: {} }));
    const receipt = await vault.machine.submit(
      {
        type: "effect.request",
        kind: "code",
        label: "exec",
        agent: null,
        task: null,
        step: null,
        tool: null,
        arguments: draft.content,
        claims: [read],
        reserve: {},
        budget: genesisIds.rootBudget,
        timeoutMs: 1000,
        inputs: [],
      },
      { caller: { ...caller, grant }, payloads: [draft] },
    );
    expect(receipt.outcome).toHaveProperty("events");
    await vault.close();
    const { api, vault: again, runtime } = await up();
    await runtime?.stop();
    expect(await again.machine.view((state) => state.effects.size)).toBe(0);
    const settled: unknown[] = [];
    for await (const { entry } of api.log(
      { after: 0, kind: "effect.settle", agent: null, follow: false },
      { signal: new AbortController().signal },
    ))
      settled.push(entry.operation);
    expect(settled).toMatchObject([{ outcome: "aborted", code: "grant_revoked" }]);
  });
});

describe("questions to a vault", () => {
  test("why tells the grants and budgets behind a settlement, and the refusal behind a refused request", async () => {
    const { api } = await up();
    expect(await exec(api, ["sh", "-c", "echo first >&2; echo no such thing >&2; exit 3"])).toBe("exited 3");
    const positions: number[] = [];
    for await (const { entry } of api.log(
      { after: 0, kind: "effect.settle", agent: null, follow: false },
      { signal: new AbortController().signal },
    ))
      positions.push(entry.position);
    const why = await api.why(positions[0] ?? 0);
    expect(why).toMatchObject({ verdict: "allowed", operation: "effect.settle", principal: { name: "host" } });
    expect(why.told).toEqual({
      outcome: "failed",
      code: "3",
      message: "Cannot use the result: the program ended with code 3",
      lastLines: ["first", "no such thing"],
    });
    expect((await api.why((positions[0] ?? 0) - 1)).told).toBeNull();
    expect((await api.status()).failures).toEqual([]);
    expect(why.grants.map((grant) => grant.holder)).toEqual([genesisIds.root, genesisIds.root]);
    expect(why.grants[0]?.permissions).toEqual([
      `fs.read:${places.workspace}/**`,
      `fs.write:${places.workspace}/**`,
      "code.run:native",
    ]);
    expect(why.grants[1]?.id).toBe(genesisIds.rootGrant);
    expect(why.budgets.map((budget) => budget.id)).toEqual([genesisIds.rootBudget]);
    await expect(api.why(9999)).rejects.toMatchObject({ code: "no_such_entry" });
  });

  test("log finds an area, one operation, and what comes after a position", async () => {
    const { api } = await up();
    await exec(api, ["true"]);
    const all = await kinds(api, {});
    expect(await kinds(api, { kind: "grant" })).toEqual(["grant.delegate", "grant.revoke"]);
    expect(await kinds(api, { kind: "grant.*" })).toEqual(["grant.delegate", "grant.revoke"]);
    expect(await kinds(api, { kind: "grant.revoke" })).toEqual(["grant.revoke"]);
    expect(await kinds(api, { kind: "gran" })).toEqual([]);
    expect(await kinds(api, { after: all.length - 1 })).toEqual(["grant.revoke"]);
    expect(await kinds(api, { after: all.length + 10 })).toEqual([]);
  });
});
