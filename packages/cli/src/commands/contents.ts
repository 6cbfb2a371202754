/**
 * Contents: bytes that the log keeps by commitment, on their way in and on their way out.
 */
import type { VaultApi } from "@toka/service";

import type { CommandContext } from "../context.ts";
import { showSafely } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";

/** Bytes that are read from standard input at most: no content may hold more. */
const stdinBytesMax = 1024 * 1024;

/**
 * Reads what a person wrote, or what is piped in where they wrote `-`.
 *
 * @param text - as given
 * @param context - streams
 * @returns base64, as an operation takes it
 * @throws UsageError when more is piped in than a content may hold
 */
export async function contentFrom(text: string, context: CommandContext): Promise<string> {
  if (text !== "-") return Buffer.from(text).toString("base64");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > stdinBytesMax)
      throw new UsageError(`Cannot take the standard input: it has more than ${stdinBytesMax} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("base64");
}

/** The bytes behind a commitment, as they are shown. */
export interface ShownContent {
  /** As text where they are UTF-8; null when they are not, or were erased. */
  readonly text: string | null;
  /** Null when they were erased. */
  readonly base64: string | null;
}

/**
 * Reads a content for people and programs.
 *
 * @param api - of the vault
 * @param named - id of what the entry made, whose position it carries, and the commitment
 * @returns the bytes
 * @throws a failure when the entry names none such
 */
export async function contentOf(
  api: VaultApi,
  { id, commitment }: { readonly id: string; readonly commitment: string },
): Promise<ShownContent> {
  const { bytes } = await api.content(positionOf(id), commitment);
  if (bytes === null) return { text: null, base64: null };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(bytes, "base64")), base64: bytes };
  } catch {
    return { text: null, base64: bytes };
  }
}

/**
 * The entry that made a thing.
 *
 * @param id - such as `effect-17-0`
 * @returns its position
 */
export function positionOf(id: string): number {
  return Number(id.split("-")[1]);
}

/**
 * Shows a content whole, each line with a mark before it, so that nothing in it passes for words of ours.
 *
 * @param content - as read
 * @returns lines
 */
export function contentLines({ text, base64 }: ShownContent): readonly string[] {
  if (base64 === null) return ["  (erased)"];
  if (text === null) return ["  base64:", `  | ${base64}`];
  return text.split("\n").map((line) => `  | ${showSafely(line)}`);
}
