/**
 * The description of the calls, made from the schemas that requests are checked with, so that it cannot say anything else.
 *
 * Source: OpenAPI Specification 3.1.0.
 */
import type { FastifyInstance, RouteOptions } from "fastify";

/** What each call is for; an answer of `lines` is one JSON value a line. */
const summaries: Readonly<Record<string, { readonly summary: string; readonly answer?: "lines" }>> = {
  "GET /v1/status": { summary: "The state at the head of the log" },
  "GET /v1/why/:position": { summary: "The story of one entry" },
  "GET /v1/log": { summary: "Entries as they are stored, with their digests", answer: "lines" },
  "POST /v1/log/acknowledge": { summary: "Remember how far a reader has taken the log in" },
  "GET /v1/state/:area": { summary: "The rows of one area of the state" },
  "GET /v1/families/:family": { summary: "A family as its bundle describes it, with its rows" },
  "GET /v1/states/:position": { summary: "All areas of the state as it was after an entry" },
  "GET /v1/diff/:from/:to": { summary: "What differs in the state after one entry from that after another" },
  "GET /v1/agents": { summary: "Live agents by capability, domain and state" },
  "GET /v1/content/:position/:commitment": { summary: "Bytes that an entry names by commitment" },
  "POST /v1/operate": { summary: "Have one operation decided" },
  "POST /v1/abandon": { summary: "Give up learning what came of an owed effect" },
  "POST /v1/tools/run": { summary: "Call one tool" },
  "POST /v1/tools/register": { summary: "Make the tools in a folder known to the vault" },
  "POST /v1/sessions": { summary: "Start a session of a crew and spawn its first agents" },
  "GET /v1/sessions/:session/summary": { summary: "What a session came to, once it is over" },
  "POST /v1/exec": { summary: "Run one program: its output, then the outcome", answer: "lines" },
  "POST /v1/changes": { summary: "Who changed what, and under which grant", answer: "lines" },
  "POST /v1/replay": { summary: "Decide a stretch of the log again as if something had been otherwise" },
  "POST /v1/fork": { summary: "Make a vault that goes on from an entry of this one, for the operator alone" },
  "POST /v1/undo": { summary: "Take back what effects changed, or say what that would do" },
  "POST /v1/erase": { summary: "Erase contents for good, or say what that would do; for who administers the vault" },
  "POST /v1/checkpoint": { summary: "Sign a checkpoint of the log as it is" },
  "POST /v1/prove": { summary: "Prove that an entry stands in the log, or that the log only grew" },
  "POST /v1/export": { summary: "A part of the log as a file that verifies by itself", answer: "lines" },
  "POST /v1/tokens": { summary: "Mint a token; for the operator, over the socket" },
  "POST /v1/tokens/rotate": { summary: "Sign tokens with a new key; for the operator, over the socket" },
  "GET /v1/secrets": { summary: "Names of the secrets; for the operator, over the socket" },
  "POST /v1/secrets": { summary: "Keep a secret; for the operator, over the socket" },
  "POST /v1/secrets/remove": { summary: "Forget a secret; for the operator, over the socket" },
  "POST /v1/secrets/rekey": { summary: "Seal the secrets with a new key; for the operator, over the socket" },
};

const failure = {
  type: "object",
  required: ["code", "retry", "message"],
  properties: {
    code: { type: "string" },
    retry: { enum: ["never", "later"] },
    message: { type: "string" },
  },
} as const;

/**
 * Adds `GET /v1/openapi.json`, which describes every route that is added after it.
 *
 * @param app - before its other routes
 */
export function addDescription(app: FastifyInstance): void {
  const paths: Record<string, Record<string, unknown>> = {};
  app.addHook("onRoute", (route) => {
    for (const method of [route.method].flat()) {
      if (method === "HEAD") continue;
      const path = route.url.replaceAll(/:([a-z]+)/gu, "{$1}");
      paths[path] = { ...paths[path], [method.toLowerCase()]: describe(method, route) };
    }
  });
  app.get("/v1/openapi.json", async () => ({
    openapi: "3.1.0",
    info: { title: "Toka", version: "1", description: "One vault, asked by whoever the token speaks for" },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Failure: failure },
    },
  }));
}

function describe(method: string, { url, schema }: RouteOptions): unknown {
  const { summary, answer } = summaries[`${method} ${url}`] ?? { summary: "This description" };
  const type = answer === "lines" ? "application/x-ndjson" : "application/json";
  return {
    summary,
    parameters: [...parametersOf("path", schema?.params), ...parametersOf("query", schema?.querystring)],
    ...(schema?.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schema.body } } } }),
    responses: {
      "200": { description: summary, content: { [type]: {} } },
      default: {
        description: "What went wrong, with a code",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Failure" } } },
      },
    },
  };
}

function parametersOf(place: "path" | "query", schema: unknown): readonly unknown[] {
  if (typeof schema !== "object" || schema === null || !("properties" in schema)) return [];
  const required: readonly unknown[] = "required" in schema && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties ?? {}).map(([name, of]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: of,
  }));
}
