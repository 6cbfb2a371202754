/**
 * Replay flags: each change of a decision that a log of before would notice has a number and a story.
 *
 * A vault keeps the highest flag that is on in it: none in a log that says nothing, the newest known where `vault.open` says so, more
 * by `vault.configure`. All flags up to that one are on. So an old log decides again as it was decided, for ever, and a new one as
 * we know better by now. A number is never given twice, and a flag never turned off.
 */
import type { KernelState } from "./state/state.ts";

/** A flag: its number, a name for people, and what is otherwise since. */
export interface ReplayFlag {
  readonly number: number;
  readonly name: string;
  readonly story: string;
}

/** By what a decision asks for its flag. */
export const flagNumbers = {
  /** A suspended agent renews no lease. */
  suspendedOwner: 1,
  /** Who opens a vault may ask families. */
  familiesAtGenesis: 2,
} as const;

/** All flags, in the order of their numbers. */
export const replayFlags: readonly ReplayFlag[] = [
  {
    number: flagNumbers.suspendedOwner,
    name: "suspended-owner",
    story:
      "A suspended agent could take no lease, but went on renewing one that it had taken before: whoever suspended it could wait for ever for what it owned. Its renewal is refused with agent_suspended, so that the lease runs out; releasing it is still allowed.",
  },
  {
    number: flagNumbers.familiesAtGenesis,
    name: "families-at-genesis",
    story:
      "The root grant lists every action, and family.call was not one of them when older vaults were opened. Where this flag is on from the start, the root grant lists it, too; elsewhere an administrator issues it.",
  },
];

/** The highest flag that this kernel knows: what a new vault begins with. */
export const newestFlag: number = replayFlags.length;

/**
 * The highest flag that is on in a vault.
 *
 * @returns 0 for none
 */
export function flagsOf(state: Pick<KernelState, "vault">): number {
  return state.vault?.flags ?? 0;
}

/**
 * Tells whether a decision is to be made as it is since a flag.
 *
 * @param state of the vault
 * @param flag its number
 * @returns false where the log began before it and nobody turned it on
 */
export function isOn(state: Pick<KernelState, "vault">, flag: number): boolean {
  return flagsOf(state) >= flag;
}
