/** One flush: operations decided in order against the state, and what must be appended for them. */
import {
  decideWith,
  encodeEntry,
  type Decision,
  type Families,
  type Entry,
  type Operation,
  type Outcome,
  type Receipt,
  type RecordedEntry,
  type Stamp,
} from "@toka/kernel";
import { leafDigest } from "./digest.ts";
import { rowOf } from "./entry-row.ts";
import type { Fold } from "./fold.ts";
import type { LogBatch, LogHead, LogRow, PayloadErasure, PayloadReference } from "./log.ts";
import { checkErasures, referencesOf, type NamedContents, type StoredPayloads } from "./references.ts";
import type { SuppressedRefusals } from "./suppressed.ts";

/** An operation that waits for its flush, and whom to answer. */
export interface Waiting extends NamedContents {
  readonly operation: Operation;
  /** Who asks and why, as read from the caller; the time is that of the flush. */
  readonly stamp: Stamp;
  /** Bytes of its drafts. */
  readonly bytes: number;
  answer(receipt: Receipt): void;
  fail(thrown: unknown): void;
}

/** What a flush decided: nothing of it may be told to anybody before `batch` is durable. */
export interface Flush {
  /** The fold that was moved; when it is not the machine's any more, what was decided on it counts for nothing. */
  readonly fold: Fold;
  /** Position of the last entry before. */
  readonly after: number;
  readonly batch: LogBatch;
  readonly entries: readonly RecordedEntry[];
  /** The last entry of this flush, or the one before when it has none. */
  readonly head: LogHead;
  /** Who gets which receipt. */
  readonly receipts: readonly { readonly waiting: Waiting; readonly receipt: Receipt }[];
}

/**
 * Decides operations in order. The fold moves on with each, ahead of what is durable.
 *
 * @param fold at the end of everything decided before
 * @param of `waiting` in order; `timeMs` of the host's clock; `sizes` of the stored payloads they name and which of them
 *   were `erased`, to which those stored and erased by this flush are added; those to erase that lie `elsewhere`;
 *   `suppressed` counts the refusals that are not recorded
 * @returns what to append and whom to answer; operations that failed on their own are already answered
 * @throws a Fault of the kernel, after which the fold's state is worth nothing
 */
export function decideFlush(
  fold: Fold,
  of: {
    readonly waiting: readonly Waiting[];
    readonly timeMs: number;
    readonly sizes: Map<string, number>;
    readonly erased: Set<string>;
    readonly elsewhere: ReadonlySet<string>;
    readonly suppressed: SuppressedRefusals;
    readonly families: Families;
  },
): Flush {
  const rows: LogRow[] = [];
  const payloads: PayloadReference[] = [];
  const erased: PayloadErasure[] = [];
  const entries: RecordedEntry[] = [];
  const receipts: { waiting: Waiting; receipt: Receipt }[] = [];
  const after = fold.head.position;
  for (const waiting of of.waiting) {
    const { operation } = waiting;
    const { principal, grant, causes, proof } = waiting.stamp;
    const stamp = { timeMs: of.timeMs, principal, grant, causes, proof };
    const references = tryReferences(waiting, of);
    if (references === undefined) continue;
    const decision = decideWith(fold.state, operation, { stamp, families: of.families });
    if ("refused" in decision && !decision.recorded) {
      of.suppressed.add(principal, { timeMs: of.timeMs, count: 1 });
      receipts.push({ waiting, receipt: { position: null, digest: null, outcome: { refusal: decision.refused } } });
      continue;
    }
    const outcome = outcomeOf(decision);
    const { head } = fold;
    const entry: Entry = { position: head.position + 1, previous: head.digest, stamp, operation, outcome };
    const bytes = encodeEntry(entry);
    const digest = leafDigest(bytes);
    fold.apply(entry);
    const row = rowOf({ entry, bytes, digest }, head.timeMs);
    fold.advance({ position: row.position, digest, timeMs: row.timeMs });
    rows.push(row);
    entries.push({ entry, digest });
    for (const reference of references) {
      payloads.push(reference);
      if (reference.stored !== undefined) of.sizes.set(reference.commitment, reference.stored.size);
    }
    for (const commitment of "accepted" in decision ? waiting.erases : []) {
      erased.push({ commitment, by: entry.position });
      of.sizes.delete(commitment);
      of.erased.add(commitment);
    }
    receipts.push({ waiting, receipt: { position: entry.position, digest, outcome } });
  }
  return { fold, after, batch: { rows, payloads, erased }, entries, head: fold.head, receipts };
}

/** An operation whose payloads are not in order fails alone; the flush goes on without it. */
function tryReferences(waiting: Waiting, known: StoredPayloads): readonly PayloadReference[] | undefined {
  if (waiting.contents.length === 0 && waiting.erases.length === 0) return [];
  try {
    checkErasures(waiting, known);
    return referencesOf(waiting, known);
  } catch (thrown) {
    waiting.fail(thrown);
    return undefined;
  }
}

function outcomeOf(decision: Decision): Outcome {
  if ("refused" in decision) return { refusal: decision.refused };
  const { accepted, counts } = decision;
  return counts === undefined ? { events: accepted } : { events: accepted, counts };
}
