/**
 * Everything about the tokens of one vault: minting, verifying, and the keys for both.
 */
import { join } from "node:path";

import type { Caller, MachinePort } from "@toka/kernel";

import type { MintedToken, MintRequest } from "../api.ts";
import { mintToken, requireOperator } from "./mint-token.ts";
import { openTokenKeys } from "./token-keys.ts";
import { createTokenVerifier, type TokenVerifier } from "./verify-token.ts";

/** Name of the file of keys in a vault folder. */
export const tokenKeysFile = "token-keys";

/** The tokens of one vault. */
export interface TokenDesk extends TokenVerifier {
  /** Mints a token, when the operator asks. */
  readonly mint: (request: MintRequest, caller: Caller) => Promise<MintedToken>;
  /** Begins to sign with a new key, when the operator asks. @returns its name */
  readonly rotate: (caller: Caller) => Promise<string>;
}

/**
 * Opens the desk of a vault.
 *
 * @param parts - the open vault, and host time in ms
 * @returns the desk
 */
export function openTokenDesk(parts: {
  readonly dir: string;
  readonly id: string;
  readonly host: Caller;
  readonly machine: MachinePort;
  readonly clock: () => number;
}): TokenDesk {
  const { dir, id: vault, host, machine, clock } = parts;
  const nowMs = async (): Promise<number> => machine.view((state) => Math.max(clock(), state.head.timeMs));
  const keys = openTokenKeys({ file: join(dir, tokenKeysFile), machine, host, nowMs });
  const { verify } = createTokenVerifier({ machine, keys, vault, clock });
  return {
    verify,
    mint: async (request, caller) => mintToken(request, { caller, parts: { machine, keys, vault, nowMs } }),
    rotate: async (caller) => {
      requireOperator(caller, "rotate the key of tokens");
      return (await keys.rotate()).kid;
    },
  };
}
