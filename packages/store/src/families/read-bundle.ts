/** What a bundle is, before a vault has it and after: what it says of itself, and what the log will call it. */
import { digestOf } from "../digest.ts";
import type { BundleReport } from "./check/check-bundle.ts";
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
  const text = textIn(bytes);
  if (text === undefined) return notText;
  const { loadFamilyEngine } = await import("./load-engine.ts");
  const description = (await loadFamilyEngine()).describe(text);
  if ("problem" in description) return description;
  return { description, program: digestOf(bytes), engine: engineVersion };
}

/**
 * Tries a bundle: see `check/check-bundle.ts`.
 *
 * @param bytes - the script
 * @param options - the seed that calls are drawn from, and how many of them a round has
 * @returns what was found
 */
export async function tryBundle(
  bytes: Uint8Array,
  options: { readonly seed: number; readonly perRound: number },
): Promise<BundleReport> {
  const text = textIn(bytes);
  if (text !== undefined) {
    const { checkBundle } = await import("./check/check-bundle.ts");
    const { loadFamilyEngine } = await import("./load-engine.ts");
    return checkBundle(text, { ...options, engine: await loadFamilyEngine() });
  }
  const finding = { fault: "unreadable", call: null, message: notText.problem } as const;
  return { family: null, version: null, seed: options.seed, calls: 0, accepted: 0, findings: [finding] };
}

const notText = { problem: "it is no UTF-8" };

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
