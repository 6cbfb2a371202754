/**
 * Content stands in an entry only as a salted commitment. Its salt and bytes lie in the payload table, and can be erased there
 * without breaking the log.
 */
import type { Digest } from "./ids.ts";

/** A commitment to bytes that are kept outside the log. */
export interface Content {
  /** SHA-256 over a 16-byte random salt followed by the bytes. */
  readonly commitment: Digest;
  /** Length of the bytes, without the salt. */
  readonly size: number;
}

/** A value that a caller attests, since the kernel cannot know it: a scalar or a list of scalars. */
export type InputValue = string | number | boolean | readonly (string | number | boolean)[];

/** A named attested value, read by predicates as `inputs.<name>`. */
export interface Input {
  readonly name: string;
  readonly value: InputValue;
}
