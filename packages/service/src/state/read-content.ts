/**
 * The bytes that an entry of the log names by commitment.
 */
import type { Content, MachinePort } from "@toka/kernel";

import { ServiceFailure } from "../failure.ts";

/**
 * Reads the bytes behind a commitment.
 *
 * @param machine - of the vault
 * @param named - the entry that names it, and the commitment
 * @returns the bytes, or null when they were erased
 * @throws a failure `content_unknown` when the entry names no such commitment
 */
export async function readContent(
  machine: Pick<MachinePort, "read" | "payload">,
  { position, commitment }: { readonly position: number; readonly commitment: string },
): Promise<Uint8Array | null> {
  const [recorded] = position < 1 ? [] : await machine.read(position - 1, { limit: 1 });
  const content = recorded === undefined ? undefined : find(recorded.entry.operation, commitment);
  if (content === undefined) {
    throw new ServiceFailure("content_unknown", {
      message: `Cannot read a content of entry ${position}: the entry names none with the commitment ${commitment}`,
    });
  }
  return (await machine.payload(content)) ?? null;
}

/** Operations have fixed shapes, so whatever has this commitment and a size is the content. */
function find(value: unknown, commitment: string): Content | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("commitment" in value && value.commitment === commitment && "size" in value && typeof value.size === "number")
    return { commitment, size: value.size };
  for (const part of Object.values(value)) {
    const found = find(part, commitment);
    if (found !== undefined) return found;
  }
  return undefined;
}
