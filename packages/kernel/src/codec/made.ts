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

// A list, since a function that is a key of a map is slower to call ever after: a third of what it takes to read an entry.
const parts: (readonly [shape: AnyShape, of: Made])[] = [];

/**
 * Remembers what a shape is made of.
 *
 * @returns the shape itself
 */
export function made<T extends AnyShape>(of: Made, shape: T): T {
  parts.push([shape, of]);
  return shape;
}

/**
 * What a shape is made of.
 *
 * @returns its parts; undefined for one that has none
 */
export function madeOf(shape: AnyShape): Made | undefined {
  return parts.find(([one]) => one === shape)?.[1];
}
