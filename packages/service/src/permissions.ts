/**
 * Reads a list of permissions that a person wrote.
 */
import { permissionProblem } from "@toka/kernel";

/** Permissions in one list: the kernel's bound on a grant, less the one that running a program needs. */
const permissionsMax = 255;

/**
 * Reads a JSON list of permissions.
 *
 * @param text - such as `["fs.read:/srv/data/**"]`
 * @returns the permissions as written, or what is wrong with the list
 */
export function permissionsFrom(
  text: string,
): { readonly permissions: readonly string[] } | { readonly problem: string } {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return { problem: "it is no JSON" };
  }
  if (!Array.isArray(list)) return { problem: 'it is no list, wanted one such as ["fs.read:/srv/data/**"]' };
  if (list.length > permissionsMax)
    return { problem: `it has ${list.length} permissions, at most ${permissionsMax} are allowed` };
  const permissions: string[] = [];
  for (const [index, item] of list.entries()) {
    if (typeof item !== "string")
      return { problem: `item ${index + 1} is ${JSON.stringify(item)}, wanted a permission as text` };
    const wanted = permissionProblem(item);
    if (wanted !== undefined) return { problem: `item ${index + 1} is ${JSON.stringify(item)}, wanted ${wanted}` };
    permissions.push(item);
  }
  return { permissions };
}
