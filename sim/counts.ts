/** Counts of what happened, so that nobody believes in a fault that never came. */

/** How often each thing happened. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Takes over another's counts. */
  join(other: Counts): void {
    for (const [what, times] of other.#counts) this.add(what, times);
  }

  /** @returns how often */
  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** @returns what happened and how often, by name */
  list(): readonly (readonly [what: string, times: number])[] {
    return [...this.#counts].toSorted(([left], [right]) => (left < right ? -1 : 1));
  }
}
