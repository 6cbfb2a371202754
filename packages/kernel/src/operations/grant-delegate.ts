/** `grant.delegate`: a principal passes part of a grant it holds to another principal. */
import type { Permission } from "../authority/permission.ts";
import type { GrantId, PrincipalId } from "../ids.ts";

/** Passes on part of a grant, for at most as long. */
export interface GrantDelegate {
  readonly type: "grant.delegate";
  readonly to: PrincipalId;
  readonly parent: GrantId;
  readonly permissions: readonly Permission[];
  /** A moment; null only below a grant that never ends. */
  readonly expiresAtMs: number | null;
}
