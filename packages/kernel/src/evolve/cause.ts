/** What an event follows from: the operation and the stamp of its entry. */
import { fault } from "../failure.ts";
import type { PlainOperation } from "../operation.ts";
import type { Stamp } from "../stamp.ts";

/** The rest of an event's entry. */
export interface Cause {
  /** In a batch, the one that the event belongs to. */
  readonly operation: PlainOperation;
  readonly stamp: Stamp;
  readonly position: number;
  /** Effective time, ms. */
  readonly timeMs: number;
}

/**
 * The operation behind an event, which must be of the type that makes such events.
 *
 * @returns it, by its own type
 * @throws Fault when it is another
 */
export function askedFor<Type extends PlainOperation["type"]>(
  { operation }: Cause,
  type: Type,
): Extract<PlainOperation, { readonly type: Type }> {
  return isOf(operation, type) ? operation : fault(`an event of ${type} follows from ${operation.type}`);
}

/**
 * A row that an event presupposes.
 *
 * @returns the row
 * @throws Fault when it is not there
 */
export function rowOf<Id extends string, Row>(rows: ReadonlyMap<Id, Row>, id: Id): Row {
  return rows.get(id) ?? fault(`an event is about ${id}, which is gone`);
}

function isOf<Type extends PlainOperation["type"]>(
  operation: PlainOperation,
  type: Type,
): operation is Extract<PlainOperation, { readonly type: Type }> {
  return operation.type === type;
}
