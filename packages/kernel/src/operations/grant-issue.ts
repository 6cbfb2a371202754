/** `grant.issue`: an administrator gives permissions out of the root grant. */
import type { Permission } from "../authority/permission.ts";
import type { PrincipalId } from "../ids.ts";

/** Issues a grant directly below the root grant. */
export interface GrantIssue {
  readonly type: "grant.issue";
  readonly holder: PrincipalId;
  readonly permissions: readonly Permission[];
  /** A moment; null never ends by itself. */
  readonly expiresAtMs: number | null;
  /** How many times in a line it may be delegated. */
  readonly depthMax: number;
}
