/**
 * The HTTP server under both listeners: what it reads, and how it says no. Every answer that is no success is a failure body, also where
 * the server itself could not read the request.
 */
import { type ServerOptions, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

import fastify, { type FastifyInstance } from "fastify";

import { ServiceFailure } from "../failure.ts";
import { failureOf, statusFor } from "./failure-body.ts";
import { requestBytesMax } from "./wire.ts";

/** What a listener sets beside what holds for both. */
export interface AppOptions {
  /** Time for a whole request to arrive; absent: no limit. */
  readonly requestTimeoutMs?: number;
  readonly http?: ServerOptions;
}

/**
 * Makes a server without routes.
 *
 * @param options - limits of this listener
 * @returns it, not yet listening
 */
export function createApp({ http = {}, requestTimeoutMs = 0 }: AppOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: requestBytesMax,
    http,
    requestTimeout: requestTimeoutMs,
    logger: false,
    forceCloseConnections: "idle",
    // What does not fit is refused, never bent or dropped until it fits.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
    clientErrorHandler: (error, socket) => answerUnreadable(socket, error),
    frameworkErrors: (error, _request, reply) => {
      reply.hijack();
      const body = JSON.stringify(failureOf(error));
      reply.raw
        .writeHead(400, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
        .end(body);
    },
  });
  app.setErrorHandler(async (error, _request, reply) => {
    const body = failureOf(error);
    await reply.code(statusFor(body, error)).send(body);
  });
  app.setNotFoundHandler(() => {
    throw new ServiceFailure("no_such_route", { message: "Cannot answer the call: there is no such route" });
  });
  return app;
}

/** What is no HTTP gets an answer that is, once, and the connection ends. */
function answerUnreadable(socket: Socket, error: Error): void {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
  const reason = STATUS_CODES[status] ?? "";
  const body = JSON.stringify({
    code: "malformed",
    retry: "never",
    message: `Cannot read the request: ${reason.toLowerCase()}`,
  });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
