/**
 * Serves a vault on loopback: the routes of the socket, each call under the token that it carries.
 *
 * Everybody on this machine can reach it, and so can every page in a browser here. So a call must name the listener's own address as its
 * host, must not come from a page, and must carry a token; everything else about it is looked at only after that.
 * Source: docs/decisions/0019-tokens.md.
 */
import { rmSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";

import type { Caller } from "@toka/kernel";
import type { FastifyInstance, FastifyRequest } from "fastify";

import type { VaultApi } from "../api.ts";
import { ServiceFailure, systemCode } from "../failure.ts";
import { writePrivateFile } from "../private-file.ts";
import type { TokenBearer, TokenVerifier } from "../tokens/verify-token.ts";
import { createApp } from "./app.ts";
import { addRoutes } from "./routes.ts";

/** Name of the file in the vault folder that says where the listener is. */
export const addressFile = "address";

/** Connections at once: a page of a console holds a handful. */
const connectionsMax = 256;
/** Headers of one request: browsers send about twenty. */
const headersMax = 64;

/** Time limits of the listener; tests make them shorter. */
export interface LoopbackTimes {
  /** For the headers of a request to arrive. */
  readonly headersMs: number;
  /** For a whole request to arrive. */
  readonly requestMs: number;
}

const timesDefault: LoopbackTimes = { headersMs: 10_000, requestMs: 30_000 };

/** What listening needs. */
export interface LoopbackOptions {
  /** The vault folder. */
  readonly dir: string;
  /** Port to listen on; 0 lets the system choose. */
  readonly port: number;
  readonly verify: TokenVerifier["verify"];
  readonly apiFor: (caller: Caller) => VaultApi;
  /** Host time, ms since 1970: the time that tokens are minted and judged by. */
  readonly nowMs: () => number;
  readonly times?: LoopbackTimes;
}

/** A listener. */
export interface LoopbackServer {
  /** Where it is, such as `http://127.0.0.1:40123`. */
  readonly addresses: readonly string[];
  /** Stops taking calls, lets the ones under way end, and removes the address file. */
  readonly close: () => Promise<void>;
}

/**
 * Listens on 127.0.0.1, and on ::1 at the same port where the machine has it.
 *
 * @param options - port, and what answers
 * @returns the listener; its addresses stand in the file `address` of the vault folder, mode 0600
 * @throws a failure `cannot_listen` when the port cannot be had
 */
export async function serveLoopback(options: LoopbackOptions): Promise<LoopbackServer> {
  const first = await listenAt("127.0.0.1", options.port, options);
  const apps = [first.app];
  const file = join(options.dir, addressFile);
  try {
    const second = await listenAt("::1", first.port, options).catch((error: unknown) => {
      // A machine without IPv6, or a port that is taken there: the first address is enough.
      if (error instanceof ServiceFailure && error.code === "cannot_listen") return undefined;
      throw error;
    });
    if (second !== undefined) apps.push(second.app);
    const hosts = second === undefined ? ["127.0.0.1"] : ["127.0.0.1", "[::1]"];
    const addresses = hosts.map((host) => `http://${host}:${first.port}`);
    await writePrivateFile(file, `${JSON.stringify({ pid: process.pid, addresses })}\n`);
    return {
      addresses,
      close: async () => {
        rmSync(file, { force: true });
        await Promise.all(apps.map(async (app) => app.close()));
      },
    };
  } catch (error) {
    rmSync(file, { force: true });
    await Promise.all(apps.map(async (app) => app.close()));
    throw error;
  }
}

interface Listening {
  readonly app: FastifyInstance;
  readonly port: number;
}

async function listenAt(host: string, port: number, options: LoopbackOptions): Promise<Listening> {
  const { headersMs, requestMs } = options.times ?? timesDefault;
  const app = createApp({
    requestTimeoutMs: requestMs,
    http: { headersTimeout: headersMs, connectionsCheckingInterval: Math.min(1000, headersMs) },
  });
  app.server.maxConnections = connectionsMax;
  app.server.maxHeadersCount = headersMax;
  const named = isIP(host) === 6 ? `[${host}]` : host;
  const apis = new WeakMap<FastifyRequest, VaultApi>();
  app.addHook("onRequest", async (request, reply) => {
    // Whoever is turned away is not waited for.
    reply.header("connection", "close");
    requireOwnHost(request, [`${named}:${listening.port}`, `localhost:${listening.port}`]);
    const bearer = await bearerOf(request, options.verify);
    if (bearer === undefined) {
      reply.header("www-authenticate", 'Bearer realm="toka"');
      throw new ServiceFailure("unauthenticated", {
        message: "Cannot answer the call: it carries no token that is in force; toka token mint makes one",
      });
    }
    reply.removeHeader("connection");
    apis.set(request, apiOfBearer(options.apiFor(bearer.caller), { bearer, nowMs: options.nowMs }));
  });
  addRoutes(app, (request) => {
    const api = apis.get(request);
    if (api === undefined) throw new ServiceFailure("fault", { message: "Cannot answer the call: nobody asked" });
    return api;
  });
  const listening: Listening = { app, port: await bind(app, { host, port }) };
  return listening;
}

async function bind(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  try {
    await app.listen({ host, port, ipv6Only: isIP(host) === 6 });
  } catch (cause) {
    await app.close();
    throw new ServiceFailure("cannot_listen", {
      message: `Cannot listen on port ${port} of ${host}: ${systemCode(cause) ?? "unknown error"}; --port takes another, 0 lets the system choose`,
      cause,
    });
  }
  const address = app.server.address();
  if (typeof address === "object" && address !== null) return address.port;
  throw new ServiceFailure("fault", { message: `Cannot listen on ${host}: the listener has no port` });
}

/** A page that made a name of its own lead here still sends that name, and a page elsewhere says where it comes from. */
function requireOwnHost(request: FastifyRequest, own: readonly string[]): void {
  const host = single(request, "host");
  if (host === undefined || !own.includes(host.toLowerCase())) {
    throw new ServiceFailure("host_not_own", {
      message: `Cannot answer the call: its host is not this listener's, wanted ${own.join(" or ")}`,
    });
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new ServiceFailure("origin_not_own", {
      message: "Cannot answer the call: it comes from a page of another origin",
    });
  }
}

async function bearerOf(request: FastifyRequest, verify: TokenVerifier["verify"]): Promise<TokenBearer | undefined> {
  const [, token] = /^Bearer ([A-Za-z0-9_.-]+)$/iu.exec(single(request, "authorization") ?? "") ?? [];
  return token === undefined ? undefined : verify(token);
}

/** A header that comes exactly once: of two, another reader might take the other. */
function single(request: FastifyRequest, name: string): string | undefined {
  const { rawHeaders } = request.raw;
  const values = rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  return values.length === 1 ? values[0] : undefined;
}

/** Nobody follows a log for longer than the token lasts. */
function apiOfBearer(
  api: VaultApi,
  { bearer, nowMs }: { readonly bearer: TokenBearer; readonly nowMs: LoopbackOptions["nowMs"] },
): VaultApi {
  return {
    ...api,
    log: (query, { signal }) => {
      const leftMs = Math.max(1, bearer.expiresAtMs - nowMs());
      return api.log(query, { signal: AbortSignal.any([signal, AbortSignal.timeout(leftMs)]) });
    },
  };
}
