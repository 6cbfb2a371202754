/**
 * A command line that makes no sense in a way that only the command itself can see.
 */

/** Ends a command with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
