/** Reads operations from foreign data. */
import { fixedLimits } from "../limits.ts";
import type { Batch, Operation, PlainOperation } from "../operation.ts";
import { operationKinds } from "../operation-kinds.ts";
import { list, oneOf, read, record, variant } from "./shape.ts";
import type { Shape } from "./shape.ts";
import { upcastOperation } from "./upcast.ts";

const plainShapes: { readonly [type: string]: Shape<PlainOperation> } = Object.fromEntries(
  Object.entries(operationKinds).map(([type, { shape }]) => [type, shape]),
);

const plain: Shape<PlainOperation> = variant("type", plainShapes);

const batch: Shape<Batch> = record<Batch>({
  type: oneOf("batch"),
  operations: list(plain, { min: 1, max: fixedLimits.batchOperationsMax }),
});

/** An operation, or a batch of them. */
export const operationShape: Shape<Operation> = variant<Operation>("type", { ...plainShapes, batch });

/** The types of all operations. */
export const operationTypes: readonly string[] = [...Object.keys(operationKinds), "batch"];

/**
 * Reads an operation.
 *
 * @param value anything, for instance parsed JSON; of an older schema, too
 * @returns the operation in its present shape, with its keys in canonical order
 * @throws Malformed with the path of the first problem, also for an unknown key
 */
export function parseOperation(value: unknown): Operation {
  return read(presentShape, { value, root: "operation" });
}

const presentShape: Shape<Operation> = (value) => operationShape(upcastOperation(value).present);

/**
 * Tells whether a decision about an operation may have read values that only its caller attests: a verifier re-decides it, but
 * takes those on trust.
 *
 * @returns true when it carries inputs, or one of its batch does
 */
export function isAttested(operation: Operation): boolean {
  if (operation.type === "batch") return operation.operations.some(isAttested);
  return "inputs" in operation && operation.inputs.length > 0;
}
