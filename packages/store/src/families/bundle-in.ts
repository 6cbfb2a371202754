/** Reads a family's bundle from a vault, for reading only. */
import { DatabaseSync } from "node:sqlite";
import { commitmentOf } from "../contents.ts";
import { fileLockWaitMs } from "../limits.ts";
import type { VaultFiles } from "../vault-files.ts";

/**
 * The bundle behind a commitment.
 *
 * @returns its text, or undefined when the vault has it no more, or something else in its place
 */
export function bundleIn(files: VaultFiles, commitment: string): string | undefined {
  const db = new DatabaseSync(files.log, { readOnly: true, timeout: fileLockWaitMs });
  try {
    const found = db.prepare("SELECT salt, bytes FROM payloads WHERE commitment = ?").get(commitment);
    const { salt, bytes } = found ?? {};
    if (!(salt instanceof Uint8Array) || !(bytes instanceof Uint8Array)) return undefined;
    return commitmentOf({ salt, bytes }) === commitment ? Buffer.from(bytes).toString("utf8") : undefined;
  } finally {
    db.close();
  }
}
