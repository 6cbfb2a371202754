/** Settles what a batch writes: which payloads become rows, which rows gain references, and how many. */
import { StoreFailure } from "../../failure.ts";
import { notErasable } from "../../log-order.ts";
import type { LogBatch, PayloadRow } from "../../log.ts";
import type { Lookups } from "./lookups.ts";
import type { LogWrite } from "./writer.ts";

/**
 * The rows that a batch writes.
 *
 * @param batch rows, and the references that they make, in order
 * @param options `afterId`: the last row of the payloads there are or will be; `lookups`: where each of those is
 * @returns what one transaction writes
 * @throws StoreFailure `payload_missing` when a reference names a payload that is neither there nor brought, or one is to be
 *   erased that is not there
 */
export function settleWrite(
  { rows, payloads: named, erased: erasures = [] }: LogBatch,
  { afterId, lookups }: { readonly afterId: number; readonly lookups: Lookups },
): LogWrite {
  const added = new Map<string, { readonly row: PayloadRow; references: number }>();
  const gained = new Map<number, number>();
  for (const { commitment, stored, fresh } of named) {
    const brought = added.get(commitment);
    if (brought !== undefined) {
      brought.references += 1;
      continue;
    }
    const id = fresh === true ? undefined : lookups.payloadId(commitment);
    if (id !== undefined) gained.set(id, (gained.get(id) ?? 0) + 1);
    else if (stored !== undefined) added.set(commitment, { row: stored, references: 1 });
    else
      throw new StoreFailure("payload_missing", {
        message: `Cannot append to the log: payload ${commitment} is named and not stored`,
        retry: "never",
      });
  }
  const payloads = [...added.values()].map(({ row, references: count }, index) => {
    return { ...row, id: afterId + 1 + index, references: count };
  });
  const ids = new Map(payloads.map(({ commitment, id }) => [commitment, id]));
  const erased = erasures.map(({ commitment, by }): LogWrite["erased"][number] => {
    const id = ids.get(commitment) ?? lookups.payloadId(commitment);
    if (id === undefined) throw notErasable(commitment);
    return [id, by];
  });
  return { rows, payloads, gained: [...gained], erased };
}
