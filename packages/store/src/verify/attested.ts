/** Which operations rest on what the host vouched for. */
import type { Operation } from "@toka/kernel";

/**
 * Whether an operation brought values that no computation can repeat.
 *
 * @returns true when it, or one of a batch, has inputs
 */
export function isAttested(operation: Operation): boolean {
  if (operation.type === "batch") return operation.operations.some(isAttested);
  return "inputs" in operation && operation.inputs.length > 0;
}
