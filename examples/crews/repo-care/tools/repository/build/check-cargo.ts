/** What is checked of Cargo's packages. Source: https://doc.rust-lang.org/cargo/reference/manifest.html. */
import { type DataNode, entriesOf, entryAt, itemsOf, textAt, textOf } from "../reading/data.ts";
import { foldersUp, parentOf, resolved } from "../tree/tree.ts";
import { satisfies, valid, validRange } from "../parsers/versions.js";
import type { Manifests } from "./manifests.ts";
import { missingPath } from "./npm-dependencies.ts";
import { listed, membersOf } from "./npm-entries.ts";
import type { Problems } from "../findings/problems.ts";

interface Crate {
  readonly path: string;
  readonly folder: string;
  readonly root: DataNode;
  readonly problems: Problems;
}

/** A requirement of a crate: what it is called, and the table or text that says what is wanted. */
interface Wanted {
  readonly name: string;
  readonly line: number;
  readonly node: DataNode;
}

/** Where a workspace starts, and the crates that belong to it. */
interface Workspace {
  readonly folder: string;
  readonly root: DataNode;
  readonly members: ReadonlySet<string>;
}

/**
 * Checks every `Cargo.toml`.
 * @param problems - takes what is wrong
 */
export function checkCargo(manifests: Manifests, problems: Problems): void {
  const members = manifests.tree.paths.filter((path) => /(?:^|\/)Cargo\.toml$/u.test(path));
  const workspaces = [...manifests.cargo].flatMap(([path, root]) => {
    const table = entryAt(root, ["workspace"])?.node;
    if (table === undefined) return [];
    const patterns = listed(entryAt(table, ["members"])?.node);
    const found = membersOf(manifests, { path, patterns, members, problems });
    const excluded = listed(entryAt(table, ["exclude"])?.node).map(({ text }) => resolved(parentOf(path), text));
    const left = [...found].filter(
      (each) => !excluded.some((place) => place !== undefined && `${parentOf(each)}/`.startsWith(`${place}/`)),
    );
    return [{ folder: parentOf(path), root, members: new Set([path, ...left]) }];
  });
  for (const [path, root] of manifests.cargo) {
    const crate = { path, folder: parentOf(path), root, problems };
    const workspace = workspaces.find((each) => each.members.has(path));
    if (entryAt(root, ["package"]) !== undefined) checkTargets(manifests, crate);
    checkFeatures(crate);
    checkRequirements(manifests, { crate, workspace });
  }
}

/** Headings of targets: where one of a name is looked for when it has no path. */
const targets: readonly { readonly key: string; readonly places: (name: string) => readonly string[] }[] = [
  { key: "bin", places: (name) => [`src/bin/${name}.rs`, `src/bin/${name}/main.rs`, "src/main.rs"] },
  { key: "example", places: (name) => [`examples/${name}.rs`, `examples/${name}/main.rs`] },
  { key: "test", places: (name) => [`tests/${name}.rs`, `tests/${name}/main.rs`] },
  { key: "bench", places: (name) => [`benches/${name}.rs`, `benches/${name}/main.rs`] },
];

function checkTargets(manifests: Manifests, { path, folder, root, problems }: Crate): void {
  const { tree } = manifests;
  const missing = (line: number, places: readonly string[], excerpt?: string): void => {
    const wanted = places.map((place) => resolved(folder, place));
    if (wanted.some((each) => tree.has(each))) return;
    problems.add({
      path,
      line,
      rule: "missing-entry",
      severity: "high",
      message: excerpt === undefined ? "The package has neither a library nor a program" : "Nothing is at this path",
      wanted: wanted.flatMap((each) => each ?? []),
      ...(excerpt === undefined ? {} : { excerpt }),
    });
  };
  for (const keys of [
    ["package", "readme"],
    ["package", "license-file"],
    ["package", "build"],
    ["lib", "path"],
  ]) {
    const entry = entryAt(root, keys);
    const text = textOf(entry?.node);
    if (entry !== undefined && text !== undefined) missing(entry.line, [text], text);
  }
  let named = entryAt(root, ["lib"]) !== undefined;
  for (const { key, places } of targets) {
    for (const item of itemsOf(entryAt(root, [key])?.node)) {
      if (key === "bin") named = true;
      const written = entryAt(item, ["path"]);
      const name = entryAt(item, ["name"]);
      const [place, called] = [textOf(written?.node), textOf(name?.node)];
      if (written !== undefined && place !== undefined) missing(written.line, [place], place);
      else if (name !== undefined && called !== undefined) missing(name.line, places(called), called);
    }
  }
  const start = folder === "" ? "" : `${folder}/`;
  if (!named && tree.look(`${start}src/bin`) !== "folder") missing(0, ["src/lib.rs", "src/main.rs"]);
  if (entryAt(root, ["lib"]) !== undefined && textAt(root, ["lib", "path"]) === undefined)
    missing(entryAt(root, ["lib"])?.line ?? 0, ["src/lib.rs"], "src/lib.rs");
}

const headings = ["dependencies", "dev-dependencies", "build-dependencies"] as const;

/** All requirements, those for some targets only among them. */
function wantedOf(root: DataNode): readonly Wanted[] {
  const tables = [root, ...entriesOf(entryAt(root, ["target"])?.node).map(([, { node }]) => node)];
  return tables.flatMap((table) =>
    headings.flatMap((heading) =>
      entriesOf(entryAt(table, [heading])?.node).map(([name, { line, node }]) => ({ name, line, node })),
    ),
  );
}

/** A feature may name features, optional requirements, and features of requirements. */
function checkFeatures({ path, root, problems }: Crate): void {
  const features = entriesOf(entryAt(root, ["features"])?.node);
  const wanted = wantedOf(root);
  const names = new Set(wanted.map(({ name }) => name));
  const texts = features.flatMap(([, { node }]) => listed(node));
  // `dep:x` anywhere takes away the feature x that an optional requirement is otherwise.
  const explicit = new Set(texts.flatMap(({ text }) => (text.startsWith("dep:") ? [text.slice("dep:".length)] : [])));
  const known = new Set([
    ...features.map(([name]) => name),
    ...wanted.flatMap(({ name, node }) => (isTrue(node, "optional") && !explicit.has(name) ? [name] : [])),
  ]);
  for (const { text, line } of texts) {
    const slash = text.indexOf("/");
    const one = text.replace(/^dep:/u, "");
    const isKnown =
      slash >= 0
        ? names.has(text.slice(0, slash).replace(/\?$/u, ""))
        : one === text
          ? known.has(text)
          : names.has(one);
    if (isKnown) continue;
    problems.add({
      path,
      line,
      rule: "unknown-feature",
      severity: "high",
      message: "The feature names this, which is neither a feature nor an optional requirement",
      excerpt: text,
    });
  }
}

function isTrue(node: DataNode, key: string): boolean {
  const value = entryAt(node, [key])?.node;
  return value?.kind === "scalar" && value.value === true;
}

function checkRequirements(
  manifests: Manifests,
  { crate, workspace }: { readonly crate: Crate; readonly workspace: Workspace | undefined },
): void {
  const { path, root, problems } = crate;
  const versions = lockedVersions(manifests, { crate, workspace });
  const name = entryAt(root, ["package", "name"]);
  const own = textOf(name?.node);
  if (versions !== undefined && name !== undefined && own !== undefined && !versions.has(own))
    problems.add({
      ...mismatch,
      path,
      line: name.line,
      message: "The lock file does not have this package",
      excerpt: own,
    });
  const shared = [
    ...wantedOf(root),
    ...entriesOf(entryAt(root, ["workspace", "dependencies"])?.node).map(([each, { line, node }]) => {
      return { name: each, line, node, isShared: true };
    }),
  ];
  for (const wanted of shared) {
    const isInherited = isTrue(wanted.node, "workspace");
    const found = isInherited
      ? entryAt(workspace?.root, ["workspace", "dependencies", wanted.name])?.node
      : wanted.node;
    if (found === undefined) {
      // The workspace may lie outside of what is looked at.
      if (workspace !== undefined) problems.add({ ...unknown, path, line: wanted.line, excerpt: wanted.name });
      continue;
    }
    const place = textAt(found, ["path"]);
    const isGone = place !== undefined && !isInherited && missingCrate(manifests, { crate, line: wanted.line, place });
    // What a workspace offers is locked only when one of its packages takes it.
    if (versions === undefined || isGone || "isShared" in wanted) continue;
    const message = against(versions, { wanted: { ...wanted, node: found }, place });
    if (message !== undefined) problems.add({ ...mismatch, path, line: wanted.line, message, excerpt: wanted.name });
  }
}

const mismatch = { rule: "lock-mismatch", severity: "medium" } as const;
const unknown = {
  rule: "unknown-workspace-dependency",
  severity: "high",
  message: "The workspace does not have this requirement",
} as const;

function missingCrate(
  { tree }: Manifests,
  { crate, line, place }: { readonly crate: Crate; readonly line: number; readonly place: string },
): boolean {
  const target = resolved(crate.folder, `${place}/Cargo.toml`);
  if (target === undefined || tree.has(target)) return false;
  crate.problems.add({ ...missingPath, path: crate.path, line, excerpt: place, wanted: [target] });
  return true;
}

/** The lock file that covers a crate: that of its workspace, or its own. */
function lockedVersions(
  { locks, cargo }: Manifests,
  { crate, workspace }: { readonly crate: Crate; readonly workspace: Workspace | undefined },
): ReadonlyMap<string, readonly string[]> | undefined {
  const isBelowAnother = foldersUp(crate.folder)
    .slice(1)
    .some((folder) => entryAt(cargo.get(folder === "" ? "Cargo.toml" : `${folder}/Cargo.toml`), ["workspace"]));
  const folder =
    workspace?.folder ?? (isBelowAnother && !locks.has(`${crate.folder}/Cargo.lock`) ? undefined : crate.folder);
  if (folder === undefined) return undefined;
  const lock = locks.get(folder === "" ? "Cargo.lock" : `${folder}/Cargo.lock`);
  return lock?.kind === "toml" ? lock.versions : undefined;
}

/** What is wrong with one requirement against the lock, in words. */
function against(
  versions: ReadonlyMap<string, readonly string[]>,
  { wanted, place }: { readonly wanted: Wanted; readonly place: string | undefined },
): string | undefined {
  const locked = versions.get(textAt(wanted.node, ["package"]) ?? wanted.name);
  if (locked === undefined) return "The lock file does not have it";
  const range = cargoRange(textOf(wanted.node) ?? textAt(wanted.node, ["version"]));
  if (range === undefined || place !== undefined || textAt(wanted.node, ["git"]) !== undefined) return undefined;
  if (locked.some((version) => valid(version) === null || satisfies(version, range))) return undefined;
  return `The lock file has version ${locked.slice(0, 5).join(", ").slice(0, 200)}`;
}

const rangeCharsMax = 256;

/** Cargo's ranges as npm writes them: a bare version means everything compatible, and commas join. */
function cargoRange(text: string | undefined): string | undefined {
  if (text === undefined || text.length > rangeCharsMax) return undefined;
  const parts = text.split(",").map((part) => part.trim().replace(/^(?=\d[^*]*$)/u, "^"));
  const range = parts.join(" ");
  return validRange(range) === null ? undefined : range;
}
