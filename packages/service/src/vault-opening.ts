/**
 * Opening the vault of a workspace, or creating it at first sight.
 */
import { userInfo } from "node:os";
import { basename } from "node:path";

import { type Amounts, type Caller, fixedLimits, genesisIds, isName, type MachinePort } from "@toka/kernel";
import { createVault, localProof, openVault, type OpenVaultOptions, type Vault, vaultExists } from "@toka/store";

import { ServiceFailure } from "./failure.ts";
import type { Places } from "./places.ts";

/**
 * What the operator of a new vault may use in its life. Enough that no honest use runs out, finite so that every budget below has an end:
 * ten years of processor and wall time, a thousand million tool calls, 1 TiB of memory at once, 4 TiB written. Tokens, money and
 * network are left out: nothing spends them yet.
 */
const operatorAllotment: Amounts = {
  cpuMs: 315_360_000_000,
  wallMs: 315_360_000_000,
  toolCalls: 1_000_000_000,
  memoryBytes: 1_099_511_627_776,
  storedBytes: 4_398_046_511_104,
};

/**
 * Who asks when a person at this machine asks: the root principal, proven by the user id of this process.
 *
 * @returns the operator as a caller
 */
export function operatorCaller(): Caller {
  return { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };
}

/** A vault as this process works with it: its machine is whatever stands around the one that writes. */
export type HeldVault = Omit<Vault, "machine"> & { readonly machine: MachinePort };

/** How a vault is opened. */
export interface OpeningOptions extends Omit<OpenVaultOptions, "dir" | "knownVaults"> {
  readonly clock: () => number;
  /** Whether to create the vault when there is none. */
  readonly create: boolean;
}

/**
 * Opens the vault of a call.
 *
 * @param places - of the call
 * @param options - clock, and whether to create it
 * @returns the open vault; whoever opened it must close it
 * @throws a failure of the store, such as `vault_absent` or `vault_locked`
 */
export async function openVaultAt(places: Places, options: OpeningOptions): Promise<Vault> {
  const { create, ...rest } = options;
  const opening: OpenVaultOptions = { ...rest, dir: places.vault, knownVaults: places.knownVaults };
  if (!create || vaultExists(places.vault)) return openVault(opening);
  return createVault(
    {
      name: vaultName(places.workspace),
      host: "host",
      root: operatorName(),
      allotment: operatorAllotment,
      held: false,
    },
    opening,
  );
}

/**
 * Lets a vault go on whose last entry lies more than a day back: the operator who starts Toka now vouches for the clock.
 *
 * @param vault - open
 * @param options - host time
 * @returns a sentence to show, or undefined when the clock had not jumped
 * @throws a failure `clock_not_accepted` when the kernel refuses the time
 */
export async function acceptClock(
  vault: HeldVault,
  { clock }: { readonly clock: () => number },
): Promise<string | undefined> {
  const lastMs = await vault.machine.view((state) => state.head.timeMs);
  const timeMs = clock();
  if (timeMs - lastMs <= fixedLimits.clockJumpMsMax) return undefined;
  const { outcome } = await vault.machine.submit({ type: "clock.accept", timeMs }, { caller: operatorCaller() });
  if ("refusal" in outcome) {
    throw new ServiceFailure("clock_not_accepted", {
      message: `Cannot go on with the vault ${vault.dir}: its clock is not accepted: ${outcome.refusal.code}`,
    });
  }
  return `the last entry is from ${new Date(lastMs).toISOString()}: the time ${new Date(timeMs).toISOString()} is accepted in the operator's name`;
}

function vaultName(workspace: string): string {
  const name = basename(workspace)
    .replaceAll(/[^A-Za-z0-9_.+@-]+/gu, "-")
    .slice(0, fixedLimits.nameCharsMax);
  return isName(name) ? name : "workspace";
}

function operatorName(): string {
  try {
    const { username } = userInfo();
    return isName(username) ? username : "operator";
  } catch {
    // A user id without an entry in the system's user table, as in containers.
    return "operator";
  }
}
