/**
 * Verifying: from the text of a token to the caller it speaks for, or to nobody.
 *
 * Every reason to refuse gives the same answer. Signature and shape are checked once for each token; whether it has ended, and whether its
 * grant still stands, is looked up at every call.
 * Source: RFC 8725 (JSON Web Token best current practices), docs/decisions/0019-tokens.md.
 */
import { hash } from "node:crypto";

import type { Caller, KernelState, MachinePort } from "@toka/kernel";

import {
  tokenAlgorithm,
  tokenAudience,
  tokenCharsMax,
  tokenClaims,
  type TokenClaims,
  tokenHeader,
  tokenLifetimeSMax,
} from "./token-claims.ts";
import type { TokenKeys } from "./token-keys.ts";

/** Tokens that are remembered as verified; the oldest is forgotten first. */
const rememberedMax = 1024;

/** Who a token speaks for, and until when. */
export interface TokenBearer {
  readonly caller: Caller;
  readonly expiresAtMs: number;
}

/** Turns tokens into callers. */
export interface TokenVerifier {
  /** @returns the caller, or undefined when the text is no token that is in force now */
  readonly verify: (token: string) => Promise<TokenBearer | undefined>;
}

/** What verifying needs. */
export interface VerifierParts {
  readonly machine: MachinePort;
  readonly keys: TokenKeys;
  readonly vault: string;
  /** Host time, ms. */
  readonly clock: () => number;
}

interface Remembered {
  readonly claims: TokenClaims;
  readonly kid: string;
}

/**
 * Makes the verifier of a vault.
 *
 * @param parts - machine, keys and clock
 * @returns the verifier
 */
export function createTokenVerifier(parts: VerifierParts): TokenVerifier {
  const remembered = new Map<string, Remembered>();
  return {
    verify: async (token) => {
      if (token.length > tokenCharsMax) return undefined;
      const digest = `sha256:${hash("sha256", token, "base64url")}` as const;
      let known = remembered.get(digest);
      if (known === undefined) {
        known = await checkOnce(token, parts);
        if (known === undefined) return undefined;
        remembered.set(digest, known);
        const [oldest] = remembered.keys();
        if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
      } else if ((await parts.keys.verifying(known.kid)) === undefined) return undefined;
      const { claims } = known;
      const inForce = await parts.machine.view((state) => isInForce(state, { claims, hostMs: parts.clock() }));
      if (!inForce) return undefined;
      const caller: Caller = { principal: claims.sub, grant: claims.grant, proof: { method: "token", digest } };
      return { caller, expiresAtMs: claims.exp * 1000 };
    },
  };
}

/** The time is the kernel's effective time: the later of the host's and the last entry's, so that no clock revives a token. */
function isInForce(
  state: KernelState,
  { claims, hostMs }: { readonly claims: TokenClaims; readonly hostMs: number },
): boolean {
  const nowMs = Math.max(hostMs, state.head.timeMs);
  if (claims.iat * 1000 > nowMs || claims.exp * 1000 <= nowMs) return false;
  const grant = state.grants.get(claims.grant);
  if (grant === undefined || grant.holder !== claims.sub) return false;
  if (grant.expiresAtMs !== null && grant.expiresAtMs <= nowMs) return false;
  return JSON.stringify(grant.permissions) === JSON.stringify(claims.permissions);
}

async function checkOnce(token: string, { keys, vault }: VerifierParts): Promise<Remembered | undefined> {
  const [headerText, bodyText, signature, ...more] = token.split(".");
  if (headerText === undefined || bodyText === undefined || signature === undefined || more.length > 0)
    return undefined;
  const header = tokenHeader.safeParse(canonicalJson(headerText));
  const claims = tokenClaims.safeParse(canonicalJson(bodyText));
  if (!header.success || !claims.success || !isCanonical(signature)) return undefined;
  const { iat, exp, vault: named } = claims.data;
  if (named !== vault || exp <= iat || exp - iat > tokenLifetimeSMax) return undefined;
  const { kid } = header.data;
  const key = await keys.verifying(kid);
  if (key === undefined) return undefined;
  const { jwtVerify } = await import("jose");
  try {
    // Times are not compared here but at every call; the library is given a moment at which the token stands.
    await jwtVerify(token, key.publicKey, {
      algorithms: [tokenAlgorithm],
      audience: tokenAudience,
      currentDate: new Date(iat * 1000),
    });
  } catch {
    return undefined;
  }
  return { claims: claims.data, kid };
}

/**
 * Reads JSON that is written in the one way in which we write it. Names that come twice, white space and other spellings are thereby
 * refused: two readers could take them for different things.
 */
function canonicalJson(part: string): unknown {
  if (!isCanonical(part)) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(part, "base64url"));
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Base64url in its one writing: no padding, no stray bits at the end. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
