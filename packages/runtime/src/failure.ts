/** How this package says that something outside failed: a thrown value with a code and whether trying again can help. */

/** Trouble outside Toka's own rules: a disk, a program, a file that a person wrote. */
export class RuntimeFailure extends Error {
  override readonly name = "Failure";
  readonly code: string;
  readonly retry: "never" | "later";

  /**
   * @param message - "Cannot <do what>: <state>", without a full stop
   * @param options - a stable code in snake_case, and whether the same call may succeed later
   */
  constructor(message: string, options: { readonly code: string; readonly retry: "never" | "later" }) {
    super(message);
    this.code = options.code;
    this.retry = options.retry;
  }
}
