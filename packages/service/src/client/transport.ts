/**
 * How a client reaches the process that serves a vault: over the socket in the vault folder, or over loopback with a token.
 */
import type { IncomingMessage, RequestOptions } from "node:http";

import { ServiceFailure, systemCode } from "../failure.ts";
import { failureFrom } from "../http/failure-body.ts";
import { openSocketPath } from "../http/socket-path.ts";
import { readJson } from "../http/wire.ts";

// An `import` of this module reads each of its exports, and with them loads Node's WebSocket and fetch, which no call here needs: that
// takes four times as long as all else that is loaded to ask.
const { request } = process.getBuiltinModule("node:http");

/** Code of the failure of a call that was never begun. */
export const vaultUnreachable = "vault_unreachable";

/** Milliseconds until a failed connection is given up; whoever listens on this machine answers at once. */
const connectMsMax = 10_000;

/** One call. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** JSON; absent for none. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** A way to a served vault. */
export interface Transport {
  /**
   * Makes one call.
   *
   * @param call - what to ask
   * @returns a 200 answer whose body is unread
   * @throws the failure in any other answer; `vault_unreachable` when the call was never begun
   */
  readonly ask: (call: Call) => Promise<IncomingMessage>;
  /** @returns the failure of a call whose answer broke off */
  readonly gone: (cause: unknown) => ServiceFailure;
}

/**
 * The way over the socket: as the operator.
 *
 * @param dir - the vault folder
 * @returns the transport
 */
export function overSocket(dir: string): Transport {
  const process = `the process that holds the vault ${dir}`;
  return {
    gone: (cause) => gone(process, cause),
    ask: async (call) => {
      const socket = openSocketPath(dir);
      try {
        return await send({ socketPath: socket.path }, { call, process });
      } finally {
        socket.close();
      }
    },
  };
}

/**
 * The way over loopback: as whoever the token speaks for.
 *
 * @param address - such as `http://127.0.0.1:40123`
 * @param token - as `toka token mint` printed it
 * @returns the transport
 * @throws a failure `malformed` when the address is not one of this machine, to which alone a token may be sent
 */
export function overLoopback(address: string, token: string): Transport {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "http:" || !["127.0.0.1", "[::1]", "localhost"].includes(url.hostname)) {
    throw new ServiceFailure("malformed", {
      message: `Cannot reach the vault at ${address}: wanted an address on this machine such as http://127.0.0.1:40123`,
    });
  }
  const process = `the process at ${url.origin}`;
  const to = { host: url.hostname.replace(/^\[(.*)\]$/u, "$1"), port: url.port === "" ? 80 : url.port };
  const headers = { host: url.host, authorization: `Bearer ${token}` };
  return { gone: (cause) => gone(process, cause), ask: async (call) => send({ ...to, headers }, { call, process }) };
}

async function send(
  to: RequestOptions,
  { call, process }: { readonly call: Call; readonly process: string },
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      {
        ...to,
        // No pooled connections: the short path of a vault is only a number, and may name another vault tomorrow.
        agent: false,
        method: call.method,
        path: call.path,
        headers: {
          ...to.headers,
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
      resolve,
    );
    const connecting = setTimeout(() => outgoing.destroy(new Error("no connection in time")), connectMsMax);
    outgoing.once("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => clearTimeout(connecting));
      else clearTimeout(connecting);
    });
    outgoing.once("error", (cause) => {
      clearTimeout(connecting);
      reject(call.signal?.aborted === true ? cause : gone(process, cause));
    });
    outgoing.end(call.body);
  });
  if (response.statusCode === 200) return response;
  // A process that is on its way out takes no more calls.
  if (response.statusCode === 503) {
    response.resume();
    throw unreachable(process, undefined);
  }
  throw failureFrom(await readJson<unknown>(response));
}

const neverConnected: readonly (string | undefined)[] = ["ECONNREFUSED", "ENOENT", "ENOTSOCK"];

function gone(process: string, cause: unknown): ServiceFailure {
  if (neverConnected.includes(systemCode(cause))) return unreachable(process, cause);
  return new ServiceFailure("vault_process_gone", {
    message: `Cannot reach ${process}: ${systemCode(cause) ?? "the connection broke"}`,
    retry: "later",
    cause,
  });
}

/** The call was not begun: the same call can be made to whoever holds the vault next. */
function unreachable(process: string, cause: unknown): ServiceFailure {
  return new ServiceFailure(vaultUnreachable, {
    message: `Cannot ask ${process}: it takes no calls`,
    retry: "later",
    cause,
  });
}
