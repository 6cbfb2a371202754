/** `batch`: several operations as one entry, all or none. */
import type { PlainOperation } from "../operation.ts";

/** Up to 64 operations of one principal under one grant, decided in order, each seeing what those before it did. */
export interface Batch {
  readonly type: "batch";
  readonly operations: readonly PlainOperation[];
}
