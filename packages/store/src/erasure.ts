/** What entries erase: the payloads that lose their salt and bytes together with the entry that says so. */
import type { Operation } from "@toka/kernel";
import { recordOf } from "./read-stamp.ts";
import { parsed } from "./verify/asked-text.ts";

/**
 * The payloads that an operation erases if it is accepted.
 *
 * @returns their commitments, those of a batch in its order
 */
export function erasedBy(operation: Operation): readonly string[] {
  if (operation.type === "payload.erase") return operation.payloads;
  return operation.type === "batch" ? operation.operations.flatMap(erasedBy) : none;
}

/** As the one encoding of an entry has it: only such a text can tell of an erasure. */
const eraseMark = '"type":"payload.erase"';

/**
 * The payloads that the text of an entry says were erased, for whoever cannot decide it again.
 *
 * @returns their commitments; none when it was refused or is no entry
 */
export function erasuresIn(text: string): readonly string[] {
  if (!text.includes(eraseMark)) return none;
  const { operation, outcome } = recordOf(parsed(text));
  return "refusal" in recordOf(outcome) ? none : commitmentsIn(operation);
}

function commitmentsIn(operation: unknown): readonly string[] {
  const { type, payloads, operations } = recordOf(operation);
  if (type === "batch") return Array.isArray(operations) ? operations.flatMap(commitmentsIn) : none;
  if (type !== "payload.erase" || !Array.isArray(payloads)) return none;
  return payloads.filter((payload) => typeof payload === "string");
}

const none: readonly string[] = [];
