/**
 * Which permission is wider than which: decided on the text alone, so that attenuation is checked and not promised.
 *
 * Source: docs/decisions/0002-attenuation.md.
 */
import { actions } from "./permission.ts";
import type { Permission } from "./permission.ts";

/**
 * Tells whether one permission allows all that another does.
 *
 * @param held canonical
 * @param wanted canonical; may itself be a folder, a prefix or `*`
 * @returns true when everything that `wanted` allows is allowed by `held`
 */
export function covers(held: Permission, wanted: Permission): boolean {
  if (held === wanted) return true;
  const colon = held.indexOf(":");
  // The same action, up to and with its colon.
  if (!wanted.startsWith(held.slice(0, colon + 1))) return false;
  const heldResource = held.slice(colon + 1);
  const wantedResource = wanted.slice(colon + 1);
  switch (actions[held.slice(0, colon)]) {
    case "path":
      return coversPath(heldResource, wantedResource);
    case "host":
      return coversHost(heldResource, wantedResource);
    default:
      return heldResource.endsWith("*") && wantedResource.startsWith(heldResource.slice(0, -1));
  }
}

/**
 * What of the wanted permissions no held one covers.
 *
 * @returns the permissions beyond, in the order wanted; empty when all are covered
 */
export function excess(held: readonly Permission[], wanted: readonly Permission[]): readonly Permission[] {
  return wanted.filter((permission) => !isCovered(held, permission));
}

/**
 * Tells whether one of several permissions allows all that another does.
 *
 * @returns true when a single held permission covers it
 */
export function isCovered(held: readonly Permission[], wanted: Permission): boolean {
  for (const permission of held) {
    if (covers(permission, wanted)) return true;
  }
  return false;
}

// "/a/**" is the folder /a and all below it; "/**" is everything.
function coversPath(held: string, wanted: string): boolean {
  if (!held.endsWith("/**")) return false;
  const folder = held.slice(0, -3);
  return wanted === folder || (wanted === "/" && folder === "") || wanted.startsWith(`${folder}/`);
}

// "*.example.com:443" is every host below example.com, not example.com itself.
function coversHost(held: string, wanted: string): boolean {
  if (held === "*") return true;
  if (!held.startsWith("*.")) return false;
  const suffix = held.slice(1);
  return wanted.length > suffix.length && wanted.endsWith(suffix);
}
