/**
 * The crew as it was when its session started, kept as a payload of the log: a resumed session is read from there, so
 * that files edited meanwhile do not change what is under way.
 */
import { z } from "zod";
import type { CrewFiles } from "../crew/crew-definition.ts";

/** A crew as the log keeps it. */
export interface RecordedCrew {
  /** The folder it was read from, absolute: its tools lie below. */
  readonly folder: string;
  readonly files: CrewFiles;
}

const shape = z.strictObject({ format: z.literal(1), folder: z.string(), files: z.record(z.string(), z.string()) });

/**
 * Writes a crew as one text.
 * @returns JSON
 */
export function encodeCrew({ folder, files }: RecordedCrew): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts = [...files].map(([path, bytes]) => [path, decoder.decode(bytes)] as const);
  return JSON.stringify({ format: 1, folder, files: Object.fromEntries(texts) });
}

/**
 * Reads it back.
 * @returns the crew, or undefined when the bytes are none that `encodeCrew` wrote
 */
export function decodeCrew(bytes: Uint8Array): RecordedCrew | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const { folder, files } = shape.parse(value);
    const encoder = new TextEncoder();
    return { folder, files: new Map(Object.entries(files).map(([path, text]) => [path, encoder.encode(text)])) };
  } catch {
    return undefined;
  }
}
