/** Writes a deliverable into the output folder and says what was written. Each tool has its own copy of this file. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One written file. */
export interface Delivered {
  readonly path: string; // absolute
  readonly bytes: number;
  readonly sha256: string; // hexadecimal
}

/**
 * Writes `name` into the folder, which is made when it is not there.
 * @returns what was written
 */
export function deliver(
  folder: string,
  { name, content }: { readonly name: string; readonly content: string | Uint8Array },
): Delivered {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
