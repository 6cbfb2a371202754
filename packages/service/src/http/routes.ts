/**
 * The calls that a served vault answers, and how each is read and written.
 */
import { Readable } from "node:stream";

import { encodeEntry } from "@toka/kernel";
import type { AgentQuery, RecordedEntry } from "@toka/kernel";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { ExecOutcome, ExecRequest, KeySource, LogQuery, MintRequest, VaultApi } from "../api.ts";
import type { ForkRequest, ReplayRequest } from "../past/answers.ts";
import type { EraseRequest } from "../erasing/answers.ts";
import type { ExportRequest, ProveRequest } from "../proof/answers.ts";
import type { StartSessionRequest } from "../sessions/start-request.ts";
import type { RunToolRequest } from "../tools/tool-call.ts";
import type { StateArea } from "../state/areas.ts";
import type { OperateRequest } from "../state/operate.ts";
import { stateAreas } from "../state/read-state.ts";
import type { ChangesQuery, UndoRequest } from "../undo/answers.ts";
import { failureOf } from "./failure-body.ts";
import { addDescription } from "./openapi.ts";
import type { ExecLine } from "./wire.ts";

const numberProperty = { type: "string", pattern: "^[0-9]{1,15}$" } as const;

const logSchema = {
  type: "object",
  additionalProperties: false,
  required: ["after", "follow"],
  properties: {
    after: numberProperty,
    kind: { type: "string", maxLength: 100 },
    agent: { type: "string", maxLength: 200 },
    session: { type: "string", maxLength: 100 },
    reader: { type: "string", maxLength: 100 },
    causedBy: numberProperty,
    causesOf: numberProperty,
    text: { type: "string", maxLength: 1000 },
    since: numberProperty,
    until: numberProperty,
    limit: numberProperty,
    follow: { enum: ["true", "false"] },
  },
} as const;

const nullableText = { type: ["array", "null"], maxItems: 256, items: { type: "string", maxLength: 8192 } } as const;

const acknowledgeSchema = {
  type: "object",
  additionalProperties: false,
  required: ["reader", "position"],
  properties: { reader: { type: "string", maxLength: 100 }, position: { type: "integer", minimum: 0 } },
} as const;

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
    learn: { type: "boolean" },
  },
} as const;

const stateSchema = {
  type: "object",
  required: ["area"],
  properties: { area: { enum: stateAreas } },
} as const;

const agentsSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    capability: { type: "string", maxLength: 64 },
    domain: { type: "string", maxLength: 64 },
    state: { enum: ["running", "suspended"] },
  },
} as const;

const operateSchema = {
  type: "object",
  additionalProperties: false,
  required: ["operation", "contents"],
  properties: {
    operation: { type: "object", required: ["type"] },
    contents: { type: "object", maxProperties: 16, additionalProperties: { type: "string" } },
  },
} as const;

const abandonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["effect", "reason"],
  properties: { effect: { type: "string", maxLength: 100 }, reason: { type: "string", maxLength: 8192 } },
} as const;

const sessionSchema = {
  type: "object",
  additionalProperties: false,
  required: ["folder", "files", "workspace"],
  properties: {
    folder: { type: "string", pattern: "^/", maxLength: 4096 },
    files: { type: "object", maxProperties: 100, additionalProperties: { type: "string" } },
    workspace: { type: "string", pattern: "^/", maxLength: 4096 },
  },
} as const;

const positionSchema = {
  type: "object",
  required: ["position"],
  properties: { position: { type: "string", pattern: "^[1-9][0-9]{0,14}$" } },
} as const;

/** A position, or 0 for the empty log. */
const momentProperty = numberProperty;

const momentSchema = { type: "object", required: ["position"], properties: { position: momentProperty } } as const;

const diffSchema = {
  type: "object",
  required: ["from", "to"],
  properties: { from: momentProperty, to: momentProperty },
} as const;

const replaySchema = {
  type: "object",
  required: ["at", "to", "supposition"],
  additionalProperties: false,
  properties: {
    at: { type: "integer", minimum: 1 },
    to: { type: ["integer", "null"], minimum: 1 },
    supposition: { type: "object", required: ["type"] },
  },
} as const;

const folderProperty = { type: "string", pattern: "^/", maxLength: 4096 } as const;

const forkSchema = {
  type: "object",
  required: ["at", "into", "workspace"],
  additionalProperties: false,
  properties: {
    at: { type: ["integer", "null"], minimum: 1 },
    into: folderProperty,
    workspace: {
      type: ["object", "null"],
      required: ["from", "to"],
      additionalProperties: false,
      properties: { from: folderProperty, to: folderProperty },
    },
  },
} as const;

const contentSchema = {
  type: "object",
  required: ["position", "commitment"],
  properties: {
    ...positionSchema.properties,
    commitment: { type: "string", pattern: "^sha256:[A-Za-z0-9_-]{43}$" },
  },
} as const;

const runToolSchema = {
  type: "object",
  additionalProperties: false,
  required: ["tool", "arguments"],
  properties: { tool: { type: "string", maxLength: 200 }, arguments: { type: "object" } },
} as const;

const registerSchema = {
  type: "object",
  additionalProperties: false,
  required: ["folder"],
  properties: { folder: { type: "string", pattern: "^/", maxLength: 4096 } },
} as const;

const mintSchema = {
  type: "object",
  additionalProperties: false,
  required: ["lifetimeS"],
  properties: {
    lifetimeS: { type: "integer", minimum: 1 },
    grant: { type: "string", maxLength: 100 },
    subject: { type: "string", maxLength: 100 },
    permissions: { type: "array", maxItems: 256, items: { type: "string", maxLength: 8192 } },
  },
  oneOf: [
    { required: ["grant"], maxProperties: 2 },
    { required: ["subject", "permissions"], maxProperties: 3 },
  ],
} as const;

const nullable = (maxLength: number) => ({ type: ["string", "null"], maxLength }) as const;

const changesSchema = {
  type: "object",
  additionalProperties: false,
  required: ["agent", "task", "session", "path", "since"],
  properties: {
    agent: nullable(200),
    task: nullable(100),
    session: nullable(100),
    path: nullable(4096),
    since: { type: "integer", minimum: 0 },
  },
} as const;

const eraseSchema = {
  type: "object",
  additionalProperties: false,
  required: ["payloads", "entries", "agent", "session", "before", "beforeMs", "reason", "dryRun"],
  properties: {
    payloads: { type: "array", maxItems: 10_000, items: { type: "string", pattern: "^sha256:[A-Za-z0-9_-]{43}$" } },
    entries: { type: "array", maxItems: 10_000, items: { type: "integer", minimum: 1 } },
    agent: { type: ["string", "null"], maxLength: 200 },
    session: { type: ["string", "null"], maxLength: 100 },
    before: { type: ["integer", "null"], minimum: 1 },
    beforeMs: { type: ["integer", "null"], minimum: 0 },
    reason: { type: "string", minLength: 1, maxLength: 500 },
    dryRun: { type: "boolean" },
  },
} as const;

const undoSchema = {
  type: "object",
  additionalProperties: false,
  required: ["target", "merge", "dryRun", "diff"],
  properties: {
    target: { type: "string", minLength: 1, maxLength: 200 },
    merge: { type: "boolean" },
    dryRun: { type: "boolean" },
    diff: { type: "boolean" },
  },
} as const;

const sizeProperty = { type: "integer", minimum: 1 } as const;
const nullableSize = { type: ["integer", "null"], minimum: 1 } as const;

const proveSchema = {
  type: "object",
  additionalProperties: false,
  required: ["from"],
  properties: { entry: sizeProperty, from: nullableSize, to: nullableSize },
  oneOf: [
    { required: ["entry"], maxProperties: 2 },
    { required: ["to"], maxProperties: 2, properties: { from: sizeProperty } },
  ],
} as const;

const exportSchema = {
  type: "object",
  additionalProperties: false,
  required: ["agent", "from", "to", "redact"],
  properties: { agent: nullable(200), from: sizeProperty, to: nullableSize, redact: { type: "boolean" } },
} as const;

const nameProperty = { type: "string", maxLength: 100 } as const;

const secretSchema = {
  type: "object",
  additionalProperties: false,
  required: ["name", "value"],
  properties: { name: nameProperty, value: { type: "string", maxLength: 65_536 } },
} as const;

const secretNameSchema = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: { name: nameProperty },
} as const;

const rekeySchema = {
  type: "object",
  additionalProperties: false,
  required: ["to"],
  properties: { to: { enum: ["file", "keyring", "environment", null] } },
} as const;

/** Which api answers a request: that of whoever asks. */
export type ApiOf = (request: FastifyRequest) => VaultApi;

/**
 * Adds every route. They are the same on the socket and on loopback; what differs is who asks.
 *
 * @param app - to add them to
 * @param apiOf - the api of a request's caller
 */
export function addRoutes(app: FastifyInstance, apiOf: ApiOf): void {
  addDescription(app);
  app.get("/v1/status", async (request) => apiOf(request).status());
  app.get<{ Params: { position: string } }>(
    "/v1/why/:position",
    { schema: { params: positionSchema } },
    async (request) => apiOf(request).why(Number(request.params.position)),
  );
  app.get<{ Querystring: LogSearch }>("/v1/log", { schema: { querystring: logSchema } }, async (request, reply) => {
    const query = logQueryOf(request.query);
    const entries = apiOf(request).log(query, { signal: untilClosed(request, reply) });
    // Whoever follows is answered before there is anything to tell.
    return sendLines(reply, query.follow ? logLines(entries) : await begunLines(entries, entryLine));
  });
  app.get<{ Params: { area: StateArea } }>("/v1/state/:area", { schema: { params: stateSchema } }, async (request) =>
    apiOf(request).state(request.params.area),
  );
  app.get<{ Querystring: Partial<AgentQuery> }>(
    "/v1/agents",
    { schema: { querystring: agentsSchema } },
    async (request) => {
      const { capability = null, domain = null, state = null } = request.query;
      return apiOf(request).findAgents({ capability, domain, state });
    },
  );
  app.get<{ Params: { position: string; commitment: string } }>(
    "/v1/content/:position/:commitment",
    { schema: { params: contentSchema } },
    async (request) => apiOf(request).content(Number(request.params.position), request.params.commitment),
  );
  app.post<{ Body: OperateRequest }>("/v1/operate", { schema: { body: operateSchema } }, async (request) =>
    apiOf(request).operate(request.body),
  );
  app.post<{ Body: { effect: string; reason: string } }>(
    "/v1/abandon",
    { schema: { body: abandonSchema } },
    async (request) => apiOf(request).abandon(request.body.effect, request.body.reason),
  );
  app.post<{ Body: RunToolRequest }>("/v1/tools/run", { schema: { body: runToolSchema } }, async (request, reply) =>
    apiOf(request).runTool(request.body, { signal: untilClosed(request, reply) }),
  );
  app.post<{ Body: { folder: string } }>("/v1/tools/register", { schema: { body: registerSchema } }, async (request) =>
    apiOf(request).registerTools(request.body.folder),
  );
  app.post<{ Body: StartSessionRequest }>("/v1/sessions", { schema: { body: sessionSchema } }, async (request) =>
    apiOf(request).startSession(request.body),
  );
  app.get<{ Params: { session: string } }>("/v1/sessions/:session/summary", async (request) =>
    apiOf(request).sessionSummary(request.params.session),
  );
  app.post<{ Body: ExecRequest }>("/v1/exec", { schema: { body: execSchema } }, async (request, reply) =>
    sendLines(reply, execLines(apiOf(request), { body: request.body, signal: untilClosed(request, reply) })),
  );
  app.post<{ Body: MintRequest }>("/v1/tokens", { schema: { body: mintSchema } }, async (request) =>
    apiOf(request).mintToken(request.body),
  );
  app.post("/v1/tokens/rotate", async (request) => apiOf(request).rotateTokenKey());
  addPast(app, apiOf);
  addChanges(app, apiOf);
  addErasing(app, apiOf);
  addProofs(app, apiOf);
  addSecretRoutes(app, apiOf);
}

interface LogSearch {
  readonly after: string;
  readonly kind?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly reader?: string;
  readonly causedBy?: string;
  readonly causesOf?: string;
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly follow: "true" | "false";
}

function logQueryOf({ after, kind, agent, session, reader, causedBy, causesOf, ...rest }: LogSearch): LogQuery {
  const numberOf = (given: string | undefined): number | null => (given === undefined ? null : Number(given));
  return {
    after: Number(after),
    kind: kind ?? null,
    agent: agent ?? null,
    session: session ?? null,
    reader: reader ?? null,
    causedBy: numberOf(causedBy),
    causesOf: numberOf(causesOf),
    text: rest.text ?? null,
    sinceMs: numberOf(rest.since),
    untilMs: numberOf(rest.until),
    limit: numberOf(rest.limit),
    follow: rest.follow === "true",
  };
}

function addPast(app: FastifyInstance, apiOf: ApiOf): void {
  app.post<{ Body: { reader: string; position: number } }>(
    "/v1/log/acknowledge",
    { schema: { body: acknowledgeSchema } },
    async (request) => {
      await apiOf(request).acknowledgeLog(request.body.reader, request.body.position);
      return {};
    },
  );
  app.get<{ Params: { family: string } }>("/v1/families/:family", async (request) =>
    apiOf(request).family(request.params.family),
  );
  app.get<{ Params: { position: string } }>(
    "/v1/states/:position",
    { schema: { params: momentSchema } },
    async (request) => apiOf(request).stateAt(Number(request.params.position)),
  );
  app.get<{ Params: { from: string; to: string } }>(
    "/v1/diff/:from/:to",
    { schema: { params: diffSchema } },
    async (request) => apiOf(request).stateDiff(Number(request.params.from), Number(request.params.to)),
  );
  app.post<{ Body: ReplayRequest }>("/v1/replay", { schema: { body: replaySchema } }, async (request) =>
    apiOf(request).replay(request.body),
  );
  app.post<{ Body: ForkRequest }>("/v1/fork", { schema: { body: forkSchema } }, async (request) =>
    apiOf(request).fork(request.body),
  );
}

function addChanges(app: FastifyInstance, apiOf: ApiOf): void {
  app.post<{ Body: ChangesQuery }>("/v1/changes", { schema: { body: changesSchema } }, async (request, reply) => {
    const records = apiOf(request).changes(request.body, { signal: untilClosed(request, reply) });
    return sendLines(reply, await begunLines(records));
  });
  app.post<{ Body: UndoRequest }>("/v1/undo", { schema: { body: undoSchema } }, async (request) =>
    apiOf(request).undo(request.body),
  );
}

function addErasing(app: FastifyInstance, apiOf: ApiOf): void {
  app.post<{ Body: EraseRequest }>("/v1/erase", { schema: { body: eraseSchema } }, async (request) =>
    apiOf(request).erase(request.body),
  );
}

function addProofs(app: FastifyInstance, apiOf: ApiOf): void {
  app.post("/v1/checkpoint", async (request) => apiOf(request).checkpoint());
  app.post<{ Body: ProveRequest }>("/v1/prove", { schema: { body: proveSchema } }, async (request) =>
    apiOf(request).prove(request.body),
  );
  app.post<{ Body: ExportRequest }>("/v1/export", { schema: { body: exportSchema } }, async (request, reply) => {
    const lines = apiOf(request).export(request.body, { signal: untilClosed(request, reply) });
    return sendLines(reply, failuresTold(await begunLines(lines, (line) => line)));
  });
}

/** What fails in the middle is told in a last line: the status went out with the first. */
async function* failuresTold(lines: AsyncIterable<string>): AsyncIterable<string> {
  try {
    yield* lines;
  } catch (error) {
    yield `${JSON.stringify({ failure: failureOf(error) })}\n`;
  }
}

/** The first record is awaited, so that a refusal is still an answer of its own. */
async function begunLines<Record>(
  records: AsyncIterable<Record>,
  write: (record: Record) => string = (record) => JSON.stringify(record),
): Promise<AsyncIterable<string>> {
  const iterator = records[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    for (let next = first; next.done !== true; next = await iterator.next()) yield `${write(next.value)}\n`;
  })();
}

function addSecretRoutes(app: FastifyInstance, apiOf: ApiOf): void {
  app.get("/v1/secrets", async (request) => apiOf(request).secrets());
  app.post<{ Body: { name: string; value: string } }>(
    "/v1/secrets",
    { schema: { body: secretSchema } },
    async (request) => {
      await apiOf(request).setSecret(request.body);
      return {};
    },
  );
  app.post<{ Body: { name: string } }>(
    "/v1/secrets/remove",
    { schema: { body: secretNameSchema } },
    async (request) => {
      await apiOf(request).removeSecret(request.body.name);
      return {};
    },
  );
  app.post<{ Body: { to: KeySource | null } }>(
    "/v1/secrets/rekey",
    { schema: { body: rekeySchema } },
    async (request) => apiOf(request).rekeySecrets(request.body.to),
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

async function* logLines(entries: AsyncIterable<RecordedEntry>): AsyncIterable<string> {
  for await (const recorded of entries) yield `${entryLine(recorded)}\n`;
}

function entryLine({ entry, digest }: RecordedEntry): string {
  return JSON.stringify({ digest, bytes: encodeEntry(entry) });
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
