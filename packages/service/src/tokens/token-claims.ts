/**
 * What a token says: the claims of the original's capability tokens, with the key, the door and the grant they are for.
 *
 * Source: RFC 7519 (JWT), RFC 8037 (EdDSA with Ed25519), RFC 8725 (what validators get wrong).
 */
import { type GrantId, isId, type PrincipalId } from "@toka/kernel";
import { z } from "zod";

/** Media type in the header, so that no other kind of JWT is ever taken for a token of ours. */
export const tokenType = "toka.cap+jwt";

/** The one algorithm: signatures of Ed25519. */
export const tokenAlgorithm = "EdDSA";

/** The door that a token is for. */
export const tokenAudience = "toka/v1";

/** Longest life of a token, s: a day, as in the original. */
export const tokenLifetimeSMax = 86_400;

/** Characters of a token: fits a header, as in the original. */
export const tokenCharsMax = 8192;

/** What stands in the header of a token, and nothing else. */
export interface TokenHeader {
  readonly alg: typeof tokenAlgorithm;
  readonly typ: typeof tokenType;
  readonly kid: string;
}

/** What stands in the body of a token, and nothing else. */
export interface TokenClaims {
  /** The principal that asks. */
  readonly sub: PrincipalId;
  readonly aud: typeof tokenAudience;
  /** The vault's id. */
  readonly vault: string;
  /** The grant that is asked under. */
  readonly grant: GrantId;
  /** Those of the grant, as they are; a token never has fewer or more. */
  readonly permissions: readonly string[];
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
  /** Random, one for each token. */
  readonly jti: string;
}

/** Reads a header. */
export const tokenHeader: z.ZodType<TokenHeader> = z.strictObject({
  alg: z.literal(tokenAlgorithm),
  typ: z.literal(tokenType),
  kid: z.string().min(1).max(64),
});

/** Reads a body. */
export const tokenClaims: z.ZodType<TokenClaims> = z.strictObject({
  sub: z.custom<PrincipalId>((value) => isId("principal", value)),
  aud: z.literal(tokenAudience),
  vault: z.string().min(1).max(256),
  grant: z.custom<GrantId>((value) => isId("grant", value)),
  permissions: z.array(z.string()),
  iat: z.int().min(0),
  exp: z.int().min(0),
  jti: z.uuid(),
});
