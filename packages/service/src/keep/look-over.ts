/**
 * Looks a vault over: its files, who has it open, and how old what was kept of it is.
 */
import { lookOver, type StoreCheck } from "@toka/store";

import { isServed } from "../client/vault-client.ts";
import { holderOf } from "../patience.ts";
import type { Places } from "../places.ts";

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
  const checks = [...(await lookOver(vault, { knownVaults })), await checkHolder(vault)];
  return { ok: checks.every((check) => check.ok || !check.required), checks };
}

async function checkHolder(vault: string): Promise<StoreCheck> {
  const holder = holderOf(vault);
  const served = await isServed(vault);
  const who = holder === undefined ? "another process" : `process ${holder}`;
  const found = served ? `${who} serves it` : holder === undefined ? "nobody has it open" : `${who} has it open`;
  return { name: "lock", ok: true, required: false, found, wanted: "at most one process" };
}
