/** Delegation only narrows: what of a wanted grant goes beyond the one it would stand below. */
import type { PlainRefusal } from "../refusal.ts";
import type { Grant } from "../state/entities.ts";
import { excess } from "./covers.ts";
import type { Permission } from "./permission.ts";

/**
 * Whether a grant may not be made below another.
 *
 * @param parent the grant above
 * @param wanted the new one's permissions and expiry, and the effective time in ms
 * @returns the refusal, or undefined when it only narrows
 */
export function narrowing(
  parent: Grant,
  wanted: { readonly permissions: readonly Permission[]; readonly expiresAtMs: number | null; readonly timeMs: number },
): PlainRefusal | undefined {
  const beyond = excess(parent.permissions, wanted.permissions);
  if (beyond.length > 0) return { code: "authority_exceeds_parent", excess: beyond };
  const { expiresAtMs, timeMs } = wanted;
  if (expiresAtMs !== null && expiresAtMs <= timeMs) return { code: "expiry_passed", nowMs: timeMs };
  const latestMs = parent.expiresAtMs;
  if (latestMs !== null && (expiresAtMs === null || expiresAtMs > latestMs)) {
    return { code: "expiry_exceeds_parent", latestMs };
  }
  if (parent.depthLeft < 1) return { code: "delegation_too_deep", depthLeft: parent.depthLeft };
  return undefined;
}
