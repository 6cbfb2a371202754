/** Numbers that one seed decides: the only source of chance in a simulation. */

/** A row of numbers from a seed (sfc32, https://pracrand.sourceforge.net/RNG_engines.txt). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any whole number; equal seeds give equal rows */
  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = 0x9e3779b9;
    // The first numbers of neighbouring seeds are alike.
    for (let at = 0; at < 12; at += 1) this.#next();
  }

  /** @returns a whole number from 0 to below `limit` */
  below(limit: number): number {
    return this.#next() % limit;
  }

  /** @returns true in `permille` of a thousand cases */
  chance(permille: number): boolean {
    return this.below(1000) < permille;
  }

  /**
   * One of several.
   *
   * @returns it
   * @throws RangeError when there is none
   */
  of<T>(items: readonly T[]): T {
    const item = items[this.below(Math.max(1, items.length))];
    if (item === undefined) throw new RangeError("Cannot draw: there is nothing to draw from");
    return item;
  }

  /** @returns whole numbers below a million, as the kernel's generators take them */
  numbers(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.below(1_000_000));
  }

  /** @returns bytes */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** @returns a row of its own, so that what one part draws does not move what another does */
  fork(): Random {
    return new Random(this.#next() * 2 ** 20 + (this.#next() >>> 12));
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }
}
