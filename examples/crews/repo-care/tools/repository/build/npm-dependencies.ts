/** The requirements of the packages of npm: against each other, the repository's own packages, and the lock file. */
import { type DataNode, entriesOf, entryAt, textAt } from "../reading/data.ts";
import { foldersUp, parentOf, resolved } from "../tree/tree.ts";
import { type NpmLock, lockedKinds } from "./locks.ts";
import type { Manifests } from "./manifests.ts";
import { requirementsOf } from "./npm-entries.ts";
import { isVersion, meet, meets, readRequirement } from "./npm-ranges.ts";
import type { Problems } from "../findings/problems.ts";

/** One package: its manifest's path and content. */
export interface NpmPackage {
  readonly path: string;
  readonly root: DataNode;
}

/**
 * Checks the requirements of one package: that each is one, that a folder it names is there, that two of them can be met together.
 * @param options - the package, and where problems go
 */
export function checkNpmRequirements(manifests: Manifests, { path, root, problems }: NpmChecking): void {
  const folder = parentOf(path);
  const first = new Map<string, string>();
  const version = entryAt(root, ["version"])?.node;
  if (version?.kind === "scalar" && typeof version.value === "string" && !isVersion(version.value))
    problems.add({ ...invalidVersion, path, line: version.line, excerpt: version.value });
  for (const kind of [...lockedKinds, "peerDependencies"]) {
    for (const { name, range: text, line } of requirementsOf(root, kind)) {
      const requirement = readRequirement(text);
      const excerpt = `${name}: ${text}`;
      if (requirement.kind === "invalid") problems.add({ ...invalidVersion, path, line, excerpt });
      if (requirement.kind === "place") {
        const place = resolved(folder, requirement.place);
        if (place !== undefined && !manifests.tree.has(place))
          problems.add({ ...missingPath, path, line, excerpt, wanted: [place] });
      }
      if (requirement.kind !== "range") continue;
      const before = first.get(name);
      if (before === undefined) first.set(name, requirement.range);
      else if (!meet(before, requirement.range))
        problems.add({
          path,
          line,
          rule: "version-conflict",
          severity: "medium",
          message: `No version meets this and ${before}, which this package requires as well`,
          excerpt,
        });
    }
  }
}

interface NpmChecking extends NpmPackage {
  readonly problems: Problems;
}

/** What is said of a version that is none. */
const invalidVersion = {
  rule: "invalid-version",
  severity: "high",
  message: "This is no version, and no range of versions",
} as const;

/** What is said of a folder that a requirement names. */
export const missingPath = {
  rule: "missing-path-dependency",
  severity: "high",
  message: "Nothing is at the path that this requirement names",
} as const;

/** Ranges kept of one name: beyond it every further package would be compared with all before it. */
const rangesMax = 30;

/**
 * Checks the packages of one repository against each other.
 * @param packages - in the order of their paths
 */
export function checkNpmTogether(packages: readonly NpmPackage[], problems: Problems): void {
  const own = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { path, root } of packages) {
    const name = entryAt(root, ["name"]);
    const text = textAt(root, ["name"]);
    const version = textAt(root, ["version"]);
    if (name === undefined || text === undefined) continue;
    const before = names.get(text);
    names.set(text, before ?? path);
    if (before !== undefined)
      problems.add({
        path,
        line: name.line,
        rule: "duplicate-workspace",
        severity: "high",
        message: `${shortly(before)} has the same name`,
        excerpt: text,
      });
    if (version !== undefined && isVersion(version) && !own.has(text)) own.set(text, version);
  }
  const ranges = new Map<string, { readonly range: string; readonly path: string }[]>();
  for (const { path, root } of packages) {
    const said = new Set<string>();
    for (const { name, range: text, line } of lockedKinds.flatMap((kind) => requirementsOf(root, kind))) {
      const requirement = readRequirement(text);
      if (requirement.kind !== "range" || said.has(name)) continue;
      said.add(name);
      const conflict = conflictOf(requirement.range, { version: own.get(name), others: ranges.get(name) ?? [], path });
      const excerpt = `${name}: ${text}`;
      if (conflict !== undefined)
        problems.add({ path, line, rule: "version-conflict", severity: "medium", message: conflict, excerpt });
      if (own.has(name)) continue;
      const some = ranges.get(name) ?? [];
      ranges.set(name, some);
      if (some.length < rangesMax && some.every((each) => each.range !== requirement.range))
        some.push({ range: requirement.range, path });
    }
  }
}

function conflictOf(
  range: string,
  against: {
    readonly version: string | undefined;
    readonly others: readonly { readonly range: string; readonly path: string }[];
    readonly path: string;
  },
): string | undefined {
  if (against.version !== undefined)
    return meets(against.version, range) ? undefined : `The package in this repository has version ${against.version}`;
  const other = against.others.find((each) => each.path !== against.path && !meet(each.range, range));
  return other === undefined ? undefined : `${shortly(other.path)} requires ${other.range}, and no version meets both`;
}

function shortly(path: string): string {
  return path.length <= 120 ? path : `...${path.slice(-120)}`;
}

/**
 * Compares a package with the lock file that covers it, when there is one.
 * @param options - the package, and where problems go
 */
export function checkNpmLock(manifests: Manifests, { path, root, problems }: NpmChecking): void {
  const covering = lockOf(manifests, parentOf(path));
  if (covering === undefined) return;
  const { lock, place, lockPath, rootManifest } = covering;
  const overridden = new Set(
    ["overrides", "resolutions"].flatMap((key) =>
      entriesOf(entryAt(rootManifest, [key])?.node).map(([name]) => name.replace(/(?<=.)@.*$/su, "")),
    ),
  );
  const seen = new Set<string>();
  const bundled = new Set<string>();
  for (const kind of [...lockedKinds, "peerDependencies"])
    for (const { name } of requirementsOf(root, kind)) bundled.add(name);
  for (const { name, range: text, line } of lockedKinds.flatMap((kind) => requirementsOf(root, kind))) {
    if (seen.has(name)) continue; // the first heading wins
    seen.add(name);
    const message = against(lock, { name, text, place, isOverridden: overridden.has(name) });
    const excerpt = `${name}: ${text}`;
    if (message !== undefined)
      problems.add({ path, line, rule: "lock-mismatch", severity: "medium", message, excerpt });
  }
  for (const { name, line } of lock.required?.get(place) ?? []) {
    if (bundled.has(name)) continue;
    problems.add({
      path: lockPath,
      line,
      rule: "lock-mismatch",
      severity: "low",
      message: "The lock file requires this, and package.json does not",
      excerpt: name,
    });
  }
}

/** What is wrong with one requirement, in words. */
function against(
  lock: NpmLock,
  of: { readonly name: string; readonly text: string; readonly place: string; readonly isOverridden: boolean },
): string | undefined {
  const requirement = readRequirement(of.text);
  if (requirement.kind === "invalid" || requirement.kind === "place" || requirement.kind === "workspace")
    return undefined;
  const start = of.place === "" ? "" : `${of.place}/`;
  const places = foldersUp(start.replace(/\/$/u, "")).map((folder) =>
    folder === "" ? `node_modules/${of.name}` : `${folder}/node_modules/${of.name}`,
  );
  const locked = places.map((each) => lock.packages.get(each)).find((each) => each !== undefined);
  if (locked === undefined) return "The lock file does not have it";
  if (requirement.kind === "elsewhere" || locked.link || of.isOverridden) return undefined;
  if (requirement.kind === "alias" && locked.name !== undefined && locked.name !== requirement.name)
    return `The lock file has another package under this name: ${locked.name.slice(0, 100)}`;
  const { range } = requirement;
  if (range === undefined || locked.version === undefined || meets(locked.version, range)) return undefined;
  return `The lock file has version ${locked.version.slice(0, 100)}`;
}

/** The lock file that covers a folder: its own, or the nearest above that lists it. */
function lockOf(
  { locks, npm }: Manifests,
  folder: string,
):
  | {
      readonly lock: NpmLock;
      readonly place: string;
      readonly lockPath: string;
      readonly rootManifest: DataNode | undefined;
    }
  | undefined {
  for (const above of foldersUp(folder)) {
    const start = above === "" ? "" : `${above}/`;
    const lockPath = [`${start}npm-shrinkwrap.json`, `${start}package-lock.json`].find((path) => locks.has(path));
    const lock = lockPath === undefined ? undefined : locks.get(lockPath);
    if (lockPath === undefined || lock?.kind !== "npm") continue;
    // Places in the file are ordinary texts; a folder's name is a byte text, and the same unless it is no ASCII.
    const place = Buffer.from(folder.slice(start.length), "latin1").toString("utf8");
    if (above !== folder && !lock.packages.has(place)) return undefined;
    return { lock, place: above === folder ? "" : place, lockPath, rootManifest: npm.get(`${start}package.json`) };
  }
  return undefined;
}
