/**
 * The crew as it was when its session started, kept as a payload of the log: a resumed session is read from there, so
 * that files edited meanwhile do not change what is under way.
 */
import { z } from "zod";
import type { CrewFiles } from "../crew/crew-definition.ts";

const shape = z.strictObject({ format: z.literal(1), files: z.record(z.string(), z.string()) });

/**
 * Writes the files of a crew as one text.
 * @returns JSON
 */
export function encodeCrew(files: CrewFiles): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts = [...files].map(([path, bytes]) => [path, decoder.decode(bytes)] as const);
  return JSON.stringify({ format: 1, files: Object.fromEntries(texts) });
}

/**
 * Reads them back.
 * @returns the files, or undefined when the bytes are none that `encodeCrew` wrote
 */
export function decodeCrew(bytes: Uint8Array): CrewFiles | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const { files } = shape.parse(value);
    const encoder = new TextEncoder();
    return new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)]));
  } catch {
    return undefined;
  }
}
