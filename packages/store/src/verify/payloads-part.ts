/** The second part of verification: what entries name is there, whole and counted right, and the lookup index finds it. */
import type { DatabaseSync } from "node:sqlite";
import { contentsOf } from "../contents.ts";
import { vaultFiles } from "../vault-files.ts";
import { recordOf } from "../read-stamp.ts";
import type { Finding } from "./finding.ts";
import { checkLookups } from "./lookup-check.ts";
import { PayloadCheck } from "./payload-check.ts";
import { firstDifference } from "./reading.ts";
import { entriesOf, payloadsOf } from "./rows.ts";

/** What this part found. */
export interface PayloadsReport {
  /** Payloads whose bytes were compared with their commitment. */
  readonly payloads: number;
  readonly firstBad: Finding | undefined;
  /** Everything that entries name was found: what differs is left over at the end, or in the index. */
  readonly complete: boolean;
}

/**
 * Verifies the payloads and the lookup index of a vault.
 *
 * @param dir folder of the vault
 * @returns what was found
 * @throws StoreFailure `vault_absent`
 */
export function verifyPayloads(dir: string): PayloadsReport {
  const files = vaultFiles(dir);
  let payloads = 0;
  let complete = false;
  const firstBad = firstDifference(files, (db) => {
    const find = db.prepare("SELECT 1 FROM payloads WHERE commitment = ? LIMIT 1");
    const check = new PayloadCheck(payloadsOf(db), (commitment) => find.get(commitment) !== undefined);
    let last: number;
    try {
      last = referAll(db, check);
    } finally {
      payloads = check.checked;
    }
    complete = true;
    check.finish(last);
    checkLookups(db, files.lookup);
  });
  return { payloads, firstBad, complete };
}

/**
 * An entry that cannot be read ends this part: the other one names it, and nothing behind it says anything.
 *
 * @returns the position of the last entry looked at
 */
function referAll(db: DatabaseSync, check: PayloadCheck): number {
  let last = 0;
  for (const { position, text } of entriesOf(db)) {
    if (typeof position !== "number" || text === undefined) return last;
    last = position;
    // Most of the work is reading JSON, and an entry without this word names no content.
    if (!text.includes('"commitment":')) continue;
    const operation = operationIn(text);
    if (operation === undefined) return last;
    for (const content of contentsOf(operation)) check.refer(content, position);
  }
  return last;
}

function operationIn(text: string): object | undefined {
  try {
    return recordOf(recordOf(JSON.parse(text))["operation"]);
  } catch {
    return undefined;
  }
}
