/**
 * Upcasters: an operation or event of an older schema reads as its present shape. Pure and total; the bytes that were stored, and their
 * digests, stay as they are.
 *
 * An event says its schema. An operation says it from its second schema on, so that one without a number is of the first; whoever
 * asks in an older shape is understood. What is of a newer schema than is known, or of a kind that nobody knows, was written by a newer
 * Toka and is not read.
 */
import { eventSchemas } from "../events/schemas.ts";
import { Newer } from "../failure.ts";
import { integer, oneOf, optional, read, record } from "./shape.ts";
import type { Shape } from "./shape.ts";
import { limits } from "./shapes.ts";

/** What stands in an entry under one key, as JSON gives it. */
type Json = Readonly<Record<string, unknown>>;

/** From one schema of an operation to the next. */
interface OlderOperation {
  /** Of the older one, keys in canonical order. */
  readonly shape: Shape<Json>;
  readonly up: (older: Json) => Json;
}

/** By type: at 0 from the first schema to the second, and so on. */
const olderOperations: Readonly<Record<string, readonly OlderOperation[]>> = {
  "vault.configure": [
    {
      shape: record<Json>({ type: oneOf("vault.configure"), schema: optional(oneOf(1)), limits } as never),
      up: ({ type, limits: given }) => ({ type, schema: 2, limits: given, flags: null }),
    },
  ],
};

/** By type: at 0 from the first schema to the second, and so on. An event is not checked: it is compared with what is decided again. */
const olderEvents: Readonly<Record<string, readonly ((older: Json) => Json)[]>> = {
  "vault.opened": [({ limits: given, ...rest }) => ({ ...rest, schema: 2, flags: 0, limits: given })],
  "vault.configured": [({ limits: given, ...rest }) => ({ ...rest, schema: 2, flags: 0, limits: given })],
};

const presentSchemas: ReadonlyMap<string, number> = new Map(Object.entries(eventSchemas));

/** A value, and what it was before it was upcast. */
export interface Upcast {
  /** In its present shape, as far as it was older. */
  readonly present: unknown;
  /** As it was written, its keys in the order of the older shape; the very same as `present` when nothing was older. */
  readonly written: unknown;
}

/**
 * Tells whether operations of a type have always had the shape of today.
 *
 * @returns false for a batch, too, which holds others
 */
export function hasOneSchema(type: string): boolean {
  return type !== "batch" && !Object.hasOwn(olderOperations, type);
}

/**
 * Reads an operation's schema.
 *
 * @param value as JSON gives it, of any schema; anything else is given back as it is
 * @returns it in its present shape, and as it was written
 * @throws Newer when its schema is not known yet; Malformed when it is not of the older shape that it says
 */
export function upcastOperation(value: unknown): Upcast {
  if (!isObject(value)) return { present: value, written: value };
  const { type } = value;
  if (type === "batch" && Array.isArray(value["operations"])) return upcastBatch(value, value["operations"]);
  const older = typeof type === "string" && Object.hasOwn(olderOperations, type) ? olderOperations[type] : undefined;
  if (older === undefined) return { present: value, written: value };
  const schema = read(integer(1, Number.MAX_SAFE_INTEGER), { value: value["schema"] ?? 1, root: "schema" });
  if (schema > older.length + 1) {
    throw new Newer({
      path: "schema",
      found: String(schema),
      wanted: `at most ${older.length + 1} of ${String(type)}`,
    });
  }
  const written = older[schema - 1]?.shape(value) ?? value;
  return { present: raised(written, older.slice(schema - 1)), written };
}

/**
 * Reads an event's schema.
 *
 * @param value as JSON gives it, of any schema; anything else is given back as it is
 * @returns it in its present shape
 * @throws Newer when its schema or its type is not known yet
 */
export function upcastEvent(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { type, schema } = value;
  if (typeof type !== "string" || typeof schema !== "number") return value;
  const present = presentSchemas.get(type);
  if (schema === present) return value;
  if (present === undefined) throw new Newer({ path: "type", found: type, wanted: "an event that is known" });
  if (schema > present) {
    throw new Newer({ path: "schema", found: String(schema), wanted: `at most ${present} of ${type}` });
  }
  return (olderEvents[type] ?? []).slice(schema - 1).reduce<Json>((older, up) => up(older), value);
}

function upcastBatch(value: Json, operations: readonly unknown[]): Upcast {
  const parts = operations.map(upcastOperation);
  if (parts.every(({ present, written }) => present === written)) return { present: value, written: value };
  return {
    present: { ...value, operations: parts.map(({ present }) => present) },
    written: { ...value, operations: parts.map(({ written }) => written) },
  };
}

function raised(written: Json, steps: readonly OlderOperation[]): Json {
  return steps.reduce((older, { up }) => up(older), written);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
