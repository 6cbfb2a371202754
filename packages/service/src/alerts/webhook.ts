/**
 * Alerts as HTTP requests: POST with the alert as JSON, and its key under `idempotency-key`.
 *
 * Redirections are not followed: an alert goes where the file says. Source of the header:
 * draft-ietf-httpapi-idempotency-key-header.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

import { messageOf } from "../failure.ts";
import type { Alert } from "./alert.ts";
import type { AlertSink, Delivery } from "./sink.ts";

/** Answers that say that this very alert is not wanted; any other but 2xx may be about the moment. */
const refusals: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/**
 * Makes a sink that posts to an address.
 *
 * @param options - the sink's name, the address, and how long the answer may take
 * @returns the sink
 */
export function createWebhook(options: {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
}): AlertSink {
  const { name, url, timeoutMs } = options;
  return {
    name,
    deliver: async (alert, { signal }) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return answered(await post(url, { alert, signal: AbortSignal.any([signal, timeout]) }));
      } catch (thrown) {
        // The address may hold a password: it is not shown.
        const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : causeOf(thrown);
        return { type: "failed", reason };
      }
    },
  };
}

function post(
  url: string,
  { alert, signal }: { readonly alert: Alert; readonly signal: AbortSignal },
): Promise<number> {
  const body = Buffer.from(JSON.stringify(alert));
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: "POST",
      // A connection of its own, which ends with the answer.
      agent: false,
      signal,
      headers: {
        "content-type": "application/json",
        "content-length": body.length,
        "idempotency-key": `"${alert.key}"`,
        "user-agent": "toka",
      },
    });
    asked.once("response", (response) => {
      resolve(response.statusCode ?? 0);
      // What it says beyond the status is nobody's, and may have no end.
      response.destroy();
    });
    // Stays for what comes after the answer: the end of the connection is not an error then.
    asked.on("error", reject);
    asked.end(body);
  });
}

function answered(status: number): Delivery {
  if (status >= 200 && status < 300) return { type: "delivered" };
  return { type: refusals.has(status) ? "refused" : "failed", reason: `it answered ${status}` };
}

function causeOf(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string") {
    return thrown.code;
  }
  return messageOf(thrown);
}
