/**
 * The service's own kind of no from outside: a vault that another process holds, a socket that went away, a folder that is no workspace.
 *
 * Shown to people as it is, so each message says what was found and what was wanted.
 */

/** What a caller may do about a failure: `later` means that the same call can succeed with nothing changed by the caller. */
export type Retry = "never" | "later";

/**
 * A failure with a code that programs read and a message that people read.
 */
export class ServiceFailure extends Error {
  override readonly name = "Failure";
  /** snake_case, stable. */
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly retry: Retry;

  /**
   * @param code - snake_case and stable
   * @param options - the message as people read it, whether a retry may help, and what caused it
   */
  constructor(code: string, options: { readonly message: string; readonly retry?: Retry; readonly cause?: unknown }) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? "never";
  }
}

/**
 * Reads the error code that Node puts on system errors.
 *
 * @param error - anything thrown
 * @returns such as `ENOENT`, or undefined when the value carries none
 */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Puts anything thrown into words.
 *
 * @param error - anything thrown
 * @returns its message, or its text when it is not an error
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
