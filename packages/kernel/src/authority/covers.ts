/**
 * Which permission is wider than which: decided on the text alone, so that attenuation is checked and not promised.
 *
 * Source: docs/decisions/0002-attenuation.md.
 */
import type { Permission } from "./permission.ts";

/**
 * Tells whether one permission allows all that another does.
 *
 * @param held canonical
 * @param wanted canonical; may itself be a folder, a prefix or `*`
 * @returns true when everything that `wanted` allows is allowed by `held`
 */
export function covers(held: Permission, wanted: Permission): boolean {
  // Most pairs are of different actions, and most actions differ in one of these letters.
  if (held.charCodeAt(0) !== wanted.charCodeAt(0) || held.charCodeAt(3) !== wanted.charCodeAt(3)) return false;
  if (held === wanted) return true;
  if (held.charCodeAt(held.length - 1) === star) return coversAll(held, wanted);
  // "*.example.com:443" is every host below example.com, not example.com itself.
  if (!held.startsWith(belowDomain)) return false;
  const suffix = held.slice(belowDomain.length - 1);
  return wanted.startsWith(connect) && wanted.length > connect.length + suffix.length && wanted.endsWith(suffix);
}

/**
 * Tells whether there is anything that two permissions both allow. Folders, prefixes and domains lie inside one another or apart, never
 * across, so that one of the two then covers the other.
 *
 * @param one canonical
 * @param other canonical
 * @returns true when they have something in common
 */
export function overlaps(one: Permission, other: Permission): boolean {
  return covers(one, other) || covers(other, one);
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

// Ends with a star: all of a folder, all names with a prefix, or everything. The action stands in front and is compared with it.
function coversAll(held: Permission, wanted: Permission): boolean {
  const last = held.length - 1;
  if (!held.endsWith("/**")) return beginsLike(wanted, { like: held, chars: last });
  // "/a/**" is what begins with "/a/", and /a itself; names hold no slash, so that only paths end like this.
  if (beginsLike(wanted, { like: held, chars: last - 1 })) return true;
  return wanted.length === last - 2 && held.startsWith(wanted);
}

// From the end, where permissions of one action differ soonest; slicing a prefix off for startsWith would cost more than this.
function beginsLike(text: string, { like, chars }: { readonly like: string; readonly chars: number }): boolean {
  if (text.length < chars) return false;
  for (let index = chars - 1; index >= 0; index -= 1) {
    if (text.charCodeAt(index) !== like.charCodeAt(index)) return false;
  }
  return true;
}

const star = 42;
const connect = "net.connect:";
const belowDomain = "net.connect:*.";
