/**
 * Failures on the wire, both ways.
 */
import { messageOf, ServiceFailure } from "../failure.ts";
import type { FailureBody } from "./wire.ts";

/**
 * Puts anything thrown into the body of an answer.
 *
 * @param error - a failure of any layer, a schema error of the server, or anything else
 * @returns its code, whether to retry, and the message
 */
export function failureOf(error: unknown): FailureBody {
  const message = messageOf(error);
  if (typeof error !== "object" || error === null) return { code: "fault", retry: "never", message };
  // What the server says of a request that it cannot read: no JSON, too large, of another type.
  const unread = "code" in error && typeof error.code === "string" && error.code.startsWith("FST_ERR_");
  if ("validation" in error || unread)
    return { code: "malformed", retry: "never", message: `Cannot read the request: ${message}` };
  const code = "code" in error && typeof error.code === "string" ? error.code : "fault";
  const retry = "retry" in error && error.retry === "later" ? "later" : "never";
  return { code, retry, message };
}

const statusByCode: Readonly<Record<string, number>> = {
  malformed: 400,
  unauthenticated: 401,
  permission_denied: 403,
  origin_not_own: 403,
  no_such_entry: 404,
  position_beyond: 404,
  too_many_readers: 400,
  no_such_checkpoint: 404,
  no_such_route: 404,
  grant_unknown: 404,
  secret_unknown: 404,
  secret_unfit: 400,
  host_not_own: 421,
};

/**
 * The status of an answer that carries a failure.
 *
 * @param body - the failure
 * @param error - what was thrown; the server itself says more precisely what it could not read, such as 413
 * @returns 4xx when the call is at fault, 500 otherwise
 */
export function statusFor({ code }: FailureBody, error: unknown): number {
  const own =
    typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number"
      ? error.statusCode
      : undefined;
  return (code === "malformed" ? own : undefined) ?? statusByCode[code] ?? 500;
}

/**
 * Reads a failure out of the body of an answer.
 *
 * @param body - what the other process sent
 * @returns the failure to throw
 */
export function failureFrom(body: unknown): ServiceFailure {
  const { code, retry, message } = failureOf(body);
  const text = typeof body === "object" && body !== null && "message" in body ? String(body.message) : message;
  return new ServiceFailure(code, { message: text, retry });
}
