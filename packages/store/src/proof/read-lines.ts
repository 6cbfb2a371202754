/** Reading a file of which nothing is known: line by line, in bounds, each line with its number. */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { systemCodeOf } from "../failure.ts";

/** Bytes of one line (16 MiB): an entry is some hundred kilobytes at most, and a piece of a payload one MiB. */
export const lineBytesMax: number = 16 * 1024 * 1024;

/** How a gzip file begins. */
const gzipMagic = Buffer.of(0x1f, 0x8b);

/** Something in a file is not as it must be. */
export class BadLine extends Error {
  /** From 1. */
  readonly line: number;

  /**
   * @param line where, from 1
   * @param reason what was found, and what was wanted
   */
  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Splits a file into its lines; one that is compressed is decompressed on the way. The last one need not be ended: whoever must know whether a file is whole looks for its own last line.
 *
 * @param path of the file
 * @returns lines in order, each without its line feed
 * @throws BadLine for a line that is too long or is not UTF-8; the system's error when the file cannot be read
 */
export async function* linesOf(path: string): AsyncGenerator<Line, void, undefined> {
  let pieces: Buffer[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of bytesOf(path)) {
    if (chunk === cut) throw new BadLine(number, "what it was compressed to is cut or damaged");
    let rest: Buffer = Buffer.from(chunk);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield lineOf(Buffer.concat([...pieces, rest.subarray(0, end)]), number);
      number += 1;
      rest = rest.subarray(end + 1);
      pieces = [];
      length = 0;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > lineBytesMax) throw new BadLine(number, `it has more than ${lineBytesMax} bytes`);
  }
  if (length > 0) yield lineOf(Buffer.concat(pieces), number);
}

/** Stands for what cannot be read on: bytes that are no longer those of one compressed file. */
const cut = Buffer.of(0);

/** The bytes of a file, decompressed when it begins as a gzip file does (RFC 1952). */
async function* bytesOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = createReadStream(path);
  if (!(await isCompressed(path))) {
    yield* file;
    return;
  }
  const zip = createGunzip();
  const { size } = await stat(path);
  const piped = pipeline(file, zip).catch((error: unknown) => error);
  try {
    yield* zip;
    // A file may go on behind its end without being decompressed any further: that is no part of what was written.
    if (zip.bytesWritten !== size) yield cut;
  } catch (error) {
    const code = systemCodeOf(error) ?? "";
    if (!code.startsWith("Z_")) throw error;
    yield cut;
  } finally {
    zip.destroy();
    await piped;
  }
}

async function isCompressed(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.equals(gzipMagic);
  } finally {
    await file.close();
  }
}

function lineOf(bytes: Buffer, number: number): Line {
  if (!isUtf8(bytes)) throw new BadLine(number, "it is not UTF-8 text");
  return { number, text: bytes.toString("utf8") };
}

/**
 * Reads a line that must be one JSON object.
 *
 * @returns its fields
 * @throws BadLine when it is something else
 */
export function objectIn({ number, text }: Line): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadLine(number, `it is not JSON: found "${text.slice(0, 40)}"`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BadLine(number, "it is not a JSON object");
  return { ...value };
}

/**
 * A field that must be text.
 *
 * @returns the text
 * @throws BadLine when it is something else
 */
export function textIn(
  fields: Readonly<Record<string, unknown>>,
  { name, line }: { readonly name: string; readonly line: number },
): string {
  const value = fields[name];
  // Half a character has no bytes of its own: hashed, it would pass for the sign that stands for what cannot be read.
  if (typeof value !== "string" || !value.isWellFormed()) throw new BadLine(line, `its "${name}" is not text`);
  return value;
}

/**
 * A field that must be a whole number.
 *
 * @returns the number, 0 or above
 * @throws BadLine when it is something else
 */
export function numberIn(
  fields: Readonly<Record<string, unknown>>,
  { name, line }: { readonly name: string; readonly line: number },
): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new BadLine(line, `its "${name}" is not a whole number`);
  return value;
}

/**
 * Bytes in base64, in its one form with padding.
 *
 * @returns the bytes
 * @throws BadLine when the text is something else
 */
export function base64In(text: unknown, { name, line }: { readonly name: string; readonly line: number }): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
  if (bytes === undefined || bytes.toString("base64") !== text) throw new BadLine(line, `its "${name}" is not base64`);
  return bytes;
}
