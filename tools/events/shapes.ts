/** Says in words what a shape of the kernel takes: the very shape that reads, so that no limit is written down twice. */
import { Malformed } from "@toka/kernel";
import { madeOf } from "../../packages/kernel/src/codec/made.ts";
import type { Shape } from "../../packages/kernel/src/codec/shape.ts";

/** A field with what it takes. */
export interface ShapeField {
  /** Such as `plan.agents[].name`. */
  readonly path: string;
  readonly optional: boolean;
  readonly takes: string;
}

/** Nothing that any shape takes. */
const nothing = Symbol("nothing");

/** Fields within fields beyond this are told by their own record. */
const depthMax = 4;

/**
 * The fields of a record, and those of the records in it.
 *
 * @param shape - of an operation.
 * @returns one for each field, in canonical order, each before those inside it.
 * @throws when the shape is no record.
 */
export function fieldsOf(shape: Shape<unknown>): readonly ShapeField[] {
  const made = madeOf(shape);
  if (made?.type === "checked") return fieldsOf(made.of);
  if (made?.type !== "record") throw new Error("Cannot describe a shape: it is no record");
  return made.fields.flatMap(({ key, optional, read }) => below({ path: key, optional, shape: read, depth: 1 }));
}

function below(field: {
  readonly path: string;
  readonly optional: boolean;
  readonly shape: Shape<unknown>;
  readonly depth: number;
}): readonly ShapeField[] {
  const { path, optional, shape, depth } = field;
  const own = { path, optional, takes: takenBy(shape) };
  const inner = recordIn(shape, path);
  if (inner === undefined || depth >= depthMax || isContent(inner.shape)) return [own];
  const made = madeOf(inner.shape);
  if (made?.type !== "record") return [own];
  return [
    own,
    ...made.fields.flatMap(({ key, optional: left, read }) =>
      below({ path: `${inner.path}.${key}`, optional: left, shape: read, depth: depth + 1 }),
    ),
  ];
}

/** The record that a field holds, alone, in a list or where it is not null. */
function recordIn(
  shape: Shape<unknown>,
  path: string,
): { readonly shape: Shape<unknown>; readonly path: string } | undefined {
  const made = madeOf(shape);
  if (made === undefined || made.type === "variant") return undefined;
  if (made.type === "record") return { shape, path };
  return recordIn(made.of, made.type === "list" ? `${path}[]` : path);
}

/**
 * What a shape takes.
 *
 * @returns in words, such as `a whole number from 1 to 100`
 */
export function takenBy(shape: Shape<unknown>): string {
  const made = madeOf(shape);
  switch (made?.type) {
    case undefined:
      return wantedBy(shape);
    case "checked":
      return takenBy(made.of);
    case "nullable":
      return `${takenBy(made.of)}; or null`;
    case "record":
      return contentOf(shape) ?? "a record";
    case "variant":
      return `by \`${made.key}\`: ${Object.entries(made.shapes)
        .map(([name, one]) => `${name}${insideOf(one)}`)
        .join(" · ")}`;
    case "list": {
      const counted = made.min === made.max ? String(made.min) : `${made.min} to ${figure(made.max)}`;
      const inner = madeOf(made.of);
      return inner?.type === "record" ? `a list of ${counted} records` : `a list of ${counted}: ${takenBy(made.of)}`;
    }
  }
}

function insideOf(shape: Shape<unknown>): string {
  const made = madeOf(shape);
  if (made?.type !== "record") return "";
  const fields = made.fields.slice(1).map(({ key, read }) => `\`${key}\` ${takenBy(read)}`);
  return fields.length === 0 ? "" : ` (${fields.join(", ")})`;
}

function isContent(shape: Shape<unknown>): boolean {
  return contentOf(shape) !== undefined;
}

function contentOf(shape: Shape<unknown>): string | undefined {
  const made = madeOf(shape);
  if (made?.type !== "record" || made.fields.map(({ key }) => key).join() !== "commitment,size") return undefined;
  const bytes = made.fields[1];
  const most = /to (\d+)$/.exec(bytes === undefined ? "" : wantedBy(bytes.read))?.[1];
  return `a content of at most ${figure(Number(most))} bytes, as its commitment`;
}

/** A shape without parts says what it wants of whatever it cannot take. */
function wantedBy(shape: Shape<unknown>): string {
  try {
    shape(nothing);
  } catch (thrown) {
    if (thrown instanceof Malformed) return thrown.wanted.replaceAll(/\d{4,}/g, (digits) => figure(Number(digits)));
    throw thrown;
  }
  throw new Error("Cannot describe a shape: it takes anything");
}

function figure(number: number): string {
  return number.toLocaleString("en-US");
}
