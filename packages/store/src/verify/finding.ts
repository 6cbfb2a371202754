/** What verification finds: the first place where a vault is not what it must be, in plain words. */

/** A difference at an entry; position 0 is the vault as a whole. */
export interface Finding {
  readonly position: number;
  /** In plain words, complete without the position. */
  readonly reason: string;
}

/** Thrown inside verification to end it at the first difference; never leaves it. */
export class Differs extends Error {
  readonly finding: Finding;

  /** @param finding the first difference */
  constructor(finding: Finding) {
    super(finding.reason);
    this.finding = finding;
  }
}

/**
 * Ends verification at a difference.
 *
 * @throws Differs always
 */
export function differs(position: number, reason: string): never {
  throw new Differs({ position, reason });
}

/**
 * A value as a message quotes it, shortened.
 *
 * @returns its text
 */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? `"${value}"` : String(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/**
 * Does a step, and catches the difference that ends it.
 *
 * @returns the difference, or undefined
 * @throws whatever else the step throws
 */
export function differenceIn(step: () => void): Finding | undefined {
  try {
    step();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Differs) return thrown.finding;
    throw thrown;
  }
}
