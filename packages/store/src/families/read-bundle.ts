/** What a bundle is, before a vault has it and after: what it says of itself, and what the log will call it. */
import { digestOf } from "../digest.ts";
import { engineVersion, type FamilyDescription } from "./engine.ts";

/** A bundle that can be enabled. */
export interface FamilyBundle {
  readonly description: FamilyDescription;
  /** SHA-256 of its bytes. */
  readonly program: string;
  /** What is to run it. */
  readonly engine: string;
}

/**
 * Reads a bundle: it is run in the engine, and asked for nothing but what it defines.
 *
 * @param bytes - the script
 * @returns the bundle, or what is wrong with it
 */
export async function readBundle(bytes: Uint8Array): Promise<FamilyBundle | { readonly problem: string }> {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: "it is no UTF-8" };
  }
  const { loadFamilyEngine } = await import("./load-engine.ts");
  const description = (await loadFamilyEngine()).describe(text);
  if ("problem" in description) return description;
  return { description, program: digestOf(bytes), engine: engineVersion };
}
