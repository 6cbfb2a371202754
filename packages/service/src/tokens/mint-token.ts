/**
 * Minting: the operator hands somebody a grant for a while, as a signed token.
 */
import { randomUUID } from "node:crypto";

import {
  type Caller,
  compareIds,
  fixedLimits,
  genesisIds,
  type Grant,
  type GrantId,
  isId,
  isName,
  type KernelState,
  type MachinePort,
  type Operation,
  type PrincipalId,
  type Receipt,
} from "@toka/kernel";

import type { MintedToken, MintRequest } from "../api.ts";
import { ServiceFailure } from "../failure.ts";
import { refusalInWords } from "../refusal-words.ts";
import {
  tokenAlgorithm,
  tokenAudience,
  tokenCharsMax,
  type TokenClaims,
  tokenLifetimeSMax,
  tokenType,
} from "./token-claims.ts";
import type { TokenKeys } from "./token-keys.ts";

/** How many times in a line the grant of a token may be passed on: a program under `exec` takes one. */
const tokenDelegations = 4;

/** What minting needs. */
export interface MintParts {
  readonly machine: MachinePort;
  readonly keys: TokenKeys;
  readonly vault: string;
  /** Effective time, ms. */
  readonly nowMs: () => Promise<number>;
}

/**
 * Mints one token.
 *
 * @param request - for a grant that stands, or for a name and permissions, which make a grant that ends with the token
 * @param options - who asks, and the parts
 * @returns the token, which is shown once and kept nowhere
 * @throws a failure `permission_denied` when it is not the operator at this machine who asks, `malformed`, `grant_unknown`,
 *   `grant_not_for_tokens`, `grant_refused` or `token_too_long`
 */
export async function mintToken(
  request: MintRequest,
  { caller, parts }: { readonly caller: Caller; readonly parts: MintParts },
): Promise<MintedToken> {
  requireOperator(caller, "mint a token");
  const { lifetimeS } = request;
  if (!Number.isSafeInteger(lifetimeS) || lifetimeS < 1 || lifetimeS > tokenLifetimeSMax) {
    throw new ServiceFailure("malformed", {
      message: `Cannot mint a token: found a life of ${lifetimeS} seconds, wanted 1 to ${tokenLifetimeSMax}`,
    });
  }
  const key = await parts.keys.signing();
  const iat = Math.floor((await parts.nowMs()) / 1000);
  const grant =
    "grant" in request
      ? await grantThatStands(request.grant, parts)
      : await grantFor(request, { caller, parts, expiresAtMs: (iat + lifetimeS) * 1000 });
  const endsS = grant.expiresAtMs === null ? Number.MAX_SAFE_INTEGER : Math.floor(grant.expiresAtMs / 1000);
  const claims: TokenClaims = {
    sub: grant.holder,
    aud: tokenAudience,
    vault: parts.vault,
    grant: grant.id,
    permissions: grant.permissions,
    iat,
    exp: Math.min(iat + lifetimeS, endsS),
    jti: randomUUID(),
  };
  // Loaded by who needs it: most commands know no tokens.
  const { SignJWT } = await import("jose");
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: tokenAlgorithm, typ: tokenType, kid: key.kid })
    .sign(key.privateKey);
  if (token.length > tokenCharsMax) {
    throw new ServiceFailure("token_too_long", {
      message: `Cannot mint a token for ${grant.id}: it would have ${token.length} characters, at most ${tokenCharsMax} are allowed; delegate a grant with fewer permissions`,
    });
  }
  const { sub: subject, permissions, exp } = claims;
  return { token, kid: key.kid, grant: grant.id, subject, permissions, expiresAtMs: exp * 1000 };
}

/**
 * Refuses everybody but the operator at this machine: a token never begets another.
 *
 * @param caller - who asks
 * @param what - such as `mint a token`
 * @throws a failure `permission_denied`
 */
export function requireOperator(caller: Caller, what: string): void {
  if (caller.principal === genesisIds.root && caller.proof.method === "local-uid") return;
  throw new ServiceFailure("permission_denied", {
    message: `Cannot ${what}: only the operator at this machine may`,
  });
}

async function grantThatStands(id: string, { machine, nowMs }: MintParts): Promise<Grant> {
  const now = await nowMs();
  const found = await machine.view((state) => {
    const grant = isId("grant", id) ? state.grants.get(id) : undefined;
    return grant === undefined ? undefined : { grant, kind: state.principals.get(grant.holder)?.kind };
  });
  if (found === undefined || (found.grant.expiresAtMs ?? Infinity) <= now) {
    throw new ServiceFailure("grant_unknown", {
      message: `Cannot mint a token for ${id}: the vault has no such grant, or it has ended`,
    });
  }
  const { grant, kind } = found;
  // What such a principal may do rests on who it is as well as on the grant, and a token must never be more than its grant.
  if (kind === "host" || kind === "agent" || grant.holder === genesisIds.root) {
    throw new ServiceFailure("grant_not_for_tokens", {
      message: `Cannot mint a token for ${id}: its holder ${grant.holder} is ${kind === "agent" ? "an agent" : "the operator or the host"}, wanted a person or a service; mint with a subject and permissions instead`,
    });
  }
  return grant;
}

interface NewGrant {
  readonly caller: Caller;
  readonly parts: MintParts;
  readonly expiresAtMs: number;
}

async function grantFor(
  { subject, permissions }: { readonly subject: string; readonly permissions: readonly string[] },
  { caller, parts, expiresAtMs }: NewGrant,
): Promise<Grant> {
  const { machine } = parts;
  if (!isName(subject)) {
    throw new ServiceFailure("malformed", {
      message: `Cannot mint a token: found the subject ${JSON.stringify(subject.slice(0, fixedLimits.nameCharsMax))}, wanted a name of letters, digits and ._-+@`,
    });
  }
  const ask = async (operation: Operation): Promise<Receipt> => machine.submit(operation, { caller });
  const holder = (await machine.view((state) => principalNamed(state, subject))) ?? (await register(subject, ask));
  const spent = await machine.view((state) => endedGrantsOf(state, { holder, above: caller.grant }));
  const now = await parts.nowMs();
  for (const { id, expiresAtMs: endMs } of spent) {
    // Whatever became of it, it has expired: a grant that stays is in nobody's way.
    if (endMs <= now) await ask({ type: "grant.revoke", grant: id });
  }
  const { outcome } = await ask({
    type: "grant.issue",
    holder,
    permissions,
    expiresAtMs,
    depthMax: tokenDelegations,
  });
  if ("refusal" in outcome) {
    throw new ServiceFailure("grant_refused", {
      message: `Cannot mint a token: its grant is refused: ${refusalInWords(outcome.refusal)}`,
    });
  }
  const issued = outcome.events.find((event) => event.type === "grant.issued")?.grant;
  const grant = await machine.view((state) => (issued === undefined ? undefined : state.grants.get(issued)));
  if (grant === undefined) throw new ServiceFailure("fault", { message: "Cannot mint a token: issuing made no grant" });
  return grant;
}

/** The oldest service of that name; agents, people and the host are somebody else even when they are called the same. */
function principalNamed(state: KernelState, name: string): PrincipalId | undefined {
  const named = [...state.principals.values()].flatMap((one) =>
    one.name === name && one.kind === "service" ? [one.id] : [],
  );
  return named.toSorted(compareIds)[0];
}

async function register(name: string, ask: (operation: Operation) => Promise<Receipt>): Promise<PrincipalId> {
  const { outcome } = await ask({ type: "principal.register", name, kind: "service" });
  const made = "events" in outcome ? outcome.events.find((event) => event.type === "principal.registered") : undefined;
  if (made !== undefined) return made.principal;
  const words = "refusal" in outcome ? refusalInWords(outcome.refusal) : "registering made nobody";
  throw new ServiceFailure("grant_refused", { message: `Cannot mint a token for ${name}: ${words}` });
}

/** Grants with an end that were issued to a holder: minting made them, and they are tidied up when they have ended. */
function endedGrantsOf(
  state: KernelState,
  { holder, above }: { readonly holder: PrincipalId; readonly above: GrantId | null },
): readonly { readonly id: GrantId; readonly expiresAtMs: number }[] {
  return [...state.grants.values()].flatMap(({ id, parent, holder: of, expiresAtMs }) =>
    of === holder && parent === above && expiresAtMs !== null ? [{ id, expiresAtMs }] : [],
  );
}
