/** Reads one file that the report is made from. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Decoder } from "./decode.ts";
import { ToolProblem } from "../invocation.ts";

/** Bytes of one input: the lists in it are short, so more is not what the tools wrote. */
const inputBytesMax = 32 * 1024 ** 2;

/**
 * Reads a file of JSON and checks its shape.
 * @returns its content
 * @throws ToolProblem when it is too large, no JSON or of another shape; what the system says when it cannot be read
 */
export function readInput<Value>(
  folder: string,
  { name, decoder }: { readonly name: string; readonly decoder: Decoder<Value> },
): Value {
  const place = join(folder, name);
  const size = statSync(place).size;
  if (size > inputBytesMax)
    throw new ToolProblem(`Cannot read ${name}: it has ${size} bytes, at most ${inputBytesMax} are read`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(place, "utf8"));
  } catch (problem) {
    throw new ToolProblem(`Cannot read ${name}: it is not JSON`, { cause: problem });
  }
  return decoder(value, name);
}
