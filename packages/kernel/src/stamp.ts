/** What the host attests about an operation: who asks, under which grant, when, because of what, and how that was proved. */
import type { Digest, GrantId, PrincipalId } from "./ids.ts";

/** How the host satisfied itself of who asks. */
export interface Proof {
  readonly method: "local-uid" | "token" | "mtls";
  /** Digest of the evidence: of the token, of the certificate, or of the line that names the uid. */
  readonly digest: Digest;
}

/** Attested by the host, never by the caller. */
export interface Stamp {
  /** Host time, ms since 1970. The kernel reckons with the later of this and the last entry's. */
  readonly timeMs: number;
  readonly principal: PrincipalId;
  /** The grant asked under; null for the host, whose own operations need none. */
  readonly grant: GrantId | null;
  /** Positions of up to 16 earlier entries that led here, ascending. */
  readonly causes: readonly number[];
  readonly proof: Proof;
}
