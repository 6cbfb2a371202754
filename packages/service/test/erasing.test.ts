/** Erasing as a person asks for it, over a real vault whose programs changed real files: nothing of it is left in any file of the vault. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { genesisIds, type Operation } from "@toka/kernel";
import { verifyVault } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { VaultApi } from "../src/api.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import type { EraseAnswer, EraseRequest } from "../src/erasing/answers.ts";
import { findPlaces } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

const canary = "the canary 4000-1234-5678, as it stood in a file\n";
const digest = createHash("sha256").update(canary).digest();
/** As bytes, encoded, as JSON has it, and as the digest that a guess could be compared with. */
const told = [
  canary.trim(),
  ...[0, 1, 2].map((skip) =>
    Buffer.from(canary)
      .subarray(skip, 36 + skip)
      .toString("base64"),
  ),
  Buffer.from(canary).toString("hex"),
  digest.toString("hex"),
  digest.toString("base64url"),
]
  .map((text) => Buffer.from(text))
  .concat(digest);

let dir: string;
let workspace: string;
let vault: Composition;
let api: VaultApi;
const signal = new AbortController().signal;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-erasing-")));
  workspace = join(dir, "work");
  mkdirSync(workspace);
  const places = findPlaces({ workspace, env: { TOKA_HOME: join(dir, "home") } });
  vault = await compose({ places, purpose: "run", create: true, clock: Date.now, tools: toolsOf, onNote: () => {} });
  ({ api } = vault);
});
afterEach(async () => {
  await vault.close();
  rmSync(dir, { recursive: true, force: true });
});

/** @returns the position of the entry that settled the program */
async function exec(script: string): Promise<number> {
  const argv = ["sh", "-c", script];
  const request = { argv, workspace, cwd: workspace, stdin: "", permissions: null, timeoutMs: null };
  const outcome = await api.exec(request, { signal, onOutput: () => {} });
  if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(JSON.stringify(outcome));
  const query = { agent: null, task: null, session: null, path: null, since: 0 };
  let settled = 0;
  for await (const { position } of api.changes(query, { signal })) settled = position;
  return settled;
}

async function erase(request: Partial<EraseRequest>, of: VaultApi = api): Promise<EraseAnswer> {
  const none = { payloads: [], entries: [], agent: null, session: null, before: null, beforeMs: null };
  return of.erase({ ...none, reason: "somebody asked for it", dryRun: false, ...request });
}

function holding(): readonly string[] {
  return readdirSync(vault.vault.dir, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name))
    .filter((path) => told.some((form) => readFileSync(path).includes(form)));
}

describe("erasing", () => {
  test("the entry that settled a program removes what the file held, and every list that tells its digest", async () => {
    writeFileSync(join(workspace, "notes"), canary);
    const settled = await exec("printf 'something else\\n' > notes");
    // Another list of changes tells the same digest: what was there before is what is there now.
    writeFileSync(join(workspace, "kept"), canary);
    await exec("cp kept notes");
    expect(holding()).not.toEqual([]);
    const plan = await erase({ entries: [settled], dryRun: true });
    expect(plan).toMatchObject({ type: "planned", needed: [], gone: 0, entries: [], scrubbed: false });
    expect(plan.changeLists).toBeGreaterThanOrEqual(1);
    const before = (await api.status()).head.position;
    expect(await erase({ entries: [settled] })).toMatchObject({
      ...{ type: "erased", payloads: plan.payloads, bytes: plan.bytes, entries: [before + 1], scrubbed: true },
    });
    // What the second program wrote was kept, too, and never said to go.
    const { head } = await api.status();
    const rest = await erase({ before: head.position });
    expect(rest).toMatchObject({ type: "erased", scrubbed: true });
    expect(holding()).toEqual([]);
    const { dir: at } = vault.vault;
    expect(await verifyVault({ dir: at, knownVaults: null })).toMatchObject({ ok: true });
    const undone = await api.undo({ target: String(settled), merge: false, dryRun: true, diff: false }).then(
      (answer) => JSON.stringify(answer),
      (error: unknown) => String(error),
    );
    expect(undone).toContain("no readable list");
  });

  test("leaves what something that lives needs, and tells what that is", async () => {
    const { machine } = vault.vault;
    const source = machine.seal("the definition as it was written");
    const part = {
      ...{ name: "hand", version: "1.0.0", permissions: [], allotment: {}, tools: [], tasks: [], objectives: [] },
      lifecycle: { initial: "working", states: ["working"], transitions: [] },
      limits: { openTasksMax: 1, openEffectsMax: 4 },
    };
    const { position } = await machine.submit(
      { type: "definition.register", part, source: source.content } as Operation,
      { caller: vault.operator, payloads: [source] },
    );
    const { commitment } = source.content;
    const answer = await erase({ entries: [position ?? 0] });
    expect(answer).toMatchObject({ type: "erased", payloads: 0, entries: [], neededCount: 1 });
    expect(answer.needed).toEqual([{ payload: commitment, user: `definition-${position}-0` }]);
    expect((await api.content(position ?? 0, commitment)).bytes).not.toBeNull();
  });

  test("over the socket gives the same, and shows null for what is gone", async () => {
    const { machine } = vault.vault;
    const content = machine.seal(canary);
    const operation = {
      ...{ type: "observation.emit", agent: null, kind: "finding", confidencePermille: 1_000, metadata: [] },
      content: content.content,
    } as const;
    const { position } = await machine.submit(operation as Operation, { caller: vault.operator, payloads: [content] });
    const { commitment } = content.content;
    const remote = remoteVault(vault.vault.dir);
    expect(await erase({ payloads: [commitment] }, remote)).toMatchObject({ type: "erased", payloads: 1 });
    expect(await remote.content(position ?? 0, commitment)).toEqual({ bytes: null });
    expect(await erase({ payloads: [commitment] }, remote)).toMatchObject({ payloads: 0, gone: 1 });
    expect(holding()).toEqual([]);
  });

  test("fails for what is not there, for nothing, and for whoever does not administer the vault", async () => {
    const unknown = vault.vault.machine.seal("never kept").content.commitment;
    await expect(erase({ payloads: [unknown] })).rejects.toMatchObject({ code: "payload_unknown" });
    await expect(erase({ entries: [9_999] })).rejects.toMatchObject({ code: "no_such_entry" });
    await expect(erase({})).rejects.toMatchObject({ code: "nothing_named" });
    const { principal } = vault.operator;
    const { proof } = vault.operator;
    const issue = {
      type: "grant.issue",
      holder: principal,
      permissions: ["vault.read:*"],
      expiresAtMs: null,
      depthMax: 0,
    };
    const { outcome } = await vault.vault.machine.submit(issue as Operation, { caller: vault.operator });
    const issued = "events" in outcome ? outcome.events.find((event) => event.type === "grant.issued") : undefined;
    const reader = vault.apiFor({ principal, grant: issued?.grant ?? genesisIds.rootGrant, proof });
    await expect(erase({ entries: [1] }, reader)).rejects.toMatchObject({ code: "permission_denied" });
  });
});
