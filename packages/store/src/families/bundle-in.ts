/** Reads a family's bundle from a vault, for reading only. */
import { DatabaseSync } from "node:sqlite";
import { attachPrefix } from "../backends/sqlite/prefix.ts";
import { PrefixReader } from "../backends/sqlite/prefix-reader.ts";
import { commitmentOf } from "../contents.ts";
import { StoreFailure } from "../failure.ts";
import { fileLockWaitMs } from "../limits.ts";
import type { VaultFiles } from "../vault-files.ts";

interface Sealed {
  readonly salt: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * The bundle behind a commitment: in the vault's own log, or in what it shares with those that it was forked from.
 *
 * @returns its text, or undefined when the vault has it no more, or something else in its place
 */
export function bundleIn(files: VaultFiles, commitment: string): string | undefined {
  const db = new DatabaseSync(files.log, { readOnly: true, timeout: fileLockWaitMs });
  try {
    const found = ownIn(db, commitment) ?? sharedIn(db, { files, commitment });
    if (found === undefined || commitmentOf(found) !== commitment) return undefined;
    return Buffer.from(found.bytes).toString("utf8");
  } finally {
    db.close();
  }
}

function ownIn(db: DatabaseSync, commitment: string): Sealed | undefined {
  const { salt, bytes } = db.prepare("SELECT salt, bytes FROM payloads WHERE commitment = ?").get(commitment) ?? {};
  return salt instanceof Uint8Array && bytes instanceof Uint8Array ? { salt, bytes } : undefined;
}

function sharedIn(
  db: DatabaseSync,
  { files, commitment }: { readonly files: VaultFiles; readonly commitment: string },
): Sealed | undefined {
  const shared = new PrefixReader(db, attachPrefix(db, files.log));
  try {
    return shared.payload(commitment);
  } catch (thrown) {
    // A row of another form, too, is something else in its place.
    if (thrown instanceof StoreFailure && thrown.code === "vault_damaged") return undefined;
    throw thrown;
  } finally {
    shared.close();
  }
}
