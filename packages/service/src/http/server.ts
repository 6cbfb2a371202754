/**
 * Serves a vault to other processes of the same user: HTTP over a unix socket in the vault folder.
 *
 * Who may speak is settled by the file system: the folder is 0700 and the socket 0600, so a peer has the same uid (or is root,
 * who could read the files anyway). Whatever a peer asks is asked as the operator.
 */
import { chmodSync, unlinkSync } from "node:fs";
import { Readable } from "node:stream";

import { encodeEntry } from "@toka/kernel";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

import type { ExecOutcome, ExecRequest, LogQuery, VaultApi } from "../api.ts";
import { ServiceFailure, systemCode } from "../failure.ts";
import { failureOf } from "./failure-body.ts";
import { openSocketPath } from "./socket-path.ts";
import { type ExecLine, requestBytesMax } from "./wire.ts";

/** A vault that is being served. */
export interface VaultServer {
  /** Stops taking calls, lets the ones under way end, and removes the socket. */
  readonly close: () => Promise<void>;
}

const logSchema = {
  type: "object",
  additionalProperties: false,
  required: ["after", "follow"],
  properties: {
    after: { type: "string", pattern: "^[0-9]{1,15}$" },
    kind: { type: "string", maxLength: 100 },
    agent: { type: "string", maxLength: 200 },
    follow: { enum: ["true", "false"] },
  },
} as const;

const nullableText = { type: ["array", "null"], maxItems: 256, items: { type: "string", maxLength: 8192 } } as const;

const execSchema = {
  type: "object",
  additionalProperties: false,
  required: ["argv", "workspace", "cwd", "stdin", "permissions", "timeoutMs"],
  properties: {
    argv: { type: "array", minItems: 1, maxItems: 4096, items: { type: "string" } },
    workspace: { type: "string", pattern: "^/" },
    cwd: { type: "string", pattern: "^/" },
    stdin: { type: "string" },
    permissions: nullableText,
    timeoutMs: { type: ["integer", "null"], minimum: 1 },
  },
} as const;

const positionSchema = {
  type: "object",
  required: ["position"],
  properties: { position: { type: "string", pattern: "^[1-9][0-9]{0,14}$" } },
} as const;

/**
 * Listens on the socket of a vault folder.
 *
 * The caller holds the vault, so a socket file that is already there was left behind by a process that died.
 *
 * @param api - what answers
 * @param options - the vault folder
 * @returns the server, listening
 * @throws a failure `cannot_listen` when the socket cannot be made
 */
export async function serveVault(api: VaultApi, options: { readonly dir: string }): Promise<VaultServer> {
  const app = fastify({
    bodyLimit: requestBytesMax,
    logger: false,
    forceCloseConnections: "idle",
    // What does not fit is refused, never bent or dropped until it fits.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const body = failureOf(error);
    await reply.code(body.code === "malformed" ? (statusOf(error) ?? 400) : 500).send(body);
  });
  addRoutes(app, api);
  const socket = openSocketPath(options.dir);
  try {
    removeStale(socket.path);
    await app.listen({ path: socket.path });
    chmodSync(socket.path, 0o600);
  } catch (cause) {
    await app.close();
    socket.close();
    throw new ServiceFailure("cannot_listen", {
      message: `Cannot listen on the socket of the vault ${options.dir}: ${systemCode(cause) ?? "unknown error"}`,
      cause,
    });
  }
  return {
    close: async () => {
      await app.close();
      removeStale(socket.path);
      socket.close();
    },
  };
}

/** @returns what the server itself says to a request that it could not even read, such as 413 */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

function addRoutes(app: FastifyInstance, api: VaultApi): void {
  app.get("/v1/status", async () => api.status());
  app.get<{ Params: { position: string } }>(
    "/v1/why/:position",
    { schema: { params: positionSchema } },
    async (request) => api.why(Number(request.params.position)),
  );
  app.get<{ Querystring: { after: string; kind?: string; agent?: string; follow: "true" | "false" } }>(
    "/v1/log",
    { schema: { querystring: logSchema } },
    async (request, reply) => {
      const { after, kind, agent, follow } = request.query;
      const query: LogQuery = {
        after: Number(after),
        kind: kind ?? null,
        agent: agent ?? null,
        follow: follow === "true",
      };
      return sendLines(reply, logLines(api, { query, signal: untilClosed(request, reply) }));
    },
  );
  app.post<{ Body: ExecRequest }>("/v1/exec", { schema: { body: execSchema } }, async (request, reply) =>
    sendLines(reply, execLines(api, { body: request.body, signal: untilClosed(request, reply) })),
  );
}

/** Aborted when the peer hangs up before the answer is complete. */
function untilClosed(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  request.raw.socket.once("close", () => controller.abort());
  reply.raw.once("close", () => controller.abort());
  return controller.signal;
}

function sendLines(reply: FastifyReply, lines: AsyncIterable<string>): FastifyReply {
  return reply.type("application/x-ndjson").send(Readable.from(lines, { objectMode: false }));
}

async function* logLines(
  api: VaultApi,
  options: { readonly query: LogQuery; readonly signal: AbortSignal },
): AsyncIterable<string> {
  for await (const { entry, digest } of api.log(options.query, { signal: options.signal })) {
    yield `${JSON.stringify({ digest, bytes: encodeEntry(entry) })}\n`;
  }
}

/** Output arrives by call-back and leaves by pull; the queue between is bounded by the output limit of the run. */
async function* execLines(
  api: VaultApi,
  options: { readonly body: ExecRequest; readonly signal: AbortSignal },
): AsyncIterable<string> {
  const queue: ExecLine[] = [];
  let wake: () => void = () => {};
  let ended = false;
  const push = (line: ExecLine): void => {
    queue.push(line);
    wake();
  };
  const run = api
    .exec(options.body, {
      signal: options.signal,
      onOutput: (stream, chunk) => push({ type: stream, data: Buffer.from(chunk).toString("base64") }),
    })
    .then(
      (outcome: ExecOutcome) => push({ type: "outcome", outcome }),
      (error: unknown) => push({ type: "failure", failure: failureOf(error) }),
    )
    .finally(() => {
      ended = true;
      wake();
    });
  while (true) {
    const line = queue.shift();
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
    else if (ended) break;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  await run;
}
