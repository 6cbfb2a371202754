/** The second of the three kinds of no: trouble outside the decision, thrown. Each layer throws its own. */

/** The shape that every thrown failure has, whatever its class. */
export interface Failure {
  readonly name: "Failure";
  /** Machine-readable, snake_case. */
  readonly code: string;
  /** Whether asking again later can help. */
  readonly retry: "never" | "later";
  readonly message: string;
}

/** Input that does not have the shape of an operation, an entry or a snapshot. It never reaches the log. */
export class Malformed extends Error implements Failure {
  override readonly name = "Failure";
  readonly code = "malformed";
  readonly retry = "never";
  /** Where, as in `operation.plan.agents[2].name`; the root is named by whoever reads. */
  readonly path: string;
  /** What should stand there. */
  readonly wanted: string;
  /** What stands there, shortened. */
  readonly found: string;

  constructor(options: { readonly path: string; readonly wanted: string; readonly found: string }) {
    super(
      `Cannot read ${options.path === "" ? "the input" : options.path}: found ${options.found}, wanted ${options.wanted}`,
    );
    this.path = options.path;
    this.wanted = options.wanted;
    this.found = options.found;
  }
}

/** What a newer Toka wrote: of a format, schema or flag that is not known here, or of a kind that nobody knows. */
export class Newer extends Malformed {}

/** The third kind of no: a state that cannot be, which is a bug of ours. It stops the vault before it can corrupt it. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/**
 * Stops when something that must hold does not.
 *
 * @param state what is wrong, without the leading words
 * @throws Fault always
 */
export function fault(state: string): never {
  throw new Fault(`Cannot go on: ${state}`);
}
