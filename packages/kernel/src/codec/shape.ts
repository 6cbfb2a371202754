/**
 * Shapes: one description of a value that reads it, checks it and puts its keys in canonical order.
 *
 * A shape is a function from anything to `T`. It throws Malformed with the path of the first problem. What it returns has its keys in
 * the order in which the shape lists them, which is what makes the bytes of equal values equal.
 */
import { Malformed, Newer } from "../failure.ts";
import { made } from "./made.ts";

/** Reads a `T` out of anything. */
export type Shape<T> = (value: unknown) => T;

/** A shape of a key that may be absent. */
export interface Optional<T> {
  readonly optional: Shape<T>;
}

/** The shapes of the keys of `T`, in canonical order. */
export type Fields<T> = {
  readonly [Key in keyof T]-?: undefined extends T[Key] ? Optional<Exclude<T[Key], undefined>> : Shape<T[Key]>;
};

/**
 * A record of exactly these keys.
 *
 * @param fields a shape for each key, in canonical order
 * @returns a shape that refuses unknown keys
 */
export function record<T>(fields: Fields<T>): Shape<T> {
  const plan = Object.entries(fields).map(([key, field]) => {
    const optional = typeof field !== "function";
    // Fields<T> says that it is one of the two; Object.entries forgets it.
    return { key, optional, read: (optional ? (field as Optional<unknown>).optional : field) as Shape<unknown> };
  });
  const keys = new Set(plan.map(({ key }) => key));
  // Of a plain object every value under such a key is its own, which need not be asked for each.
  const inheritable = plan.some(({ key }) => key in Object.prototype);
  return made({ type: "record", fields: plan }, (value) => {
    const given = object(value);
    const plain = !inheritable && Object.getPrototypeOf(given) === Object.prototype;
    const out: Record<string, unknown> = {};
    let found = 0;
    for (const { key, optional, read } of plan) {
      const part = plain || Object.hasOwn(given, key) ? given[key] : undefined;
      if (part === undefined) {
        if (!optional) throw problem(undefined, { path: key, wanted: "a value" });
        if (Object.hasOwn(given, key)) found += 1;
        continue;
      }
      found += 1;
      try {
        out[key] = read(part);
      } catch (error) {
        throw below(error, key);
      }
    }
    if (Object.keys(given).length !== found) refuseUnknownKeys(given, keys);
    return out as T;
  });
}

/**
 * A key that may be absent. Undefined counts as absent, null does not.
 *
 * @returns what `record` takes
 */
export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

/**
 * One of several records, told apart by the text under one key.
 *
 * @param key the discriminating key
 * @param shapes the shape for each text
 * @returns a shape of their union
 */
export function variant<T>(key: string, shapes: { readonly [Name in string]: Shape<T> }): Shape<T> {
  return made({ type: "variant", key, shapes }, (value) => {
    const name = object(value)[key];
    const shape = typeof name === "string" && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape === undefined) {
      throw problem(name, { path: key, wanted: `one of ${Object.keys(shapes).join(", ")}` });
    }
    return shape(value);
  });
}

/**
 * A list.
 *
 * @param shape of each item
 * @param options `min` and `max` number of items
 * @returns a shape of lists
 */
export function list<T>(
  shape: Shape<T>,
  options: { readonly min?: number; readonly max: number },
): Shape<readonly T[]> {
  const { min = 0, max } = options;
  return made({ type: "list", of: shape, min, max }, (value) => {
    if (!Array.isArray(value)) throw problem(value, { path: "", wanted: "a list" });
    if (value.length < min || value.length > max) {
      throw problem(`a list of ${value.length}`, { path: "", wanted: `a list of ${min} to ${max}`, said: true });
    }
    const out: T[] = [];
    for (let index = 0; index < value.length; index += 1) {
      try {
        out.push(shape(value[index]));
      } catch (error) {
        throw below(error, `[${index}]`);
      }
    }
    return out;
  });
}

/**
 * A value or null.
 *
 * @returns a shape that reads null as null
 */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return made({ type: "nullable", of: shape }, (value) => (value === null ? null : shape(value)));
}

/**
 * One of a few fixed values.
 *
 * @returns a shape of exactly those
 */
export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  return (value) => {
    for (const one of values) {
      if (one === value) return one;
    }
    throw problem(value, { path: "", wanted: values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}` });
  };
}

/**
 * True or false.
 *
 * @returns the boolean
 * @throws Malformed for anything else
 */
export const flag: Shape<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw problem(value, { path: "", wanted: "true or false" });
};

/**
 * A whole number.
 *
 * @returns a shape of integers from `min` to `max`, both included
 */
export function integer(min: number, max: number): Shape<number> {
  return (value) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value + 0;
    throw problem(value, { path: "", wanted: `a whole number from ${min} to ${max}` });
  };
}

/**
 * A whole number that only grows from one version of Toka to the next.
 *
 * @param newest the largest that is known here
 * @returns a shape of integers from 1 to it; a larger one is of a newer Toka
 */
export function upTo(newest: number): Shape<number> {
  const known = integer(1, newest);
  return (value) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= newest) return known(value);
    throw new Newer({ path: "", found: String(value), wanted: `at most ${newest}` });
  };
}

/**
 * A text of well-formed Unicode.
 *
 * @returns a shape of strings of at most `max` UTF-16 units
 */
export function text(max: number): Shape<string> {
  return (value) => {
    if (typeof value === "string" && value.length <= max && value.isWellFormed()) return value;
    throw problem(value, { path: "", wanted: `a text of at most ${max} characters` });
  };
}

/**
 * A text that a check accepts.
 *
 * @param check says whether the text will do
 * @param wanted what it says when it does not
 * @returns a shape of such strings
 */
export function textThat(check: (text: string) => boolean, wanted: string): Shape<string> {
  return (value) => {
    if (typeof value === "string" && check(value)) return value;
    throw problem(value, { path: "", wanted });
  };
}

/**
 * Adds a check to a shape.
 *
 * @param shape what is read first
 * @param check undefined when all is well, else where and what was wanted
 * @returns a shape that also passes the check
 */
export function checked<T>(
  shape: Shape<T>,
  check: (value: T) => { readonly path: string; readonly wanted: string } | undefined,
): Shape<T> {
  return made({ type: "checked", of: shape }, (value) => {
    const read = shape(value);
    const wrong = check(read);
    if (wrong !== undefined) throw problem("something else", { ...wrong, said: true });
    return read;
  });
}

/**
 * Reads a whole value and names the root of its path.
 *
 * @param shape what it should be
 * @param options `value`, and `root`, the name that paths begin with
 * @returns the value, its keys in canonical order
 * @throws Malformed with the path of the first problem
 */
export function read<T>(shape: Shape<T>, options: { readonly value: unknown; readonly root: string }): T {
  try {
    return shape(options.value);
  } catch (error) {
    throw below(error, options.root);
  }
}

/**
 * Makes a Malformed.
 *
 * @param found the value, or with `said` a description of it
 * @param options `path` from the value being read, and what was `wanted`
 * @returns the error, to be thrown
 */
export function problem(
  found: unknown,
  options: { readonly path: string; readonly wanted: string; readonly said?: boolean },
): Malformed {
  const description = options.said === true ? String(found) : describe(found);
  return new Malformed({ path: options.path, wanted: options.wanted, found: description });
}

function below(error: unknown, key: string): unknown {
  if (!(error instanceof Malformed)) return error;
  const { path, wanted, found } = error;
  const joined = path === "" || path.startsWith("[") ? key + path : `${key}.${path}`;
  return new (error instanceof Newer ? Newer : Malformed)({ path: joined, wanted, found });
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw problem(value, { path: "", wanted: "an object" });
}

function refuseUnknownKeys(given: Record<string, unknown>, keys: ReadonlySet<string>): void {
  for (const key of Object.keys(given)) {
    if (keys.has(key)) continue;
    throw problem("an unknown key", { path: key.slice(0, 64), wanted: `only ${[...keys].join(", ")}`, said: true });
  }
}

// A value may be long or secret: of a text only its beginning is shown, of anything else only what it is.
function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length <= 64 ? JSON.stringify(value) : `a text of ${value.length} characters`;
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
