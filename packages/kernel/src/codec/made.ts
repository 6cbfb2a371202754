/** What shapes are made of, so that a document can be written from the very shapes that read. A shape of no parts says itself what it wants. */

/** Reads something out of anything; `shape.ts` says what. */
type AnyShape = (value: unknown) => unknown;

/** The parts of a shape. */
export type Made =
  | {
      readonly type: "record";
      readonly fields: readonly { readonly key: string; readonly optional: boolean; readonly read: AnyShape }[];
    }
  | { readonly type: "variant"; readonly key: string; readonly shapes: { readonly [name: string]: AnyShape } }
  | { readonly type: "list"; readonly of: AnyShape; readonly min: number; readonly max: number }
  | { readonly type: "nullable" | "checked"; readonly of: AnyShape };

const parts = new WeakMap<AnyShape, Made>();

/**
 * Remembers what a shape is made of.
 *
 * @returns the shape itself
 */
export function made<T extends AnyShape>(of: Made, shape: T): T {
  parts.set(shape, of);
  return shape;
}

/**
 * What a shape is made of.
 *
 * @returns its parts; undefined for one that has none
 */
export function madeOf(shape: AnyShape): Made | undefined {
  return parts.get(shape);
}
