/** `grant.revoke`: whoever holds a grant above, or an administrator, ends a grant and all below it. */
import type { GrantId } from "../ids.ts";

/** Ends a grant and its subtree at once. */
export interface GrantRevoke {
  readonly type: "grant.revoke";
  readonly grant: GrantId;
}
