/** What a session fails with when the log or the kernel does not let it go on. */
import type { Failure, PlainRefusal, Refusal } from "@toka/kernel";

/** Thrown by starting, resuming and supervising a session. */
export class SessionFailure extends Error implements Failure {
  override readonly name = "Failure";
  readonly code: string;
  readonly retry = "never";

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The failure for an operation that the kernel refused and that the session cannot do without.
 * @param what what was to be done, such as "start the session"
 * @returns a failure whose code is the refusal's
 */
export function refused(what: string, refusal: Refusal): SessionFailure {
  const { code, ...details } = innermost(refusal);
  const shown = Object.entries(details).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return new SessionFailure(code, `Cannot ${what}: ${[code, ...shown].join(", ")}`);
}

/**
 * The refusal that a batch was refused for.
 * @returns the refusal itself when it is not a batch's
 */
export function innermost(refusal: Refusal): PlainRefusal {
  return refusal.code === "batch_refused" ? refusal.refusal : refusal;
}
