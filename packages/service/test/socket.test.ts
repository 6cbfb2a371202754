/** The server and its client, over a real socket; what answers is a stand-in at the `VaultApi` port. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request as ask, type IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { encodeEntry, type Entry, genesisIds, genesisPrevious, type RecordedEntry } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ExecRequest, VaultApi } from "../src/api.ts";
import { ServiceFailure } from "../src/failure.ts";
import { isServed, remoteVault } from "../src/client/vault-client.ts";
import { serveVault, type VaultServer } from "../src/http/server.ts";
import { openSocketPath } from "../src/http/socket-path.ts";

const proof = { method: "local-uid", digest: genesisPrevious } as const;

function entryAt(position: number): RecordedEntry {
  const entry: Entry = {
    position,
    previous: genesisPrevious,
    stamp: { timeMs: position, principal: genesisIds.root, grant: genesisIds.rootGrant, causes: [], proof },
    operation: { type: "vault.resume" },
    outcome: { refusal: { code: "vault_not_held" } },
  };
  return { entry, digest: genesisPrevious };
}

const request: ExecRequest = {
  argv: ["true"],
  workspace: "/w",
  cwd: "/w",
  stdin: "",
  permissions: null,
  timeoutMs: null,
};

function answering(changes: Partial<VaultApi>): VaultApi {
  const unasked = (): never => {
    throw new Error("Cannot answer: this test asks something else");
  };
  return {
    status: unasked,
    why: unasked,
    exec: unasked,
    log: unasked,
    state: unasked,
    family: unasked,
    stateAt: unasked,
    acknowledgeLog: unasked,
    stateDiff: unasked,
    fork: unasked,
    replay: unasked,
    findAgents: unasked,
    operate: unasked,
    content: unasked,
    runTool: unasked,
    registerTools: unasked,
    abandon: unasked,
    mintToken: unasked,
    rotateTokenKey: unasked,
    startSession: unasked,
    sessionSummary: unasked,
    changes: unasked,
    checkpoint: unasked,
    prove: unasked,
    export: unasked,
    undo: unasked,
    erase: unasked,
    setSecret: unasked,
    secrets: unasked,
    removeSecret: unasked,
    rekeySecrets: unasked,
    ...changes,
  };
}

async function post(
  path: string,
  body: string,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const options = {
    socketPath: join(dir, "socket"),
    path,
    method: "POST",
    headers: { "content-type": "application/json" },
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(options, resolve).once("error", reject).end(body);
  });
  return { status: response.statusCode, text: await text(response) };
}

let dir: string;
let server: VaultServer | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-socket-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

describe("the socket of a vault", () => {
  test("is for its user alone and goes with the process", async () => {
    server = await serveVault(answering({}), { dir });
    expect(statSync(join(dir, "socket")).mode & 0o777).toBe(0o600);
    expect(await isServed(dir)).toBe(true);
    await server.close();
    server = undefined;
    expect(existsSync(join(dir, "socket"))).toBe(false);
    expect(await isServed(dir)).toBe(false);
  });

  test("works when the path of the vault is longer than an address can hold", async () => {
    const deep = join(dir, "d".repeat(120), "e".repeat(120));
    mkdirSync(deep, { recursive: true });
    server = await serveVault(
      answering({ exec: async () => ({ type: "stopped", outcome: "limit", message: "x", position: 3 }) }),
      { dir: deep },
    );
    expect(await isServed(deep)).toBe(true);
    const outcome = await remoteVault(deep).exec(request, { signal: new AbortController().signal, onOutput: () => {} });
    expect(outcome).toEqual({ type: "stopped", outcome: "limit", message: "x", position: 3 });
  });

  test("is taken over when a dead process left it behind", async () => {
    const socket = openSocketPath(dir);
    const dead = createServer();
    await new Promise<void>((resolve) => void dead.listen(socket.path, resolve));
    // Closing would remove the file, as no killed process does.
    const stale = join(dir, "socket");
    const kept = join(dir, "kept");
    const { linkSync, renameSync } = await import("node:fs");
    linkSync(stale, kept);
    await new Promise<void>((resolve) => void dead.close(() => resolve()));
    renameSync(kept, stale);
    socket.close();
    expect(await isServed(dir)).toBe(false);
    server = await serveVault(answering({}), { dir });
    expect(await isServed(dir)).toBe(true);
  });

  test("is not there when the folder holds a plain file of that name", async () => {
    writeFileSync(join(dir, "socket"), "");
    expect(await isServed(dir)).toBe(false);
  });
});

describe("a request that cannot be read", () => {
  test.each([
    ["it is no JSON", "garbage", 400],
    ["it is too large", "x".repeat(25 * 1024 * 1024), 413],
    ["it lacks what is wanted", "{}", 400],
  ])("is the asker's fault when %s", async (_name, body, status) => {
    server = await serveVault(answering({}), { dir });
    const response = await post("/v1/exec", body);
    expect(response.status).toBe(status);
    expect(JSON.parse(response.text)).toMatchObject({ code: "malformed", retry: "never" });
  });
});

describe("a call that the socket does not answer", () => {
  const say = async (bytes: string): Promise<readonly [string | undefined, string | undefined]> => {
    const connection = connect(join(dir, "socket"));
    connection.end(bytes);
    const [head = "", body = ""] = (await text(connection)).split("\r\n\r\n");
    if (!body.startsWith("{")) throw new Error(`${head} ${body}`);
    return [head.split(" ")[1], (JSON.parse(body) as { code?: string }).code];
  };

  test.each([
    ["an unknown path", "GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", ["404", "no_such_route"]],
    [
      "a known path another way",
      "DELETE /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
      ["404", "no_such_route"],
    ],
    ["a path that is no path", "GET /v1/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", ["400", "malformed"]],
    ["no HTTP", "garbage\r\n\r\n", ["400", "malformed"]],
    [
      "headers beyond the bound",
      `GET /v1/status HTTP/1.1\r\nhost: x\r\na: ${"a".repeat(20_000)}\r\n\r\n`,
      ["431", "malformed"],
    ],
  ])("gets a failure with a code when it is %s", async (_name, bytes, answer) => {
    server = await serveVault(answering({}), { dir });
    expect(await say(bytes)).toEqual(answer);
  });

  test.each([
    ["no_such_entry", 404],
    ["permission_denied", 403],
    ["vault_closed", 500],
  ])("has a status that fits when it fails with %s", async (code, status) => {
    const why = async (): Promise<never> => {
      throw new ServiceFailure(code, { message: "Cannot do it: a test wants it so" });
    };
    server = await serveVault(answering({ why }), { dir });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      ask({ socketPath: join(dir, "socket"), path: "/v1/why/9" }, resolve)
        .once("error", reject)
        .end();
    });
    expect(response.statusCode).toBe(status);
    expect(JSON.parse(await text(response))).toMatchObject({ code });
  });
});

describe("a question over the socket", () => {
  test("brings a failure back with its code, its words and whether to retry", async () => {
    const why = async (): Promise<never> => {
      throw new ServiceFailure("no_such_entry", {
        message: "Cannot explain entry 9: the log has entries 1 to 3",
        retry: "later",
      });
    };
    server = await serveVault(answering({ why }), { dir });
    await expect(remoteVault(dir).why(9)).rejects.toMatchObject({
      name: "Failure",
      code: "no_such_entry",
      retry: "later",
      message: "Cannot explain entry 9: the log has entries 1 to 3",
    });
  });

  test("brings entries back as they are stored and ends when the log does", async () => {
    const log = async function* (): AsyncIterable<RecordedEntry> {
      for (let position = 1; position <= 300; position += 1) yield entryAt(position);
    };
    server = await serveVault(answering({ log }), { dir });
    const query = { after: 0, kind: null, agent: null, follow: false };
    const read: string[] = [];
    for await (const { entry } of remoteVault(dir).log(query, { signal: new AbortController().signal }))
      read.push(encodeEntry(entry));
    expect(read).toEqual(Array.from({ length: 300 }, (_, index) => encodeEntry(entryAt(index + 1).entry)));
  });

  test("ends a follow on both sides when the reader hangs up", async () => {
    let ended: () => void = () => {};
    const over = new Promise<void>((resolve) => (ended = resolve));
    const log: VaultApi["log"] = async function* (_query, { signal }) {
      try {
        yield entryAt(1);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      } finally {
        ended();
      }
    };
    server = await serveVault(answering({ log }), { dir });
    const controller = new AbortController();
    const positions: number[] = [];
    for await (const { entry } of remoteVault(dir).log(
      { after: 0, kind: null, agent: null, follow: true },
      { signal: controller.signal },
    )) {
      positions.push(entry.position);
      controller.abort();
    }
    await over;
    expect(positions).toEqual([1]);
  });

  test("brings output in order, byte for byte, then the outcome", async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    const exec: VaultApi["exec"] = async (asked, { onOutput }) => {
      expect(asked).toEqual(request);
      onOutput("stdout", bytes.subarray(0, 70_000));
      onOutput("stderr", Buffer.from("a note"));
      onOutput("stdout", bytes.subarray(70_000));
      return { type: "exited", code: 7, position: 12, changed: 3 };
    };
    server = await serveVault(answering({ exec }), { dir });
    const got: { stdout: Uint8Array[]; stderr: Uint8Array[] } = { stdout: [], stderr: [] };
    const outcome = await remoteVault(dir).exec(request, {
      signal: new AbortController().signal,
      onOutput: (stream, chunk) => got[stream].push(chunk),
    });
    expect(outcome).toEqual({ type: "exited", code: 7, position: 12, changed: 3 });
    expect(Buffer.concat(got.stdout).equals(bytes)).toBe(true);
    expect(Buffer.concat(got.stderr).toString()).toBe("a note");
  });

  test("ends the program when the one who asked for it hangs up", async () => {
    const controller = new AbortController();
    let ended: () => void = () => {};
    const over = new Promise<void>((resolve) => (ended = resolve));
    const exec: VaultApi["exec"] = async (_asked, { signal, onOutput }) => {
      onOutput("stdout", Buffer.from("started"));
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      ended();
      return { type: "stopped", outcome: "aborted", message: "", position: 3 };
    };
    server = await serveVault(answering({ exec }), { dir });
    const asked = remoteVault(dir).exec(request, { signal: controller.signal, onOutput: () => controller.abort() });
    await expect(asked).rejects.toThrow();
    await over;
  });

  test.each([
    ["no program", { ...request, argv: [] }],
    ["a relative workspace", { ...request, workspace: "w" }],
    ["an unknown field", { ...request, root: true }],
    ["a program that is a number", { ...request, argv: [1] }],
  ])("is refused as malformed when it asks for %s", async (_name, body) => {
    server = await serveVault(answering({ exec: async () => ({ type: "exited", code: 0, position: 1, changed: 0 }) }), {
      dir,
    });
    const asked = remoteVault(dir).exec(body as ExecRequest, {
      signal: new AbortController().signal,
      onOutput: () => {},
    });
    await expect(asked).rejects.toMatchObject({ code: "malformed" });
  });
});
