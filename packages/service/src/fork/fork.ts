/** Forks the vault that this process has open, with its files where they are wanted. */
import type { Caller, MachinePort } from "@toka/kernel";

import type { ForkAnswer, ForkRequest } from "../past/answers.ts";
import type { Past } from "../past/read-past.ts";
import { requireOperator } from "../tokens/mint-token.ts";
import { passOnTools } from "../tools/remembered-tools.ts";
import { copyWorkspace } from "./copy-workspace.ts";

/** What a fork is made with. */
export interface ForkParts {
  readonly caller: Caller;
  readonly machine: MachinePort;
  readonly past: Past;
  /** Folder of the vault. */
  readonly dir: string;
  /** Path of the known-vaults file. */
  readonly knownVaults: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a fork. The files come first: a fork without those that were asked for would go on over nothing.
 *
 * @param request - where from and where to
 * @param parts - the vault, and who asks
 * @returns the fork
 * @throws a failure `permission_denied` for anybody but the operator at this machine, and those of what it does
 */
export async function forkHere({ at, into, workspace }: ForkRequest, parts: ForkParts): Promise<ForkAnswer> {
  const { caller, machine, past, dir, knownVaults, signal } = parts;
  requireOperator(caller, "fork the vault");
  const position = at ?? (await machine.view((state) => state.head.position));
  const except = [dir, into];
  const files =
    workspace === null ? null : await copyWorkspace(machine, { ...workspace, at: position, except, signal });
  // What lies below the vault, its deliverables, is the fork's own, too.
  const moves = [{ from: dir, to: into }, ...(workspace === null ? [] : [workspace])];
  const made = await past.fork({ at: position, into, knownVaults, moves });
  await passOnTools(dir, into);
  return { ...made, files };
}
