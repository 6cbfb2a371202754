/**
 * The smallest grant for what a program was seen to do: from the facts of one run to permissions under which the same run does the same.
 *
 * Nothing it gives goes beyond what the run had: where less cannot be said, the claim that the program ran under is given itself. A
 * folder can only be granted with all below it, so listing one, or making and removing names in one, takes all of it; so does a symbolic
 * link, which no grant can name.
 */
import { dirname } from "node:path";
import type { Fact } from "./job.ts";
import { depth, isBelow } from "./paths.ts";

/** What stands at a path in the tree, before the changes of the run are brought in: `missing` is what the run itself made. */
export type StandingNow = "file" | "folder" | "other" | "missing";

/** What was learnt from one run. */
export interface Learnt {
  /** As `--grant` takes them, sorted: reading first. */
  readonly permissions: readonly string[];
  /** Programs that were started, absolute, sorted. */
  readonly programs: readonly string[];
  /** Folders that stand for many files in them, because a grant has no more room. */
  readonly widened: readonly string[];
}

/** What is known about a run. */
export interface LearnInputs {
  readonly facts: readonly Fact[];
  /** What the program was granted. */
  readonly claims: readonly string[];
  /** Whether a path is kept from every program. */
  readonly isHidden: (path: string) => boolean;
  readonly standing: (path: string) => StandingNow;
  /** Whether a text is a permission, which some names of files do not allow. */
  readonly isPermission: (text: string) => boolean;
}

/** A path to be granted: alone, or with all below it. */
interface Need {
  readonly writes: boolean;
  readonly path: string;
  readonly whole: boolean;
}

/** Permissions of one grant, less the one that running a program needs: the kernel's bound. */
export const learntPermissionsMax = 255;
/** Programs that are named; a build may start thousands, but few different ones. */
const programsMax = 256;

/**
 * Learns a grant.
 *
 * @param inputs - the facts of a run that ended by itself, and its world
 * @returns the permissions, and what else is worth saying
 */
export function learnGrant(inputs: LearnInputs): Learnt {
  const { facts, isHidden } = inputs;
  const claims = inputs.claims.flatMap(needOf);
  const start = facts.find(({ kind }) => kind === "folder")?.path ?? "/tmp";
  const useful = facts.filter(
    ({ kind, folder }) =>
      kind !== "exec" && kind !== "folder" && !isHidden(folder) && claims.some((claim) => lies(folder, claim)),
  );
  const direct = useful.flatMap((fact) => needsFrom(fact, inputs));
  const wanted = direct.flatMap((need) => clamp(speakable(need, inputs), claims));
  const kept = withoutCovered(wanted);
  const onTheWay = new Set([start, ...kept.map(({ path }) => path)].flatMap((path) => [path, ...foldersAbove(path)]));
  const looked = useful
    .flatMap(({ kind, path }) =>
      kind === "see" && path !== undefined && inputs.standing(path) === "folder" ? [path] : [],
    )
    // A folder on the way to something granted is there, and so is the folder that the program starts in.
    .filter((folder) => !onTheWay.has(folder))
    .flatMap((path) => clamp(speakable({ writes: false, path, whole: true }, inputs), claims));
  const all = fold(withoutCovered([...kept, ...looked]), claims);
  return {
    permissions: all.needs.map(permissionOf).toSorted(),
    programs: programsIn(facts),
    widened: all.widened,
  };
}

function needsFrom({ kind, path, folder }: Fact, { standing }: LearnInputs): readonly Need[] {
  const readAll = (of: string): Need => ({ writes: false, path: of, whole: true });
  const writeAll = (of: string): Need => ({ writes: true, path: of, whole: true });
  // A name that no permission can hold is granted with the folder that it lies in.
  if (path === undefined) return [["see", "list", "link"].includes(kind) ? readAll(folder) : writeAll(folder)];
  const found = standing(path);
  const one = (writes: boolean): Need => ({ writes, path, whole: false });
  switch (kind) {
    case "see":
      if (found === "file") return [one(false)];
      return found === "other" ? [readAll(dirname(path))] : [];
    case "list":
      return found === "folder" ? [readAll(path)] : [];
    case "link":
      return found === "missing" ? [] : [readAll(dirname(path))];
    case "may":
      return found === "folder" ? [writeAll(path)] : changing(found, one);
    case "write":
      return found === "folder" || found === "other" ? [writeAll(dirname(path))] : changing(found, one);
    case "create":
      return found === "file" || found === "missing" ? [one(true)] : [];
    case "either":
      return found === "folder" || found === "other" ? [] : [one(found === "missing")];
    case "entry":
      return found === "folder" ? [writeAll(path)] : [];
    default:
      return [];
  }
}

/** What was made in the run needs nothing beside the right by which it was made. */
function changing(found: StandingNow, one: (writes: boolean) => Need): readonly Need[] {
  return found === "file" ? [one(true)] : [];
}

/** A path that no permission can say is granted with the nearest folder that one can. */
function speakable(need: Need, { isPermission }: LearnInputs): Need {
  let said = need;
  while (said.path !== "/" && !isPermission(permissionOf(said)))
    said = { ...said, path: dirname(said.path), whole: true };
  return said;
}

/** Never more than the run had: what goes beyond is the claim itself that the path lies in, if there is one. */
function clamp(need: Need, claims: readonly Need[]): readonly Need[] {
  if (claims.some((claim) => covers(claim, need))) return [need];
  const holding = claims
    .filter((claim) => (claim.writes || !need.writes) && (lies(need.path, claim) || isBelow(claim.path, need.path)))
    .toSorted((left, right) => depth(right.path) - depth(left.path));
  return holding.slice(0, 1);
}

/** Distinct needs that no other of them covers. */
function withoutCovered(needs: readonly Need[]): readonly Need[] {
  const distinct = new Map(needs.map((need) => [permissionOf(need), need]));
  const has = (need: Need): boolean => distinct.has(permissionOf(need));
  return [...distinct.values()].filter(({ writes, path, whole }) => {
    // By the folders above it, since there are few of them, and of needs there may be thousands.
    const above = whole ? foldersAbove(path) : [path, ...foldersAbove(path)];
    if (above.some((folder) => has({ writes: true, path: folder, whole: true }))) return false;
    if (writes) return true;
    if (above.some((folder) => has({ writes: false, path: folder, whole: true }))) return false;
    return !has({ writes: true, path, whole });
  });
}

function foldersAbove(path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = path; at !== "/";) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

/** Says whether one permission allows all that another does; writing somewhere allows reading there. */
function covers(wide: Need, narrow: Need): boolean {
  if (narrow.writes && !wide.writes) return false;
  if (wide.whole) return narrow.path === wide.path || isBelow(narrow.path, wide.path);
  return !narrow.whole && wide.path === narrow.path;
}

function lies(path: string, { path: top, whole }: Need): boolean {
  return path === top || (whole && isBelow(path, top));
}

/** Gives folders in place of the many files in them until a grant can hold it, the folders with the most first. */
function fold(
  needs: readonly Need[],
  claims: readonly Need[],
): { readonly needs: readonly Need[]; readonly widened: readonly string[] } {
  const widened = new Set<string>();
  let left = needs;
  while (left.length > learntPermissionsMax) {
    const folders = largestFolders(left, left.length - learntPermissionsMax).flatMap((folder) => clamp(folder, claims));
    const next = withoutCovered([...left, ...folders]);
    const known = new Set(left.map(permissionOf));
    if (next.every((need) => known.has(permissionOf(need)))) break;
    for (const { path } of folders) widened.add(path);
    left = next;
  }
  const standing = left.flatMap(({ path, whole }) => (whole && widened.has(path) ? [path] : []));
  return { needs: left, widened: [...new Set(standing)].toSorted() };
}

/** The folders whose needs, each made one, are so many fewer; all of them when that is not enough. */
function largestFolders(needs: readonly Need[], excess: number): readonly Need[] {
  const sizes = new Map<string, number>();
  for (const { writes, path } of needs) {
    const folder = permissionOf({ writes, path: dirname(path), whole: true });
    sizes.set(folder, (sizes.get(folder) ?? 0) + 1);
  }
  const ordered = [...sizes].toSorted(([one, many], [other, more]) => more - many || (one < other ? -1 : 1));
  const chosen: Need[] = [];
  let fewer = 0;
  for (const [folder, size] of ordered) {
    if (fewer >= excess) break;
    chosen.push(...needOf(folder));
    fewer += size - 1;
  }
  return chosen;
}

function needOf(claim: string): readonly Need[] {
  const [, action, resource] = /^fs\.(read|write):(.*)$/su.exec(claim) ?? [];
  if (action === undefined || resource === undefined) return [];
  const whole = resource.endsWith("/**");
  return [{ writes: action === "write", path: whole ? resource.slice(0, -3) || "/" : resource, whole }];
}

function permissionOf({ writes, path, whole }: Need): string {
  const resource = whole ? `${path === "/" ? "" : path}/**` : path;
  return `fs.${writes ? "write" : "read"}:${resource}`;
}

function programsIn(facts: readonly Fact[]): readonly string[] {
  const programs = facts.flatMap(({ kind, path }) => (kind === "exec" && path !== undefined ? [path] : []));
  return [...new Set(programs)].toSorted().slice(0, programsMax);
}
