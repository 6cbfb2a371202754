/**
 * Recognises the beginnings of many byte strings in one pass: each by its first 8 bytes, so that neither time nor memory grows with how
 * long they are, and time hardly with how many.
 *
 * Source: Karp and Rabin, "Efficient randomized pattern-matching algorithms" (1987), with a window of fixed length.
 */

/** Bytes by which a string is recognised; none may be shorter. */
export const beginningBytes = 8;

/** Bits for each string in the table that is asked first: one in 64 places is taken then, by chance. */
const bitsEach = 64;

/** Smallest and largest number of bits of that table, as powers of two: 8 KiB, and 2 MiB. */
const [bitsLogMin, bitsLogMax] = [16, 24];

/** The last 8 bytes of a stream, which go on from chunk to chunk. */
export interface Window {
  /** The older four, and the newer four, the newest lowest. */
  high: number;
  low: number;
  /** Bytes that went through. */
  seen: number;
}

interface Beginning {
  readonly string: number;
  readonly high: number;
  readonly low: number;
}

/** Looks for beginnings. */
export class Beginnings {
  readonly #spread: boolean;
  readonly #shift: number;
  readonly #taken: Uint32Array;
  /** Which shorter beginnings there are. */
  readonly #short: Uint32Array;
  readonly #byHash = new Map<number, Beginning[]>();

  /**
   * @param strings - what to look for
   * @param spread - whether blanks and line ends between their bytes are passed over
   */
  constructor(strings: readonly Uint8Array[], spread: boolean) {
    this.#spread = spread;
    const log = Math.ceil(Math.log2(Math.max(1, strings.length) * bitsEach));
    const bits = Math.min(bitsLogMax, Math.max(bitsLogMin, log));
    this.#shift = 32 - bits;
    this.#taken = new Uint32Array(2 ** (bits - 5));
    this.#short = new Uint32Array(2 ** (bits - 5));
    for (const [index, bytes] of strings.entries()) this.#add(bytes, index);
  }

  #add(bytes: Uint8Array, index: number): void {
    const window: Window = { high: 0, low: 0, seen: 0 };
    for (const byte of bytes.subarray(0, beginningBytes)) {
      slide(window, byte);
      if (window.seen < beginningBytes) mark(this.#short, shortHash(window, window.seen) >>> this.#shift);
    }
    const hash = hashOf(window.high, window.low);
    mark(this.#taken, hash >>> this.#shift);
    const beginning = { string: index, high: window.high, low: window.low };
    const same = this.#byHash.get(hash);
    if (same === undefined) this.#byHash.set(hash, [beginning]);
    else same.push(beginning);
  }

  /** @returns a window over nothing */
  window(): Window {
    return { high: 0, low: 0, seen: 0 };
  }

  /**
   * Looks through a chunk.
   *
   * @param bytes - of the chunk
   * @param options - the window, which goes on; and who is told of each string whose first 8 bytes end at an index. `true` ends it
   */
  scan(
    bytes: Uint8Array,
    options: { readonly window: Window; readonly onBegun: (string: number, endsAt: number) => boolean },
  ): void {
    const { window, onBegun } = options;
    const [taken, shift, spread] = [this.#taken, this.#shift, this.#spread];
    let { high, low, seen } = window;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] ?? 0;
      if (spread && isBlank(byte)) continue;
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | byte;
      seen += 1;
      const hash = hashOf(high, low);
      const place = hash >>> shift;
      if ((((taken[place >>> 5] ?? 0) >>> (place & 31)) & 1) === 0 || seen < beginningBytes) continue;
      for (const one of this.#byHash.get(hash) ?? []) {
        if (one.high === high && one.low === low && onBegun(one.string, index)) return;
      }
    }
    [window.high, window.low, window.seen] = [high, low, seen];
  }

  /** @returns how many of the last bytes of a window, 7 at most, may be the beginning of a string */
  unfinished(window: Window): number {
    for (let count = Math.min(beginningBytes - 1, window.seen); count > 0; count -= 1) {
      const place = shortHash(window, count) >>> this.#shift;
      if ((((this.#short[place >>> 5] ?? 0) >>> (place & 31)) & 1) === 1) return count;
    }
    return 0;
  }
}

/**
 * Whether a byte is passed over in what is spread over lines.
 *
 * @param byte - of a text
 * @returns whether it is a blank, a tab or part of a line end
 */
export function isBlank(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

function slide(window: Window, byte: number): void {
  window.high = (window.high << 8) | (window.low >>> 24);
  window.low = (window.low << 8) | byte;
  window.seen += 1;
}

function mark(bits: Uint32Array, place: number): void {
  bits[place >>> 5] = (bits[place >>> 5] ?? 0) | (1 << (place & 31));
}

/** Two odd multipliers with bits all over; the high bits of the sum depend on all 64. */
function hashOf(high: number, low: number): number {
  const mixed = Math.imul(high, 0x9e3779b1) ^ Math.imul(low ^ (low >>> 15), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
}

function shortHash({ high, low }: Window, count: number): number {
  const masked = count >= 4 ? low : low & (2 ** (8 * count) - 1);
  const above = count > 4 ? high & (2 ** (8 * (count - 4)) - 1) : 0;
  return hashOf(above ^ (count << 28), masked);
}
