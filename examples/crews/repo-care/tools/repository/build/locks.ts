/** Lock files, reduced to what requirements are compared with. */
import { TomlError, parseToml } from "../parsers/toml.js";
import { type DataNode, type Unreadable, entriesOf, entryAt, textAt } from "../reading/data.ts";
import { readJson } from "../reading/read-json.ts";

/** One locked package. */
export interface Locked {
  readonly name: string | undefined; // when it differs from the name that it is installed by
  readonly version: string | undefined;
  readonly link: boolean;
}

/** What a lock file of npm has, by the place where it is installed (`node_modules/x`). */
export interface NpmLock {
  readonly kind: "npm";
  readonly packages: ReadonlyMap<string, Locked>;
  /** What each of the repository's own packages required when the lock was written, by folder; absent in version 1. */
  readonly required: ReadonlyMap<string, readonly { readonly name: string; readonly line: number }[]> | undefined;
}

/** What a lock file of Cargo, uv, Poetry or PDM has: the locked versions by name. */
export interface TomlLock {
  readonly kind: "toml";
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

/** A lock file. */
export type Lock = NpmLock | TomlLock;

/** Kinds of requirements that a lock must meet. */
export const lockedKinds = ["dependencies", "devDependencies", "optionalDependencies"] as const;

/**
 * Reads a lock file of npm, of version 1, 2 or 3.
 * @returns it, or where and why it is none
 */
export function readNpmLock(text: string): NpmLock | Unreadable {
  const read = readJson(text);
  if ("message" in read) return read;
  if (read.root.kind !== "map") return { line: read.root.line, message: "an object is wanted" };
  const packages = new Map<string, Locked>();
  const listed = entryAt(read.root, ["packages"])?.node;
  if (listed === undefined) {
    for (const [name, { node }] of entriesOf(entryAt(read.root, ["dependencies"])?.node))
      packages.set(`node_modules/${name}`, lockedOf(node));
    return { kind: "npm", packages, required: undefined };
  }
  const required = new Map<string, readonly { name: string; line: number }[]>();
  for (const [place, { node }] of entriesOf(listed)) {
    packages.set(place, lockedOf(node));
    if (/(?:^|\/)node_modules\//u.test(place)) continue;
    const names = lockedKinds.flatMap((kind) => entriesOf(entryAt(node, [kind])?.node));
    required.set(
      place,
      names.map(([name, { line }]) => ({ name, line })),
    );
  }
  return { kind: "npm", packages, required };
}

function lockedOf(node: DataNode): Locked {
  const link = entryAt(node, ["link"])?.node;
  return {
    name: textAt(node, ["name"]),
    version: textAt(node, ["version"]),
    link: link?.kind === "scalar" && link.value === true,
  };
}

/**
 * Reads a lock file in TOML: a list `package` of names and versions.
 * @returns it, or where and why it is none
 * @throws what is no fault of the text
 */
export function readTomlLock(text: string): TomlLock | Unreadable {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = parseToml(text);
  } catch (problem) {
    if (problem instanceof TomlError) return { line: problem.line, message: "it is no TOML" };
    throw problem;
  }
  const versions = new Map<string, string[]>();
  const list: unknown = value["package"];
  for (const each of Array.isArray(list) ? list : []) {
    if (typeof each !== "object" || each === null) continue;
    const { name, version }: { readonly name?: unknown; readonly version?: unknown } = each;
    if (typeof name !== "string") continue;
    const some = versions.get(name) ?? [];
    versions.set(name, some);
    some.push(typeof version === "string" ? version : "");
  }
  return { kind: "toml", versions };
}
