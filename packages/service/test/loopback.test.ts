/** The listener on loopback, over real connections: a token opens it as far as its grant goes, and everything else meets a coded no. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { GrantId } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { connectVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { serveLoopback } from "../src/http/loopback.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let places: Places;
let composition: Composition;
let address: string;
let port: number;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-loopback-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  composition = await up(0);
  address = composition.addresses[0] ?? "none";
  port = Number(new URL(address).port);
});
afterEach(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

async function up(at: number): Promise<Composition> {
  return compose({ places, purpose: "run", create: true, port: at, clock: Date.now, tools: toolsOf, onNote: () => {} });
}

async function mint(
  permissions: readonly string[],
  lifetimeS = 900,
): Promise<{ readonly token: string; readonly grant: string }> {
  return composition.api.mintToken({ subject: "svc", permissions, lifetimeS });
}

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
  readonly code: string | undefined;
}

/** Sends bytes as they are and reads what comes until the listener hangs up. */
async function say(bytes: string, at = port): Promise<Answer> {
  const connection = connect(at, "127.0.0.1");
  connection.write(bytes);
  const [head = "", ...rest] = (await text(connection)).split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  const [, code] = /"code":"([a-z_]+)"/u.exec(body) ?? [];
  return { status: Number(head.split(" ")[1]), headers: head.toLowerCase(), body, code };
}

interface Asked {
  readonly token?: string;
  readonly host?: string;
  readonly more?: readonly string[];
  readonly line?: string;
  readonly body?: string;
}

async function ask({
  token,
  host = `127.0.0.1:${port}`,
  more = [],
  line = "GET /v1/status",
  body = "",
}: Asked): Promise<Answer> {
  const authorization = token === undefined ? [] : [`authorization: Bearer ${token}`];
  const lines = [`${line} HTTP/1.1`, `host: ${host}`, "connection: close", ...authorization, ...more];
  return say(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

describe("where it is", () => {
  test("stands in the status and in a file for its owner alone, which goes with the process", async () => {
    const { served } = await composition.api.status();
    expect(served).toEqual({ pid: process.pid, addresses: composition.addresses });
    const file = join(composition.vault.dir, "address");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(served);
    await composition.close();
    expect(existsSync(file)).toBe(false);
    composition = await up(0);
  });

  test("is a failure in words when the port is taken", async () => {
    const { vault, apiFor } = composition;
    const verify = async (): Promise<undefined> => undefined;
    await expect(serveLoopback({ dir: vault.dir, port, verify, apiFor, nowMs: Date.now })).rejects.toMatchObject({
      code: "cannot_listen",
      message: `Cannot listen on port ${port} of 127.0.0.1: EADDRINUSE; --port takes another, 0 lets the system choose`,
    });
  });

  test("is loopback alone", () => {
    for (const one of composition.addresses) expect(["127.0.0.1", "[::1]"]).toContain(new URL(one).hostname);
  });
});

describe("a call with a token", () => {
  test("is answered as the socket would, as far as the grant goes", async () => {
    const { token } = await mint(["vault.read:status", "vault.read:why"]);
    const client = connectVault(address, { token });
    expect(await client.status()).toEqual({ ...(await composition.api.status()), hostTimeMs: expect.any(Number) });
    await expect(client.why(9999)).rejects.toMatchObject({ code: "no_such_entry" });
    await expect(client.state("agents")).rejects.toMatchObject({ code: "permission_denied" });
    const anything = { capability: null, domain: null, state: null };
    await expect(client.findAgents(anything)).rejects.toMatchObject({ code: "permission_denied" });
    await expect(
      client.mintToken({ subject: "svc", permissions: ["vault.admin:*"], lifetimeS: 60 }),
    ).rejects.toMatchObject({ code: "permission_denied" });
    const secret = { operation: { type: "secret.record", name: "x" }, contents: {} };
    expect(await client.operate(secret)).toMatchObject({ outcome: { refusal: { code: "permission_denied" } } });
  });

  test("is decided in the name of the one it speaks for, and the log says how that was proved", async () => {
    const { token } = await mint(["vault.admin:*"]);
    const receipt = await connectVault(address, { token }).operate({
      operation: { type: "secret.record", name: "x" },
      contents: {},
    });
    const [recorded] = await composition.vault.machine.read((receipt.position ?? 0) - 1, { limit: 1 });
    expect(recorded?.entry.stamp.principal).not.toBe(composition.operator.principal);
    expect(recorded?.entry.stamp.proof.method).toBe("token");
  });

  test("is the last when its grant is revoked, and a log that is followed ends", async () => {
    const { token, grant } = await mint(["vault.read:*"]);
    const client = connectVault(address, { token });
    const query = { after: 0, kind: null, agent: null, follow: true };
    let revoked = false;
    const following = (async () => {
      for await (const { entry } of client.log(query, { signal: new AbortController().signal })) {
        expect(revoked && entry.operation.type === "grant.revoke").toBe(false);
        if (revoked) continue;
        revoked = true;
        await composition.vault.machine.submit(
          { type: "grant.revoke", grant: grant as GrantId },
          { caller: composition.operator },
        );
      }
    })();
    await expect(following).rejects.toThrow();
    await expect(client.status()).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("follows a log no longer than the token lasts", async () => {
    const { token } = await mint(["vault.read:*"], 2);
    const query = { after: 0, kind: null, agent: null, follow: true };
    let seen = 0;
    for await (const { entry } of connectVault(address, { token }).log(query, { signal: new AbortController().signal }))
      seen = entry.position;
    expect(seen).toBeGreaterThan(0);
  });

  test("follows a log no longer than the token lasts when the log is days ahead of the machine's clock", async () => {
    await composition.close();
    const aheadMs = 72 * 3_600_000;
    const ahead = await compose({
      places,
      purpose: "run",
      create: false,
      clock: () => Date.now() + aheadMs,
      tools: toolsOf,
      onNote: () => {},
    });
    await ahead.close();
    composition = await up(0);
    const { token } = await mint(["vault.read:*"], 2);
    const query = { after: 0, kind: null, agent: null, follow: true };
    const client = connectVault(composition.addresses[0] ?? "none", { token });
    let seen = 0;
    for await (const { entry } of client.log(query, { signal: new AbortController().signal })) seen = entry.position;
    expect(seen).toBeGreaterThan(0);
  });

  test("has its schema at /v1/openapi.json", async () => {
    const { token } = await mint(["vault.read:*"]);
    const { status, body } = await ask({ token, line: "GET /v1/openapi.json" });
    expect(status).toBe(200);
    const document = JSON.parse(body) as {
      openapi: string;
      paths: Record<string, Record<string, { summary: string }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => `${method} ${path}: ${summary}`),
    );
    expect(calls).toContain("get /v1/why/{position}: The story of one entry");
    // A route that is added and not named there describes itself as the description.
    expect(calls.filter((call) => call.endsWith(": This description"))).toEqual([
      "get /v1/openapi.json: This description",
    ]);
  });
});

describe("a call without a token that is in force", () => {
  test("gets one and the same answer, whatever it asks for and whatever it carries", async () => {
    const { token } = await mint(["vault.read:*"]);
    const answers = await Promise.all([
      ask({}),
      ask({ line: "GET /v1/nothing" }),
      ask({ line: "GET /" }),
      ask({ line: "GET /v1/openapi.json" }),
      ask({ line: "OPTIONS /v1/status" }),
      ask({ line: "POST /v1/exec", more: ["content-length: 3"], body: "abc" }),
      ask({ line: "POST /v1/exec", more: ["content-type: text/strange", "content-length: 3"], body: "abc" }),
      ask({ more: ["authorization: Basic YWRtaW46YWRtaW4="] }),
      ask({ more: [`authorization: ${token}`] }),
      ask({ token: `${token.slice(0, -4)}AAAA` }),
      ask({ token, more: [`authorization: Bearer ${token}`] }),
      ask({ token: "x".repeat(12_000) }),
      ask({ line: `GET /v1/status?token=${token}` }),
      ask({ line: `GET /v1/status?access_token=${token}`, more: [`cookie: token=${token}`] }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 401, code: "unauthenticated", body: answers[0]?.body });
      expect(answer.headers).toContain('www-authenticate: bearer realm="toka"');
    }
  });

  test("does not wait for the body that it announces", async () => {
    const answer = await ask({
      line: "POST /v1/exec",
      more: ["content-type: application/json", "content-length: 20000000"],
    });
    expect(answer).toMatchObject({ status: 401, code: "unauthenticated" });
  });
});

describe("a call that names another host or comes from a page", () => {
  test.each([
    ["a name that leads here", { host: "evil.example" }, 421],
    ["a name that leads here, with the port", { host: "evil.example:PORT" }, 421],
    ["the address without its port", { host: "127.0.0.1" }, 421],
    ["another port", { host: "127.0.0.1:1" }, 421],
    ["another loopback address", { host: "127.0.0.2:PORT" }, 421],
    ["a number for the address", { host: "2130706433:PORT" }, 421],
    ["a user before the address", { host: "evil@127.0.0.1:PORT" }, 421],
    ["two hosts", { more: ["host: 127.0.0.1:PORT"] }, 421],
    ["a page elsewhere", { more: ["origin: http://evil.example"] }, 403],
    ["a page at another port here", { more: ["origin: http://127.0.0.1:1"] }, 403],
    ["a page without an origin", { more: ["origin: null"] }, 403],
  ])("is refused for %s, with a token that is in force", async (_what, asked, status) => {
    const { token } = await mint(["vault.read:*"]);
    const filled = JSON.parse(JSON.stringify(asked).replaceAll("PORT", String(port))) as Asked;
    const answer = await ask({ token, ...filled });
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain("position");
    expect(answer.headers).not.toContain("access-control");
  });

  test("is answered by the name localhost and from its own origin, without leave for other pages", async () => {
    const { token } = await mint(["vault.read:*"]);
    expect(await ask({ token, host: `localhost:${port}` })).toMatchObject({ status: 200 });
    const own = await ask({ token, more: [`origin: http://127.0.0.1:${port}`] });
    expect(own.status).toBe(200);
    expect(own.headers).not.toContain("access-control");
  });
});

describe("a call that takes too much", () => {
  test.each([
    ["headers", (token: string) => ({ token, more: [`x: ${"x".repeat(20_000)}`] }), 431, "malformed"],
    [
      "a body",
      (token: string) => ({
        token,
        line: "POST /v1/exec",
        more: ["content-type: application/json", "content-length: 30000000"],
      }),
      413,
      "malformed",
    ],
    [
      "a body of another kind",
      (token: string) => ({
        token,
        line: "POST /v1/exec",
        more: ["content-type: application/xml", "content-length: 2"],
        body: "{}",
      }),
      415,
      "malformed",
    ],
    ["an unknown route", (token: string) => ({ token, line: "GET /v1/nothing" }), 404, "no_such_route"],
  ])("is refused for %s", async (_what, asked, status, code) => {
    const { token } = await mint(["vault.read:*"]);
    expect(await ask(asked(token))).toMatchObject({ status, code });
  });

  test.each([
    [
      "headers",
      (token: string) => `GET /v1/status HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nauthorization: Bearer ${token}\r\nx: `,
    ],
    [
      "a body",
      (token: string) =>
        `POST /v1/exec HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    ],
  ])("is cut off when %s never end", async (_what, bytes) => {
    const { token } = await mint(["vault.read:*"]);
    const { vault, apiFor } = composition;
    const verify: Parameters<typeof serveLoopback>[0]["verify"] = async () => ({
      caller: composition.operator,
      expiresAtMs: Date.now() + 60_000,
    });
    const patient = await serveLoopback({
      dir: vault.dir,
      port: 0,
      verify,
      apiFor,
      nowMs: Date.now,
      times: { headersMs: 200, requestMs: 300 },
    });
    try {
      const at = Number(new URL(patient.addresses[0] ?? "").port);
      expect(await say(bytes(token).replace("PORT", String(at)), at)).toMatchObject({ status: 408, code: "malformed" });
    } finally {
      await patient.close();
    }
  });
});

describe("the client", () => {
  test.each([
    "http://example.com:80",
    "https://127.0.0.1:1",
    "http://127.0.0.1.evil.example:1",
    "ftp://127.0.0.1",
    "none",
  ])("sends no token to %s", (elsewhere) => {
    expect(() => connectVault(elsewhere, { token: "t" })).toThrow("wanted an address on this machine");
  });

  test("says that nobody listens when nobody does", async () => {
    await composition.close();
    await expect(connectVault(address, { token: "t" }).status()).rejects.toMatchObject({
      code: "vault_unreachable",
      retry: "later",
    });
    composition = await up(0);
  });
});
