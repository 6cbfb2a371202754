/** Finding entries by the words in them and in their contents, directly and over the socket. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Caller, Operation } from "@toka/kernel";
import { localProof } from "@toka/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LogQuery, VaultApi } from "../src/api.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { searchedBytesMax } from "../src/log-text.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let places: Places;
let composition: Composition;
let at: { readonly [name in "plain" | "long" | "picture" | "named"]: number };

const never = new AbortController().signal;
const long = `beginning ${"x ".repeat(searchedBytesMax / 2)}beyond`;
/** No text: a byte that stands nowhere in UTF-8, among words. */
const picture = Buffer.concat([Buffer.from("sunset "), Buffer.from([0xff]), Buffer.from(" sunset")]);

async function say(content: string | Uint8Array, kind = "finding"): Promise<number> {
  const { machine } = composition.vault;
  const draft = machine.seal(content);
  const operation: Operation = {
    type: "observation.emit",
    agent: null,
    kind,
    confidencePermille: 500,
    metadata: [{ name: "place", value: "harbour" }],
    content: draft.content,
  };
  const { position, outcome } = await machine.submit(operation, { caller: composition.operator, payloads: [draft] });
  if (position === null || "refusal" in outcome) throw new Error("Cannot prepare: it was not said");
  return position;
}

async function person(permissions: readonly string[]): Promise<Caller> {
  const asOperator = async (operation: Operation): Promise<unknown> => {
    const { outcome } = await composition.vault.machine.submit(operation, { caller: composition.operator });
    return "events" in outcome ? outcome.events[0] : undefined;
  };
  const name = `person-${permissions.length}`;
  const { principal } = (await asOperator({ type: "principal.register", name, kind: "person" })) as Caller;
  const issue = { type: "grant.issue", holder: principal, permissions, expiresAtMs: null, depthMax: 1 } as Operation;
  const { grant } = (await asOperator(issue)) as Caller;
  return { principal, grant, proof: localProof() };
}

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-text-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  composition = await compose({
    places,
    create: true,
    clock: Date.now,
    tools: toolsOf,
    onNote: () => {},
    purpose: "run",
  });
  at = {
    plain: await say("The Café by the river is closed; 42 guests left, hear: ear."),
    long: await say(long),
    picture: await say(picture),
    named: await say("nothing of note", "river-gauge"),
  };
});
afterAll(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

const all: LogQuery = { after: 0, kind: null, agent: null, follow: false };

async function asked(api: VaultApi, query: Partial<LogQuery>): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { entry } of api.log({ ...all, ...query }, { signal: never })) found.push(entry.position);
  return found;
}

const both = (): readonly VaultApi[] => [composition.api, remoteVault(places.vault)];

describe("entries are found by words", () => {
  const rows: readonly (readonly [string, string, readonly (keyof typeof at)[]])[] = [
    ["a word of a content", "guests", ["plain"]],
    ["in another case, without its accent", "CAFE", ["plain"]],
    ["with an accent that is not there", "rivér", ["plain", "named"]],
    ["several, in any order, whatever stands between", "left, closed cafe", ["plain"]],
    ["one in the entry and one in its content", "gauge note", ["named"]],
    ["of which one is not there", "cafe open", []],
    ["part of a word", "guest", []],
    ["the end of a word", "losed", []],
    ["a word that stands as a part before it stands as a whole", "ear", ["plain"]],
    ["a number", "42", ["plain"]],
    ["a value inline, not the name of its field", "harbour", ["plain", "long", "picture", "named"]],
    ["the name of a field", "metadata", []],
    ["the type of an operation", "emit", []],
    ["a word at the beginning of a long content", "beginning", ["long"]],
    ["a word behind what is looked at", "beyond", []],
    ["a word in what is no text", "sunset", []],
  ];
  test.each(rows)("%s", async (_name, text, found) => {
    for (const api of both()) {
      const positions = await asked(api, { text, kind: "observation" });
      expect(positions).toEqual(found.map((name) => at[name]));
    }
  });

  test("together with whatever else is asked for", async () => {
    for (const api of both()) {
      expect(await asked(api, { text: "river" })).toEqual([at.plain, at.named]);
      expect(await asked(api, { text: "river", limit: 1 })).toEqual([at.plain]);
      expect(await asked(api, { text: "river", after: at.plain })).toEqual([at.named]);
      expect(await asked(api, { text: "river", kind: "task" })).toEqual([]);
      expect(await asked(api, { text: "river", causesOf: at.named })).toEqual([at.named]);
    }
  });

  test("also behind more entries than are read at once", async () => {
    await Promise.all(Array.from({ length: 250 }, () => say("noise")));
    const last = await say("a whisper");
    for (const api of both()) expect(await asked(api, { text: "whisper" })).toEqual([last]);
    expect(await asked(composition.api, { text: "noise", limit: 120 })).toHaveLength(120);
  });

  test("no longer by the words of a content that was erased", async () => {
    const { machine } = composition.vault;
    const position = await say("a regrettable remark", "gossip");
    for (const api of both()) expect(await asked(api, { text: "regrettable" })).toEqual([position]);
    const [recorded] = await machine.read(position - 1, { limit: 1 });
    const operation = recorded?.entry.operation;
    if (operation?.type !== "observation.emit") throw new Error("Cannot test: nothing was said");
    const erase: Operation = { type: "payload.erase", payloads: [operation.content.commitment], reason: "asked for" };
    const { outcome } = await machine.submit(erase, { caller: composition.operator });
    expect(outcome).toMatchObject({ events: [{ type: "payload.erased" }] });
    for (const api of both()) {
      expect(await asked(api, { text: "regrettable" })).toEqual([]);
      // What stands inline stays.
      expect(await asked(api, { text: "gossip" })).toEqual([position]);
    }
  });

  test("as they come, when they are followed", async () => {
    const [, remote] = both();
    if (remote === undefined) throw new Error("Cannot test: there is no other way to ask");
    const { position: head } = (await composition.api.status()).head;
    const controller = new AbortController();
    const seen: number[] = [];
    const query: LogQuery = { ...all, text: "thunder", after: head - 1, follow: true };
    const before = await say("distant thunder");
    for await (const { entry } of remote.log(query, { signal: controller.signal })) {
      seen.push(entry.position);
      if (seen.length === 2) break;
      await say("silence");
      await say("thunder again");
    }
    controller.abort();
    expect(seen).toEqual([before, before + 2]);
  });
});

describe("a search", () => {
  test.each(["", " .,; ", "a b c d e f g h i j k l m n o p q"])("for %j is refused", async (text) => {
    for (const api of both()) await expect(asked(api, { text })).rejects.toMatchObject({ code: "malformed" });
  });

  test("is refused to who may read the log and no contents, since it would tell what is in them", async () => {
    const reader = composition.apiFor(await person(["vault.read:log"]));
    expect(await asked(reader, { limit: 1 })).toEqual([1]);
    await expect(asked(reader, { text: "guests" })).rejects.toMatchObject({ code: "permission_denied" });
    const trusted = composition.apiFor(await person(["vault.read:log", "vault.read:content"]));
    expect(await asked(trusted, { text: "guests" })).toEqual([at.plain]);
  });
});
