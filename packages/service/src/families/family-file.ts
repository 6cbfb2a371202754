/**
 * Families' bundles as a person keeps them: one script, or a folder with `family.js`.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { fixedLimits } from "@toka/kernel";
import { type BundleReport, readBundle, tryBundle } from "@toka/store";

import { ServiceFailure, systemCode } from "../failure.ts";
import type { OperateRequest } from "../state/operate.ts";

/**
 * Reads the bytes of a bundle.
 *
 * @param path - absolute, of the script or of its folder
 * @returns the file's path, and what is in it
 * @throws a failure `family_file_unfit` when there is none, or it is too large
 */
export async function bundleBytes(path: string): Promise<{ readonly file: string; readonly bytes: Uint8Array }> {
  const unfit = (file: string, state: string): ServiceFailure =>
    new ServiceFailure("family_file_unfit", { message: `Cannot read the bundle ${file}: ${state}` });
  let file = path;
  try {
    if ((await stat(path)).isDirectory()) file = join(path, "family.js");
    const found = await stat(file);
    const { familyBundleBytesMax: max } = fixedLimits;
    if (!found.isFile()) throw unfit(file, "it is no regular file");
    if (found.size > max) throw unfit(file, `found ${found.size} bytes, wanted ${max} at most`);
    return { file, bytes: await readFile(file) };
  } catch (error) {
    const code = error instanceof ServiceFailure ? undefined : systemCode(error);
    if (code === undefined) throw error;
    throw unfit(file, code === "ENOENT" ? "there is no such file" : code);
  }
}

/**
 * Reads a bundle as it is enabled.
 *
 * @param path - absolute, of the script or of its folder
 * @returns the operation, with the bytes of the bundle
 * @throws a failure `family_file_unfit` when there is none, or it defines no family
 */
export async function readFamilyFile(path: string): Promise<OperateRequest> {
  const { file, bytes } = await bundleBytes(path);
  const read = await readBundle(bytes);
  if ("problem" in read)
    throw new ServiceFailure("family_file_unfit", { message: `Cannot use the bundle ${file}: ${read.problem}` });
  const { program, engine, description } = read;
  const { prefix: family, version } = description;
  return {
    operation: { type: "family.enable", family, version, program, engine },
    contents: { bundle: Buffer.from(bytes).toString("base64") },
  };
}

/** Calls of a round: enough for each of a dozen operations to meet the others, and over in seconds. */
const callsPerRound = 36;

/**
 * Tries a bundle with drawn calls, without a vault.
 *
 * @param path - absolute, of the script or of its folder
 * @param seed - that the calls are drawn from
 * @returns what was found, and in which file
 * @throws a failure `family_file_unfit` when there is none
 */
export async function tryFamilyFile(path: string, seed: number): Promise<BundleReport & { readonly file: string }> {
  const { file, bytes } = await bundleBytes(path);
  return { file, ...(await tryBundle(bytes, { seed, perRound: callsPerRound })) };
}
