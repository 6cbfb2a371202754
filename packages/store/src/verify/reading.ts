/** Opening a vault's log for verification: for reading only, at one moment. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { schemaDifference } from "../backends/sqlite/schema.ts";
import { StoreFailure } from "../failure.ts";
import type { VaultFiles } from "../vault-files.ts";
import { Differs, differs, type Finding } from "./finding.ts";

/**
 * Runs a check on a log as it is at one moment.
 *
 * @param files of the vault
 * @param check throws Differs at the first difference
 * @returns the first difference, or undefined
 * @throws StoreFailure `vault_absent`
 */
export function firstDifference(files: VaultFiles, check: (db: DatabaseSync) => void): Finding | undefined {
  if (!existsSync(files.log))
    throw new StoreFailure("vault_absent", {
      message: `Cannot verify the vault ${files.dir}: there is none`,
      retry: "never",
    });
  const db = new DatabaseSync(files.log, { readOnly: true });
  try {
    db.exec("BEGIN");
    const difference = schemaDifference(db);
    if (difference !== undefined) differs(0, `the schema of its log differs: ${difference}`);
    check(db);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Differs) return thrown.finding;
    throw thrown;
  } finally {
    db.close();
  }
}
