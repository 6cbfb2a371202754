/**
 * Asks the process that holds a vault, over the socket in the vault folder.
 */
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";

import { decodeEntry, type RecordedEntry } from "@toka/kernel";

import type { ExecOptions, ExecOutcome, ExecRequest, Explanation, LogQuery, VaultApi, VaultStatus } from "../api.ts";
import { ServiceFailure, systemCode } from "../failure.ts";
import { failureFrom } from "./failure-body.ts";
import { openSocketPath } from "./socket-path.ts";
import { decodeJson, type EntryLine, type ExecLine, readJson, readLines } from "./wire.ts";

/** Code of the failure of a call that was never begun. */
export const vaultUnreachable = "vault_unreachable";

/**
 * Tells whether a process listens on the socket of a vault folder.
 *
 * @param dir - the vault folder
 * @returns false when there is no folder, no socket, or a socket that a dead process left behind
 */
export async function isServed(dir: string): Promise<boolean> {
  let socket;
  try {
    socket = openSocketPath(dir);
  } catch {
    return false;
  }
  const { path, close } = socket;
  try {
    return await new Promise<boolean>((resolve) => {
      const connection = connect(path);
      connection.once("connect", () => {
        connection.destroy();
        resolve(true);
      });
      connection.once("error", () => resolve(false));
    });
  } finally {
    close();
  }
}

/**
 * Makes the client of a served vault.
 *
 * @param dir - the vault folder
 * @returns the same questions as the process itself would answer
 */
export function remoteVault(dir: string): VaultApi {
  return {
    status: async () => readJson<VaultStatus>(await ask(dir, { method: "GET", path: "/v1/status" })),
    why: async (position) => readJson<Explanation>(await ask(dir, { method: "GET", path: `/v1/why/${position}` })),
    log: (query, options) => readLog(dir, { query, signal: options.signal }),
    state: async (area) => readJson(await ask(dir, { method: "GET", path: `/v1/state/${area}` })),
    operate: async (request) => post(dir, { path: "/v1/operate", request }),
    abandon: async (effect, reason) => post(dir, { path: "/v1/abandon", request: { effect, reason } }),
    exec: async (body, options) => runRemotely(dir, { body, ...options }),
  };
}

async function post<T>(dir: string, call: { readonly path: string; readonly request: unknown }): Promise<T> {
  return readJson(await ask(dir, { method: "POST", path: call.path, body: JSON.stringify(call.request) }));
}

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Resolves with a 200 answer whose body is unread; any other answer is thrown as the failure in it. */
async function ask(dir: string, call: Call): Promise<IncomingMessage> {
  const socket = openSocketPath(dir);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        // No pooled connections: the short path of a vault is only a number, and may name another vault tomorrow.
        agent: false,
        socketPath: socket.path,
        method: call.method,
        path: call.path,
        headers: call.body === undefined ? {} : { "content-type": "application/json" },
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
      resolve,
    );
    outgoing.once("error", (cause) => reject(call.signal?.aborted === true ? cause : gone(dir, cause)));
    outgoing.end(call.body);
  }).finally(socket.close);
  if (response.statusCode === 200) return response;
  // A process that is on its way out takes no more calls.
  if (response.statusCode === 503) {
    response.resume();
    throw unreachable(dir, undefined);
  }
  throw failureFrom(await readJson<unknown>(response));
}

const neverConnected: readonly (string | undefined)[] = ["ECONNREFUSED", "ENOENT", "ENOTSOCK"];

function gone(dir: string, cause: unknown): ServiceFailure {
  if (neverConnected.includes(systemCode(cause))) return unreachable(dir, cause);
  return new ServiceFailure("vault_process_gone", {
    message: `Cannot reach the process that holds the vault ${dir}: ${systemCode(cause) ?? "the connection broke"}`,
    retry: "later",
    cause,
  });
}

/** The call was not begun: the same call can be made to whoever holds the vault next. */
function unreachable(dir: string, cause: unknown): ServiceFailure {
  return new ServiceFailure(vaultUnreachable, {
    message: `Cannot ask the process that holds the vault ${dir}: it takes no calls`,
    retry: "later",
    cause,
  });
}

async function* readLog(
  dir: string,
  options: { readonly query: LogQuery; readonly signal: AbortSignal },
): AsyncIterable<RecordedEntry> {
  const { query, signal } = options;
  const search = new URLSearchParams({ after: String(query.after), follow: String(query.follow) });
  if (query.kind !== null) search.set("kind", query.kind);
  if (query.agent !== null) search.set("agent", query.agent);
  const response = await ask(dir, { method: "GET", path: `/v1/log?${search.toString()}`, signal });
  try {
    for await (const line of readLines(response)) {
      const { bytes, digest } = decodeJson<EntryLine>(line);
      yield { entry: decodeEntry(bytes), digest };
    }
  } catch (error) {
    if (!signal.aborted) throw gone(dir, error);
  }
}

async function runRemotely(dir: string, options: ExecOptions & { readonly body: ExecRequest }): Promise<ExecOutcome> {
  const body = JSON.stringify(options.body);
  const response = await ask(dir, { method: "POST", path: "/v1/exec", body, signal: options.signal });
  let last: ExecLine | undefined;
  try {
    for await (const text of readLines(response)) {
      const line = decodeJson<ExecLine>(text);
      if (line.type === "outcome" || line.type === "failure") last = line;
      else options.onOutput(line.type, Buffer.from(line.data, "base64"));
    }
  } catch (error) {
    throw options.signal.aborted ? error : gone(dir, error);
  }
  if (last?.type === "outcome") return last.outcome;
  if (last?.type === "failure") throw failureFrom(last.failure);
  throw gone(dir, undefined);
}
