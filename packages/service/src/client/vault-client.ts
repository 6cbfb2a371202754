/**
 * The typed client of a served vault: the one that the command uses over the socket, and anybody over loopback with a token.
 */
import { connect } from "node:net";

import type { AgentQuery, RecordedEntry } from "@toka/kernel";

import type {
  ExecOptions,
  ExecOutcome,
  ExecRequest,
  Explanation,
  KeySource,
  LogQuery,
  MintedToken,
  SecretRow,
  VaultApi,
  VaultStatus,
} from "../api.ts";
import { failureFrom } from "../http/failure-body.ts";
import { openSocketPath } from "../http/socket-path.ts";
import { decodeJson, type EntryLine, type ExecLine, readJson, readLines } from "../http/wire.ts";
import type { ForkAnswer, ReplayReport } from "../past/answers.ts";
import type { EraseAnswer } from "../erasing/answers.ts";
import type { ChangeRecord, UndoAnswer } from "../undo/answers.ts";
import { overLoopback, overSocket, type Transport } from "./transport.ts";

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
 * Makes the client of a served vault, for this user and over its socket.
 *
 * @param dir - the vault folder
 * @returns the same questions as the process itself would answer
 */
export function remoteVault(dir: string): VaultApi {
  return vaultOver(overSocket(dir));
}

/**
 * Makes the client of a served vault for whoever holds a token.
 *
 * @param address - where the vault is served, as `toka status` shows it
 * @param options - the token
 * @returns the same questions, asked as the one whom the token speaks for
 * @throws a failure `malformed` when the address is not one of this machine
 */
export function connectVault(address: string, { token }: { readonly token: string }): VaultApi {
  return vaultOver(overLoopback(address, token));
}

function vaultOver(transport: Transport): VaultApi {
  const get = async <T>(path: string): Promise<T> => readJson<T>(await transport.ask({ method: "GET", path }));
  const post = async <T>(path: string, body: unknown): Promise<T> =>
    readJson<T>(await transport.ask({ method: "POST", path, body: JSON.stringify(body) }));
  return {
    status: async () => get<VaultStatus>("/v1/status"),
    why: async (position) => get<Explanation>(`/v1/why/${position}`),
    acknowledgeLog: async (reader, position) => {
      await post("/v1/log/acknowledge", { reader, position });
    },
    log: (query, options) => readLog(transport, { query, signal: options.signal }),
    state: async (area) => get(`/v1/state/${area}`),
    family: async (prefix) => get(`/v1/families/${encodeURIComponent(prefix)}`),
    stateAt: async (position) => get(`/v1/states/${position}`),
    stateDiff: async (from, to) => get(`/v1/diff/${from}/${to}`),
    replay: async (request) => post<ReplayReport>("/v1/replay", request),
    fork: async (request) => post<ForkAnswer>("/v1/fork", request),
    findAgents: async (query) => get(`/v1/agents?${searchOf(query)}`),
    content: async (position, commitment) => get(`/v1/content/${position}/${encodeURIComponent(commitment)}`),
    operate: async (request) => post("/v1/operate", request),
    abandon: async (effect, reason) => post("/v1/abandon", { effect, reason }),
    runTool: async (request, { signal }) =>
      readJson(await transport.ask({ method: "POST", path: "/v1/tools/run", body: JSON.stringify(request), signal })),
    registerTools: async (folder) => post("/v1/tools/register", { folder }),
    startSession: async (request) => post("/v1/sessions", request),
    sessionSummary: async (session) => get(`/v1/sessions/${encodeURIComponent(session)}/summary`),
    exec: async (body, options) => runRemotely(transport, { body, ...options }),
    changes: (query, options) => readChanges(transport, { body: JSON.stringify(query), signal: options.signal }),
    undo: async (request) => post<UndoAnswer>("/v1/undo", request),
    erase: async (request) => post<EraseAnswer>("/v1/erase", request),
    checkpoint: async () => post("/v1/checkpoint", {}),
    prove: async (request) => post("/v1/prove", request),
    export: (request, options) => readExport(transport, { body: JSON.stringify(request), signal: options.signal }),
    mintToken: async (request) => post<MintedToken>("/v1/tokens", request),
    rotateTokenKey: async () => post<{ readonly kid: string }>("/v1/tokens/rotate", {}),
    setSecret: async (secret) => post("/v1/secrets", secret),
    secrets: async () => get<readonly SecretRow[]>("/v1/secrets"),
    removeSecret: async (name) => post("/v1/secrets/remove", { name }),
    rekeySecrets: async (to) => post<{ readonly source: KeySource }>("/v1/secrets/rekey", { to }),
  };
}

function searchOf(query: AgentQuery): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== null) search.set(name, String(value));
  return search.toString();
}

async function* readLog(
  transport: Transport,
  options: { readonly query: LogQuery; readonly signal: AbortSignal },
): AsyncIterable<RecordedEntry> {
  const { query, signal } = options;
  const search = new URLSearchParams({ after: String(query.after), follow: String(query.follow) });
  const { kind, agent, session, reader, causedBy, causesOf, text, sinceMs: since, untilMs: until, limit } = query;
  const asked = { kind, agent, session, reader, causedBy, causesOf, text, since, until, limit };
  for (const [name, value] of Object.entries(asked))
    if (value !== null && value !== undefined) search.set(name, String(value));
  const response = await transport.ask({ method: "GET", path: `/v1/log?${search.toString()}`, signal });
  try {
    for await (const line of readLines(response)) {
      const { bytes, digest } = decodeJson<EntryLine>(line);
      yield { entry: decodeJson<RecordedEntry["entry"]>(bytes), digest };
    }
  } catch (error) {
    if (!signal.aborted) throw transport.gone(error);
  }
}

async function* readChanges(
  transport: Transport,
  { body, signal }: { readonly body: string; readonly signal: AbortSignal },
): AsyncIterable<ChangeRecord> {
  const response = await transport.ask({ method: "POST", path: "/v1/changes", body, signal });
  try {
    for await (const line of readLines(response)) yield decodeJson<ChangeRecord>(line);
  } catch (error) {
    if (!signal.aborted) throw transport.gone(error);
  }
}

async function* readExport(
  transport: Transport,
  { body, signal }: { readonly body: string; readonly signal: AbortSignal },
): AsyncIterable<string> {
  const response = await transport.ask({ method: "POST", path: "/v1/export", body, signal });
  let failed: string | undefined;
  try {
    for await (const line of readLines(response)) {
      if (line.startsWith('{"failure":')) failed = line;
      else yield line;
    }
  } catch (error) {
    throw signal.aborted ? error : transport.gone(error);
  }
  if (failed !== undefined) throw failureFrom(decodeJson<{ readonly failure: unknown }>(failed).failure);
}

async function runRemotely(
  transport: Transport,
  options: ExecOptions & { readonly body: ExecRequest },
): Promise<ExecOutcome> {
  const body = JSON.stringify(options.body);
  const response = await transport.ask({ method: "POST", path: "/v1/exec", body, signal: options.signal });
  let last: ExecLine | undefined;
  try {
    for await (const text of readLines(response)) {
      const line = decodeJson<ExecLine>(text);
      if (line.type === "outcome" || line.type === "failure") last = line;
      else options.onOutput(line.type, Buffer.from(line.data, "base64"));
    }
  } catch (error) {
    throw options.signal.aborted ? error : transport.gone(error);
  }
  if (last?.type === "outcome") return last.outcome;
  if (last?.type === "failure") throw failureFrom(last.failure);
  throw transport.gone(undefined);
}
