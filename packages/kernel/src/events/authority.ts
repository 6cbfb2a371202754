/** Events of principals, grants, keys and secrets. What an event leaves out stands in the operation of the same entry. */
import type { GrantId, PrincipalId } from "../ids.ts";

/** A principal is known. */
export interface PrincipalRegistered {
  readonly type: "principal.registered";
  readonly schema: 1;
  readonly principal: PrincipalId;
  readonly name: string;
}

/** A grant stands below the root grant. */
export interface GrantIssued {
  readonly type: "grant.issued";
  readonly schema: 1;
  readonly grant: GrantId;
  readonly holder: PrincipalId;
  readonly depthLeft: number;
}

/** A grant stands below another. */
export interface GrantDelegated {
  readonly type: "grant.delegated";
  readonly schema: 1;
  readonly grant: GrantId;
  readonly parent: GrantId;
  readonly holder: PrincipalId;
  readonly depthLeft: number;
}

/** A grant and all below it ended. */
export interface GrantRevoked {
  readonly type: "grant.revoked";
  readonly schema: 1;
  readonly grant: GrantId;
  readonly holder: PrincipalId;
}

/** A public key is recorded. */
export interface KeyRecorded {
  readonly type: "key.recorded";
  readonly schema: 1;
  readonly purpose: string;
}

/** The name of a secret is known. */
export interface SecretRecorded {
  readonly type: "secret.recorded";
  readonly schema: 1;
  readonly name: string;
}

/** A policy is in force from now on; `replaced` when another stood under its name. */
export interface PolicyEnacted {
  readonly type: "policy.enacted";
  readonly schema: 1;
  readonly name: string;
  readonly replaced: boolean;
}

/** A policy is no longer in force. */
export interface PolicyRepealed {
  readonly type: "policy.repealed";
  readonly schema: 1;
  readonly name: string;
}

/** The events of this area. */
export type AuthorityEvent =
  | PrincipalRegistered
  | GrantIssued
  | GrantDelegated
  | GrantRevoked
  | KeyRecorded
  | SecretRecorded
  | PolicyEnacted
  | PolicyRepealed;
