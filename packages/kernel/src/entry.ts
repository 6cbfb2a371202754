/** An entry: one row of the log, with the operation beside what the kernel decided about it. */
import type { Digest } from "./ids.ts";
import type { KernelEvent } from "./event.ts";
import type { Operation } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import type { Stamp } from "./stamp.ts";

/** One row of the log. Its bytes are `encodeEntry`'s, its digest is SHA-256 over a zero byte and those bytes. */
export interface Entry {
  /** From 1, without gaps. */
  readonly position: number;
  /** Digest of the entry before; 32 zero bytes before the first. */
  readonly previous: Digest;
  readonly stamp: Stamp;
  readonly operation: Operation;
  readonly outcome: Outcome;
}

/** What came of an operation. */
export type Outcome = Accepted | { readonly refusal: Refusal };

/** The events of an accepted operation. */
export interface Accepted {
  readonly events: readonly KernelEvent[];
  /** For a batch: how many of the events belong to each of its operations, in order. */
  readonly counts?: readonly number[];
}

/** What `decide` answers. */
export type Decision =
  | { readonly accepted: readonly KernelEvent[]; readonly counts?: readonly number[] }
  | {
      readonly refused: Refusal;
      /** False: it is not to be appended, only counted, for its principal was refused too often in this minute. */
      readonly recorded: boolean;
    };
