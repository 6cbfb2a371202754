/**
 * Looks a vault over: its files, who has it open, and how old what was kept of it is.
 */
import { lookOver } from "@toka/store";

import { isServed } from "../client/vault-client.ts";
import { holderOf } from "../patience.ts";
import type { Places } from "../places.ts";
import { backupsOf } from "./kept-backups.ts";

const dayMs = 86_400_000;

/** Age from which a backup is told to be old: a week's work is what most can bear to lose, and many cannot. */
const backupAgeMsMax = 7 * dayMs;

/** One thing that was looked at. */
type StoreCheck = Awaited<ReturnType<typeof lookOver>>[number];

/** The whole look. */
export interface StoreReport {
  /** True when everything required is as it must be. */
  readonly ok: boolean;
  readonly checks: readonly StoreCheck[];
}

/**
 * Looks a vault over from its files, also while another process writes to it.
 *
 * @param places - of the call
 * @returns each check
 * @throws a failure `vault_absent` when there is no vault
 */
export async function lookOverVault({ vault, knownVaults }: Places): Promise<StoreReport> {
  const checks = [...(await lookOver(vault, { knownVaults })), checkBackup(vault), await checkHolder(vault)];
  return { ok: checks.every((check) => check.ok || !check.required), checks };
}

/** What is remembered of backups: whether one is still where it was made, whoever made it must see. */
function checkBackup(vault: string): StoreCheck {
  const of = { name: "backup", required: false, wanted: `one of the last ${backupAgeMsMax / dayMs} days` };
  const [last] = backupsOf(vault);
  const fix = "Run: toka backup --to DIR, with a folder on another disk";
  if (last === undefined) return { ...of, ok: false, found: "none was made", fix };
  const ageMs = Math.max(0, Date.now() - last.timeMs);
  const found = `${last.size} entries to ${last.to} at ${new Date(last.timeMs).toISOString()}`;
  return ageMs <= backupAgeMsMax ? { ...of, ok: true, found } : { ...of, ok: false, found, fix };
}

async function checkHolder(vault: string): Promise<StoreCheck> {
  const holder = holderOf(vault);
  const served = await isServed(vault);
  const who = holder === undefined ? "another process" : `process ${holder}`;
  const found = served ? `${who} serves it` : holder === undefined ? "nobody has it open" : `${who} has it open`;
  return { name: "lock", ok: true, required: false, found, wanted: "at most one process" };
}
