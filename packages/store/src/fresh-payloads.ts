/**
 * Commitments that were sealed here and are not stored yet.
 *
 * A salt is drawn for each, so nothing in the log can have one of them: whoever appends need not look, which would cost a
 * read at a random place for every payload. It is only ever forgotten, never wrongly remembered.
 */

/** A bounded set that forgets the oldest first. */
export class FreshPayloads {
  readonly #max: number;
  readonly #commitments = new Set<string>();

  /** @param max commitments remembered */
  constructor(max: number) {
    this.#max = max;
  }

  /** Remembers a commitment that was sealed just now. */
  sealed(commitment: string): void {
    this.#commitments.add(commitment);
    if (this.#commitments.size <= this.#max) return;
    const [oldest] = this.#commitments;
    if (oldest !== undefined) this.#commitments.delete(oldest);
  }

  /** Forgets a commitment: it is being stored, or may be. */
  stored(commitment: string): void {
    this.#commitments.delete(commitment);
  }

  /**
   * Whether a commitment is certainly not in the log.
   *
   * @returns false also when it is not known
   */
  has(commitment: string): boolean {
    return this.#commitments.has(commitment);
  }
}
