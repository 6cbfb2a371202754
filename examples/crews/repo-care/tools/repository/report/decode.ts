/** Small decoders: the inputs are files that anything may have written, so each value is checked before it is used. */
import { ToolProblem } from "../invocation.ts";

/** Checks a value found at a place such as `catalogue.json/totals/files`, and gives it its type. */
export type Decoder<Value> = (value: unknown, place: string) => Value;

/** What a decoder gives. */
type Decoded<Of> = Of extends Decoder<infer Value> ? Value : never;

/** Items of one list: the tools that write the inputs name at most 1,000 files a list; months may be more. */
const listLengthMax = 100_000;

/** A text. @returns the text @throws ToolProblem when it is none */
export const text: Decoder<string> = (value, place) =>
  typeof value === "string" ? value : fail(value, { place, wanted: "a text" });

/** A whole number from 0. @returns the number @throws ToolProblem when it is none */
export const count: Decoder<number> = (value, place) => {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : fail(value, { place, wanted: "a whole number from 0" });
};

/** True or false. @returns it @throws ToolProblem when it is neither */
export const flag: Decoder<boolean> = (value, place) =>
  typeof value === "boolean" ? value : fail(value, { place, wanted: "true or false" });

/**
 * One of a few texts.
 * @returns a decoder
 */
export function oneOf<const Known extends string>(...known: readonly Known[]): Decoder<Known> {
  return (value, place) => known.find((each) => each === value) ?? fail(value, { place, wanted: known.join(" or ") });
}

/**
 * A value or null.
 * @returns a decoder
 */
export function nullable<Value>(of: Decoder<Value>): Decoder<Value | null> {
  return (value, place) => (value === null ? null : of(value, place));
}

/**
 * A value or nothing.
 * @returns a decoder
 */
export function optional<Value>(of: Decoder<Value>): Decoder<Value | undefined> {
  return (value, place) => (value === undefined ? undefined : of(value, place));
}

/**
 * A list.
 * @returns a decoder
 */
export function list<Value>(of: Decoder<Value>): Decoder<readonly Value[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length > listLengthMax)
      return fail(value, { place, wanted: `a list of at most ${listLengthMax}` });
    return value.map((item: unknown, index) => of(item, `${place}/${index}`));
  };
}

/**
 * A map with known keys; other keys are left out.
 * @returns a decoder
 */
export function record<Shape extends Readonly<Record<string, Decoder<unknown>>>>(
  shape: Shape,
): Decoder<{ readonly [Key in keyof Shape]: Decoded<Shape[Key]> }> {
  return (value, place) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return fail(value, { place, wanted: "a map" });
    const found = new Map<string, unknown>(Object.entries(value));
    const checked = Object.entries(shape).map(
      ([key, decoder]) => [key, decoder(found.get(key), `${place}/${key}`)] as const,
    );
    // The keys and types are those of the shape that was just walked.
    return Object.fromEntries(checked) as { readonly [Key in keyof Shape]: Decoded<Shape[Key]> };
  };
}

/**
 * A map of whole numbers from 0.
 * @returns a decoder; other keys are left out
 */
export function counts<const Key extends string>(...keys: readonly Key[]): Decoder<Readonly<Record<Key, number>>> {
  // The keys are those of the shape that is made here.
  return record(Object.fromEntries(keys.map((key) => [key, count])) as Readonly<Record<Key, Decoder<number>>>);
}

function fail(value: unknown, { place, wanted }: { readonly place: string; readonly wanted: string }): never {
  throw new ToolProblem(
    `Cannot read ${place}: found ${JSON.stringify(value)?.slice(0, 80) ?? "nothing"}, wanted ${wanted}`,
  );
}
