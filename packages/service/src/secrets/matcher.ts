/**
 * Finds many byte strings in one pass over a stream, wherever its chunks are cut.
 *
 * Source: Aho and Corasick, "Efficient string matching: an aid to bibliographic search" (1975).
 */

/** A byte string to find, and what to write in its place. */
export interface Pattern {
  readonly bytes: Uint8Array;
  readonly replacement: string;
}

/** What is found by one matcher is replaced by it. */
export interface Matcher {
  /** @returns the same bytes when nothing is found in them, else new ones */
  readonly replace: (bytes: Uint8Array) => Uint8Array;
  /** @returns something that replaces in a stream, piece by piece */
  readonly stream: () => ReplacingStream;
}

/** One stream on its way through a matcher. */
export interface ReplacingStream {
  /** Takes a chunk. @returns what can be let through by now: all but what may be the beginning of a pattern */
  readonly push: (chunk: Uint8Array) => Uint8Array;
  /** Ends the stream. @returns the rest; when the stream was cut off, a beginning of a pattern of 8 bytes or more is replaced, too */
  readonly end: (options?: { readonly cutOff: boolean }) => Uint8Array;
}

/** Bytes of the beginning of a pattern that count as the pattern where a stream was cut off. */
const beginningBytesMin = 8;

/**
 * Makes a matcher.
 *
 * @param patterns - none of them empty
 * @returns the matcher
 */
export function createMatcher(patterns: readonly Pattern[]): Matcher {
  const automaton = new Automaton(patterns);
  const stream = (): ReplacingStream => new Stream(automaton);
  return {
    stream,
    replace: (bytes) => {
      if (!automaton.occursIn(bytes)) return bytes;
      const replacing = stream();
      return Buffer.concat([replacing.push(bytes), replacing.end()]);
    },
  };
}

/** States are numbers; 0 is the root. Children are linked lists, since nearly every state has one child. */
class Automaton {
  readonly #rootNext = new Int32Array(256);
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  readonly #byte: Uint8Array;
  readonly #fail: Int32Array;
  readonly depth: Int32Array;
  /** Length of the longest pattern that ends in a state; 0 for none. */
  readonly found: Int32Array;
  /** Pattern that a state belongs to, and the one that ends there. */
  readonly #owner: Int32Array;
  readonly #ending: Int32Array;
  readonly #patterns: readonly Pattern[];

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    const states = 1 + patterns.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const table = (): Int32Array => new Int32Array(states);
    [this.#firstChild, this.#nextSibling, this.#fail] = [table(), table(), table()];
    [this.depth, this.found, this.#owner, this.#ending] = [table(), table(), table(), table()];
    this.#byte = new Uint8Array(states);
    let used = 1;
    for (const [index, { bytes }] of patterns.entries()) used = this.#insert(bytes, { index, used });
    this.#link();
  }

  #insert(bytes: Uint8Array, { index, used }: { readonly index: number; readonly used: number }): number {
    let [state, next] = [0, used];
    for (const byte of bytes) {
      let child = this.#child(state, byte);
      if (child === 0) {
        child = next;
        next += 1;
        this.#byte[child] = byte;
        this.depth[child] = at(this.depth, state) + 1;
        this.#owner[child] = index;
        this.#nextSibling[child] = at(this.#firstChild, state);
        this.#firstChild[state] = child;
        if (state === 0) this.#rootNext[byte] = child;
      }
      state = child;
    }
    this.found[state] = bytes.length;
    this.#ending[state] = index;
    return next;
  }

  #child(state: number, byte: number): number {
    if (state === 0) return at(this.#rootNext, byte);
    let child = at(this.#firstChild, state);
    while (child !== 0 && this.#byte[child] !== byte) child = at(this.#nextSibling, child);
    return child;
  }

  /** Breadth first: where a state goes on when its next byte does not come. */
  #link(): void {
    const queue: number[] = [];
    for (const state of this.#rootNext) if (state !== 0) queue.push(state);
    for (const state of queue) {
      for (let child = at(this.#firstChild, state); child !== 0; child = at(this.#nextSibling, child)) {
        const fail = this.step(at(this.#fail, state), this.#byte[child] ?? 0);
        this.#fail[child] = fail;
        if (this.found[child] === 0) {
          this.found[child] = at(this.found, fail);
          this.#ending[child] = at(this.#ending, fail);
        }
        queue.push(child);
      }
    }
  }

  step(from: number, byte: number): number {
    let state = from;
    while (state !== 0) {
      const child = this.#child(state, byte);
      if (child !== 0) return child;
      state = at(this.#fail, state);
    }
    return at(this.#rootNext, byte);
  }

  occursIn(bytes: Uint8Array): boolean {
    let state = 0;
    for (const byte of bytes) {
      state = state === 0 ? at(this.#rootNext, byte) : this.step(state, byte);
      if (this.found[state] !== 0) return true;
    }
    return false;
  }

  /** @returns what stands for the pattern that ends in a state */
  endingAt(state: number): string {
    return this.#patterns[at(this.#ending, state)]?.replacement ?? "";
  }

  /** @returns what stands for the pattern whose beginning a state is */
  begunAt(state: number): string {
    return this.#patterns[at(this.#owner, state)]?.replacement ?? "";
  }
}

function at(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

/** Where something was found, in bytes from the beginning of the stream. */
interface Found {
  readonly from: number;
  to: number;
  readonly replacement: string;
}

class Stream implements ReplacingStream {
  readonly #automaton: Automaton;
  #state = 0;
  /** Bytes taken, and how many of them were let through or replaced. */
  #taken = 0;
  #settled = 0;
  /** Bytes from `settled` to `taken`. */
  #held: Uint8Array = new Uint8Array();
  /** What was found in the held bytes, in order and apart from each other. */
  #found: Found[] = [];

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (const byte of chunk) {
      this.#state = this.#automaton.step(this.#state, byte);
      this.#taken += 1;
      const length = this.#automaton.found[this.#state] ?? 0;
      if (length > 0) {
        this.#note({ from: this.#taken - length, to: this.#taken, replacement: this.#automaton.endingAt(this.#state) });
      }
    }
    return this.#release(this.#taken - (this.#automaton.depth[this.#state] ?? 0));
  }

  end({ cutOff }: { readonly cutOff: boolean } = { cutOff: false }): Uint8Array {
    const depth = this.#automaton.depth[this.#state] ?? 0;
    if (cutOff && depth >= beginningBytesMin) {
      this.#note({ from: this.#taken - depth, to: this.#taken, replacement: this.#automaton.begunAt(this.#state) });
    }
    return this.#release(this.#taken);
  }

  /** What overlaps is one: whatever it was, none of it is let through. */
  #note(found: Found): void {
    let { from, replacement } = found;
    for (let last = this.#found.at(-1); last !== undefined && last.to > from; last = this.#found.at(-1)) {
      if (last.from <= from) [from, replacement] = [last.from, last.replacement];
      this.#found.pop();
    }
    this.#found.push({ from: Math.max(from, this.#settled), to: found.to, replacement });
  }

  #release(wanted: number): Uint8Array {
    const parts: Uint8Array[] = [];
    const base = this.#settled;
    for (let next = this.#found[0]; next !== undefined && next.from < wanted; next = this.#found[0]) {
      // Half of it is not let through: the other half may be joined by what comes.
      if (next.to > wanted) {
        parts.push(this.#held.subarray(this.#settled - base, next.from - base));
        this.#settled = next.from;
        return this.#keep(parts, base);
      }
      parts.push(this.#held.subarray(this.#settled - base, next.from - base), Buffer.from(next.replacement));
      this.#settled = next.to;
      this.#found.shift();
    }
    parts.push(this.#held.subarray(this.#settled - base, wanted - base));
    this.#settled = Math.max(this.#settled, wanted);
    return this.#keep(parts, base);
  }

  #keep(parts: readonly Uint8Array[], base: number): Uint8Array {
    // A copy: the chunk is the caller's to use again.
    this.#held = this.#held.slice(this.#settled - base);
    return Buffer.concat(parts);
  }
}
