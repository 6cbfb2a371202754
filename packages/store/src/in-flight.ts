/**
 * Flushes that were decided and are not durable yet, oldest first.
 *
 * Each lands after those before it: nobody is answered out of turn, and what was decided on the strength of a flush that
 * failed has failed with it.
 */
import type { Flush } from "./flush.ts";

/** Why a flush failed: by itself, or by one before it. */
export interface Failed {
  readonly thrown: unknown;
}

/** What becomes of a flush: told once each, in order. */
export interface Landing {
  /** The flush and all before it are durable. */
  durable(flush: Flush): void;
  /** Nobody knows what became of it; all before it have landed. Resolves when whoever waits was told. */
  unknown(flush: Flush, failed: Failed): Promise<void>;
}

/** The flushes of one machine that are under way. */
export class InFlight {
  readonly #landing: Landing;
  readonly #appends = new Set<Promise<unknown>>();
  readonly #flushes = new Set<Flush>();
  #last: Promise<Failed | undefined> = Promise.resolve(undefined);

  /** @param landing what is done when a flush lands */
  constructor(landing: Landing) {
    this.#landing = landing;
  }

  /** Flushes that have not landed. */
  get count(): number {
    return this.#flushes.size;
  }

  /**
   * Looks for a payload that they will have stored.
   *
   * @returns its size in bytes, or undefined when none of them brings it
   */
  sizeOf(commitment: string): number | undefined {
    for (const { batch } of this.#flushes)
      for (const { stored } of batch.payloads) if (stored?.commitment === commitment) return stored.size;
    return undefined;
  }

  /** Payloads that they will have erased. */
  erased(): Set<string> {
    const erased = new Set<string>();
    for (const { batch } of this.#flushes) for (const { commitment } of batch.erased ?? []) erased.add(commitment);
    return erased;
  }

  /**
   * Takes in a flush whose append was asked for.
   *
   * @returns when it has landed: undefined when it is durable
   */
  launch(flush: Flush, append: Promise<void>): Promise<Failed | undefined> {
    this.#flushes.add(flush);
    const answered = append.then(
      () => undefined,
      (thrown: unknown): Failed => ({ thrown }),
    );
    this.#appends.add(answered);
    this.#last = this.#land(flush, { answered, before: this.#last });
    return this.#last;
  }

  /**
   * Waits until all that are under way now have landed.
   *
   * @returns undefined when they are durable
   */
  async landed(): Promise<Failed | undefined> {
    return this.#flushes.size === 0 ? undefined : this.#last;
  }

  /** Waits until the log has answered to every append: only then does it say what it holds. */
  async answered(): Promise<void> {
    while (this.#appends.size > 0) await Promise.all(this.#appends);
  }

  /** What is launched from here on does not stand on what failed before. */
  startAnew(): void {
    this.#last = Promise.resolve(undefined);
  }

  async #land(
    flush: Flush,
    of: { readonly answered: Promise<Failed | undefined>; readonly before: Promise<Failed | undefined> },
  ): Promise<Failed | undefined> {
    const own = await of.answered;
    this.#appends.delete(of.answered);
    const failed = (await of.before) ?? own;
    if (failed === undefined) this.#landing.durable(flush);
    else await this.#landing.unknown(flush, failed);
    this.#flushes.delete(flush);
    return failed;
  }
}
