/**
 * How answers travel over the socket: one JSON value a line, and binary parts in base64.
 */
import type { ExecOutcome, OutputStream } from "../api.ts";

/** One line of a log stream: the stored bytes as they are, so that the reader can check the digest. */
export interface EntryLine {
  readonly digest: string;
  readonly bytes: string;
}

/** One line of a program's stream; the last one carries the outcome or a failure. */
export type ExecLine =
  | { readonly type: OutputStream; readonly data: string }
  | { readonly type: "outcome"; readonly outcome: ExecOutcome }
  | { readonly type: "failure"; readonly failure: FailureBody };

/** A failure as the body of an answer. */
export interface FailureBody {
  readonly code: string;
  readonly retry: "never" | "later";
  readonly message: string;
}

/** Bytes of one request; the standard input of a program travels in it, base64. */
export const requestBytesMax: number = 24 * 1024 * 1024;

/** Characters of one line of an answer; an entry holds at most a few hundred kilobytes. */
export const lineCharactersMax: number = 64 * 1024 * 1024;

// The answers come from the same program in the same checkout, so their shape is taken as it is.

/**
 * @param text - one JSON value
 * @returns the value, in the shape that the other side declares
 * @throws SyntaxError when it is not JSON
 */
export function decodeJson<T>(text: string): T {
  return JSON.parse(text) as T;
}

/**
 * Reads a whole answer.
 *
 * @param chunks - UTF-8 text in pieces
 * @returns the JSON value in it
 * @throws SyntaxError when it is not JSON
 */
export async function readJson<T>(chunks: AsyncIterable<Uint8Array>): Promise<T> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return decodeJson<T>(Buffer.concat(parts).toString("utf8"));
}

/**
 * Splits a stream of bytes into lines.
 *
 * @param chunks - UTF-8 text in pieces
 * @returns each line without its line feed; an unfinished last line is dropped, since its writer died in it
 * @throws an error when a line is longer than the bound
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    if (rest.length > lineCharactersMax) {
      throw new Error(`Cannot read the answer: a line has more than ${lineCharactersMax} characters`);
    }
    yield* pieces;
  }
}
