/**
 * Finds many byte strings in a stream, wherever its chunks are cut, and replaces them.
 */
import { beginningBytes, Beginnings, isBlank, type Window } from "./beginnings.ts";

/** A byte string to find, and what to write in its place. */
export interface Pattern {
  /** At least 8. */
  readonly bytes: Uint8Array;
  readonly replacement: string;
  /** Whether it is also found with blanks and line ends between its bytes, as programs wrap base64 and set hex apart. */
  readonly spread: boolean;
  /** Bytes that may follow and go with it, each one of the letters of a token; absent: none. */
  readonly tailBytesMax?: number;
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

/**
 * Letters that wait for what comes, after a line has ended behind them, since they may be the beginning of a spread pattern. Fewer are
 * the end of many a line, which should not wait.
 */
const heldOverLineMin = 4;

/**
 * Makes a matcher.
 *
 * @param patterns - each of 8 bytes at least
 * @returns the matcher
 */
export function createMatcher(patterns: readonly Pattern[]): Matcher {
  const finders = [false, true].flatMap((spread) => {
    const mine = patterns.filter((one) => one.spread === spread);
    if (mine.length === 0) return [];
    const beginnings = new Beginnings(
      mine.map(({ bytes }) => bytes),
      spread,
    );
    return [{ patterns: mine, spread, beginnings }];
  });
  const stream = (): ReplacingStream => new Stream(finders);
  return {
    stream,
    replace: (bytes) => {
      if (!finders.some((finder) => occursIn(bytes, finder))) return bytes;
      const replacing = stream();
      return Buffer.concat([replacing.push(bytes), replacing.end()]);
    },
  };
}

interface Finder {
  readonly patterns: readonly Pattern[];
  readonly spread: boolean;
  readonly beginnings: Beginnings;
}

/** A pattern of which 8 bytes or more have come. */
interface Begun {
  readonly pattern: Pattern;
  readonly from: number;
  /** Bytes of it that have come, and of its tail. */
  matched: number;
  tail: number;
  /** The next byte of the stream to compare. */
  next: number;
}

/** Where something was found, in bytes from the beginning of the stream. */
interface Found {
  readonly from: number;
  readonly to: number;
  /** Of all that overlaps there, what begins first; of those, what is longest. */
  readonly lead: Pattern;
  readonly leadFrom: number;
}

function occursIn(bytes: Uint8Array, { patterns, beginnings }: Finder): boolean {
  let found = false;
  const onBegun = (string: number, endsAt: number): boolean => {
    const pattern = patterns[string];
    if (pattern === undefined) return false;
    const begun: Begun = { pattern, from: 0, matched: beginningBytes, tail: 0, next: endsAt + 1 };
    goOn(begun, { bytes, base: 0 });
    found = begun.matched === pattern.bytes.length;
    return found;
  };
  beginnings.scan(bytes, { window: beginnings.window(), onBegun });
  return found;
}

/** Compares what has come. */
function goOn(
  begun: Begun,
  { bytes, base }: { readonly bytes: Uint8Array; readonly base: number },
): "found" | "open" | "other" {
  const { bytes: wanted, spread, tailBytesMax = 0 } = begun.pattern;
  while (begun.matched < wanted.length) {
    const byte = bytes[begun.next - base];
    if (byte === undefined) return "open";
    if (byte === wanted[begun.matched]) begun.matched += 1;
    else if (!spread || !isBlank(byte)) return "other";
    begun.next += 1;
  }
  while (begun.tail < tailBytesMax) {
    const byte = bytes[begun.next - base];
    if (byte === undefined) return "open";
    if (!isOfToken(byte)) break;
    begun.tail += 1;
    begun.next += 1;
  }
  return "found";
}

/** The letters of base64url, and the dots between the parts of a token. */
function isOfToken(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || ((byte | 32) >= 97 && (byte | 32) <= 122) || [45, 46, 95].includes(byte);
}

class Stream implements ReplacingStream {
  readonly #finders: readonly (Finder & { readonly window: Window })[];
  #begun: readonly Begun[] = [];
  /** Bytes taken, and how many of them were let through or replaced. */
  #taken = 0;
  #settled = 0;
  /** Bytes from `settled` to `taken`. */
  #held: Uint8Array = new Uint8Array();
  /** What was found in the held bytes. */
  #found: Found[] = [];

  constructor(finders: readonly Finder[]) {
    this.#finders = finders.map((finder) => ({ ...finder, window: finder.beginnings.window() }));
  }

  push(chunk: Uint8Array): Uint8Array {
    const before = this.#taken;
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#taken += chunk.length;
    const begun = this.#begun.filter((one) => this.#goesOn(one));
    for (const { patterns, spread, beginnings, window } of this.#finders) {
      const onBegun = (string: number, endsAt: number): boolean => {
        const pattern = patterns[string];
        if (pattern === undefined) return false;
        const next = before + endsAt + 1;
        const from = spread ? this.#backOver(beginningBytes, next) : Math.max(this.#settled, next - beginningBytes);
        const one = { pattern, from, matched: beginningBytes, tail: 0, next };
        if (this.#goesOn(one)) begun.push(one);
        return false;
      };
      beginnings.scan(chunk, { window, onBegun });
    }
    this.#begun = begun;
    let wanted = this.#taken;
    for (const finder of this.#finders) wanted = Math.min(wanted, this.#unfinishedFrom(finder));
    for (const { from } of begun) wanted = Math.min(wanted, from);
    return this.#release(wanted);
  }

  end({ cutOff }: { readonly cutOff: boolean } = { cutOff: false }): Uint8Array {
    for (const { pattern, from, matched } of this.#begun) {
      if (cutOff || matched === pattern.bytes.length) this.#note({ pattern, from, to: this.#taken });
    }
    this.#begun = [];
    return this.#release(this.#taken);
  }

  /** @returns whether more of it may come */
  #goesOn(begun: Begun): boolean {
    const state = goOn(begun, { bytes: this.#held, base: this.#settled });
    if (state === "found") this.#note({ pattern: begun.pattern, from: begun.from, to: begun.next });
    return state === "open";
  }

  /** @returns where the last bytes before a position begin that are not passed over */
  #backOver(count: number, position: number): number {
    let [at, left] = [position, count];
    while (left > 0 && at > this.#settled) {
      at -= 1;
      if (!isBlank(this.#held[at - this.#settled] ?? 0)) left -= 1;
    }
    return at;
  }

  /** @returns from where on the last bytes may be the beginning of a pattern */
  #unfinishedFrom({ beginnings, spread, window }: Finder & { readonly window: Window }): number {
    const count = beginnings.unfinished(window);
    if (!spread) return Math.max(this.#settled, this.#taken - count);
    const from = this.#backOver(count, this.#taken);
    const overLine = isBlank(this.#held.at(-1) ?? 0);
    return overLine && count < heldOverLineMin ? this.#taken : from;
  }

  #note({ pattern, from, to }: { readonly pattern: Pattern; readonly from: number; readonly to: number }): void {
    this.#found.push({ from, to, lead: pattern, leadFrom: from });
  }

  #release(wanted: number): Uint8Array {
    const parts: Uint8Array[] = [];
    const base = this.#settled;
    const letThrough = (to: number): void => {
      if (to > this.#settled) parts.push(this.#held.subarray(this.#settled - base, to - base));
      this.#settled = Math.max(this.#settled, to);
    };
    const kept: Found[] = [];
    for (const one of apart(this.#found)) {
      // Half of it is not let through: the other half may be joined by what comes.
      if (one.to > wanted) {
        kept.push(one);
        continue;
      }
      letThrough(one.from);
      parts.push(Buffer.from(one.lead.replacement));
      this.#settled = one.to;
    }
    letThrough(Math.min(wanted, kept[0]?.from ?? wanted));
    this.#found = kept;
    // A copy, which `slice` of a buffer is not: the chunk is the caller's to use again.
    this.#held = new Uint8Array(this.#held.subarray(this.#settled - base));
    return Buffer.concat(parts);
  }
}

/** What overlaps is one: whatever it was, none of it is let through. In order. */
function apart(found: readonly Found[]): readonly Found[] {
  if (found.length < 2) return found;
  const joined: Found[] = [];
  for (const one of found.toSorted((left, right) => left.from - right.from || right.to - left.to)) {
    const last = joined.at(-1);
    if (last === undefined || last.to <= one.from) joined.push(one);
    else joined[joined.length - 1] = join(last, one);
  }
  return joined;
}

function join(left: Found, right: Found): Found {
  const { lead, leadFrom } = leads(left, right) ? left : right;
  return { from: left.from, to: Math.max(left.to, right.to), lead, leadFrom };
}

function leads(left: Found, right: Found): boolean {
  if (left.leadFrom !== right.leadFrom) return left.leadFrom < right.leadFrom;
  return left.lead.bytes.length >= right.lead.bytes.length;
}
