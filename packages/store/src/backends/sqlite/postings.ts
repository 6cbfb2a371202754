/** Positions by which entries are found, read from the lookup index in order and only as far as somebody wants them. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { integer, text } from "./rows.ts";

/** Fields by which entries are found. */
export type LookupField = "agent" | "changes" | "session" | "kind";

/** Positions in order. */
export interface Postings {
  /** @returns the first position after `position`, or undefined */
  next(position: number): number | undefined;
}

/**
 * The entries that have a value in a field.
 *
 * @param index a connection to `lookup.db`
 * @param of the field and the value
 * @returns their positions
 */
export function postingsOf(
  index: DatabaseSync,
  { field, value }: { readonly field: LookupField; readonly value: string },
): Postings {
  return new Blocks(index, { field, value });
}

/**
 * The entries that have any value of a field which begins so.
 *
 * @param index a connection to `lookup.db`
 * @param of the field, and the beginning
 * @returns their positions
 */
export function postingsBegun(
  index: DatabaseSync,
  { field, begin }: { readonly field: LookupField; readonly begin: string },
): Postings {
  const after = index.prepare("SELECT value FROM postings WHERE field = ? AND value > ? ORDER BY value LIMIT 1");
  const any: Postings[] = [];
  for (let row = after.get(field, begin); row !== undefined;) {
    const value = text(row, "value");
    if (!value.startsWith(begin)) break;
    any.push(new Blocks(index, { field, value }));
    row = after.get(field, value);
  }
  return {
    next: (position) => {
      const found = any.flatMap((one) => one.next(position) ?? []);
      return found.length === 0 ? undefined : Math.min(...found);
    },
  };
}

/**
 * The entries that name an entry as what led to them.
 *
 * @param index a connection to `lookup.db`
 * @param cause position of that entry
 * @returns their positions
 */
export function postingsOfCause(index: DatabaseSync, cause: number): Postings {
  const after = index.prepare("SELECT position FROM causes WHERE cause = ? AND position > ? ORDER BY position LIMIT 1");
  return {
    next: (position) => {
      const row = after.get(cause, position);
      return row === undefined ? undefined : integer(row, "position");
    },
  };
}

/**
 * The positions that are in all.
 *
 * @param all at least one
 * @returns positions in order
 */
export function inAll(all: readonly Postings[]): Postings {
  return {
    next: (position) => {
      let at = position;
      for (;;) {
        let found = at + 1;
        for (const one of all) {
          const next = one.next(found - 1);
          if (next === undefined) return undefined;
          found = next;
        }
        // The last one may have gone beyond what the first ones have.
        if (all.every((one) => one.next(found - 1) === found)) return found;
        at = found - 1;
      }
    },
  };
}

/** Positions within a part of the log. */
export interface PostingsWithin {
  readonly postings: Postings;
  /** Those behind it, and up to `upTo`, are meant. */
  readonly after: number;
  readonly upTo: number;
}

/**
 * The positions of one part of the log after the other.
 *
 * @param parts in order
 * @returns positions in order
 */
export function inTurn(parts: readonly PostingsWithin[]): Postings {
  return {
    next: (position) => {
      for (const { postings, after, upTo } of parts) {
        if (position >= upTo) continue;
        const found = postings.next(Math.max(position, after));
        if (found !== undefined && found <= upTo) return found;
      }
      return undefined;
    },
  };
}

/** Every position. */
export const everywhere: Postings = { next: (position) => position + 1 };

/** One row of the index holds the positions of one slice: it is read once, however many of them are asked for. */
class Blocks implements Postings {
  readonly #of: readonly [LookupField, string];
  readonly #last: StatementSync;
  readonly #following: StatementSync;
  #block: readonly number[] = [];
  /** From here on the block has all positions up to its own last one, and when it has none, there are no more. */
  #after: number = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(index: DatabaseSync, { field, value }: { readonly field: LookupField; readonly value: string }) {
    this.#of = [field, value];
    const from = "SELECT positions FROM postings WHERE field = ? AND value = ?";
    this.#last = index.prepare(`${from} AND first <= ? ORDER BY first DESC LIMIT 1`);
    this.#following = index.prepare(`${from} AND first > ? ORDER BY first LIMIT 1`);
  }

  next(position: number): number | undefined {
    if (position < this.#after || (!this.#ended && position >= (this.#block.at(-1) ?? 0))) this.#read(position);
    return firstAfter(this.#block, position);
  }

  /** Reads the block that holds the first position after one; there is none between the two. */
  #read(position: number): void {
    this.#after = position;
    this.#block = listed(this.#last.get(...this.#of, position + 1));
    if ((this.#block.at(-1) ?? 0) <= position) this.#block = listed(this.#following.get(...this.#of, position));
    this.#ended = this.#block.length === 0;
  }
}

function firstAfter(positions: readonly number[], position: number): number | undefined {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((positions[middle] ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return positions[low];
}

function listed(row: Parameters<typeof text>[0] | undefined): readonly number[] {
  const found: unknown = row === undefined ? [] : JSON.parse(text(row, "positions"));
  return Array.isArray(found) ? found.filter((one: unknown): one is number => typeof one === "number") : [];
}
