/**
 * What a `package.json` says that a package has: entries, types, programs, manuals. Each must be there or be made by a build.
 * Source: https://nodejs.org/api/packages.html and https://docs.npmjs.com/cli/configuring-npm/package-json.
 */
import { type DataNode, entriesOf, entryAt, itemsOf, textOf, textsIn } from "../reading/data.ts";
import { globMatcher } from "../tree/glob.ts";
import { parentOf, resolved } from "../tree/tree.ts";
import type { Manifests } from "./manifests.ts";
import type { Problems } from "../findings/problems.ts";

/** Endings that node, or the compiler for types, adds to a path without one; and the files that stand for a folder. */
const endings = {
  code: ["", ".js", ".json", ".node", ".cjs", ".mjs", "/index.js", "/index.json", "/index.node", "/package.json"],
  types: ["", ".d.ts", ".ts", ".d.mts", ".d.cts", "/index.d.ts", "/package.json"],
  exact: [""],
} as const;

/** Of the paths that would do, those that git is asked about: what it ignores, it ignores by the first of them. */
export const askedMax: number = 3;

type Form = keyof typeof endings;

interface Entry {
  readonly text: string;
  readonly line: number;
  readonly form: Form;
}

/**
 * Looks for entries that are not there.
 * @param options - the path of the `package.json`, and where problems go
 */
export function checkNpmEntries(
  manifests: Manifests,
  { path, root, problems }: { readonly path: string; readonly root: DataNode; readonly problems: Problems },
): void {
  const folder = parentOf(path);
  const { tree } = manifests;
  for (const { text, line, form } of entriesIn(root)) {
    const add = (wanted: readonly string[]): void =>
      problems.add({
        path,
        line,
        rule: "missing-entry",
        severity: "high",
        message: "The package says that it has this, and nothing is there",
        excerpt: text,
        wanted,
      });
    if (text.includes("*")) {
      if (!meetsPattern(manifests, { folder, text })) add(placesBefore(folder, text));
      continue;
    }
    const targets = endings[form].map((ending) => resolved(folder, `${text.replace(/\/$/u, "")}${ending}`));
    const [first] = targets;
    if (first === undefined || targets.some((each, index) => isThere(tree.look(each), index, form))) continue;
    add(targets.flatMap((each) => each ?? []).slice(0, askedMax));
  }
}

/** A folder alone is no code: one of the files in it must be there. */
function isThere(kind: string, index: number, form: Form): boolean {
  return kind === "file" || kind === "unseen" || (kind === "folder" && index === 0 && form === "exact");
}

/** One file for a pattern is enough. `*` stands for any text there, slashes too. */
function meetsPattern(
  { tree }: Manifests,
  { folder, text }: { readonly folder: string; readonly text: string },
): boolean {
  const star = text.indexOf("*");
  const before = resolvedStart(folder, text.slice(0, star));
  if (before === undefined) return true;
  const behind = text.slice(star + 1).replaceAll("*", "");
  return tree.paths.some(
    (each) => each.startsWith(before) && each.length > before.length + behind.length && each.endsWith(behind),
  );
}

function resolvedStart(folder: string, before: string): string | undefined {
  const slash = before.lastIndexOf("/");
  const place = resolved(folder, before.slice(0, slash + 1));
  return place === undefined ? undefined : `${place === "" ? "" : `${place}/`}${before.slice(slash + 1)}`;
}

/** The folder that a pattern starts in, and something in it: a build makes them when git ignores them. */
function placesBefore(folder: string, text: string): readonly string[] {
  const place = resolved(folder, text.slice(0, text.indexOf("*")).replace(/[^/]*$/u, ""));
  const one = resolved(folder, text.replaceAll("*", "x"));
  return [place, one].flatMap((each) => (each === undefined || each === "" ? [] : [each]));
}

function entriesIn(root: DataNode): readonly Entry[] {
  const field = (name: string): DataNode | undefined => entryAt(root, [name])?.node;
  const ofText = (name: string, form: Form): readonly Entry[] => {
    const node = field(name);
    const text = textOf(node);
    return text === undefined || text === "" || node === undefined ? [] : [{ text, line: node.line, form }];
  };
  const below = (node: DataNode | undefined, form: Form): readonly Entry[] =>
    textsIn(node).flatMap(({ text, line }) => (text.startsWith("./") ? [{ text, line, form }] : []));
  const programs = field("bin");
  return [
    ...ofText("main", "code"),
    ...ofText("module", "code"),
    ...ofText("types", "types"),
    ...ofText("typings", "types"),
    ...(field("browser")?.kind === "map" ? below(field("browser"), "code") : ofText("browser", "code")),
    ...textsIn(programs).map((each) => ({ ...each, form: "code" }) as const),
    ...textsIn(field("man")).map((each) => ({ ...each, form: "exact" }) as const),
    ...below(field("exports"), "exact"),
    ...below(field("imports"), "exact"),
  ];
}

/**
 * Gives the workspaces that a `package.json` names.
 * @returns patterns, each with its line
 */
export function npmWorkspaces(root: DataNode): readonly { readonly text: string; readonly line: number }[] {
  const node = entryAt(root, ["workspaces"])?.node;
  return textsIn(node?.kind === "map" ? entryAt(node, ["packages"])?.node : node);
}

/** Patterns looked at in one file. */
const patternsMax = 200;

/**
 * Finds the packages that patterns of workspaces name, below the folder that names them.
 * @param from - the manifest, its patterns, the paths of all manifests of that kind, and where problems go
 * @returns the paths of their manifests, each once
 */
export function membersOf(
  manifests: Manifests,
  from: {
    readonly path: string;
    readonly patterns: readonly { readonly text: string; readonly line: number }[];
    readonly members: readonly string[];
    readonly problems: Problems;
  },
): ReadonlySet<string> {
  const folder = parentOf(from.path);
  const found = new Set<string>();
  for (const { text, line } of from.patterns.slice(0, patternsMax)) {
    const excluded = text.startsWith("!");
    const pattern = resolved(folder, excluded ? text.slice(1) : text);
    if (pattern === undefined) continue;
    const matches = globMatcher(pattern);
    const met = from.members.filter((each) => matches(parentOf(each)));
    if (excluded) for (const each of met) found.delete(each);
    else for (const each of met) found.add(each);
    if (excluded || met.length > 0 || manifests.tree.look(pattern) === "unseen") continue;
    from.problems.add({
      path: from.path,
      line,
      rule: "missing-workspace",
      severity: "high",
      message: "No package is at this place",
      excerpt: text,
      wanted: /[*?{]/u.test(pattern) ? [] : [pattern],
    });
  }
  return found;
}

/**
 * Gives the texts of a list, or one text alone.
 * @returns each with its line
 */
export function listed(node: DataNode | undefined): readonly { readonly text: string; readonly line: number }[] {
  if (node === undefined) return [];
  const items = node.kind === "list" ? itemsOf(node) : [node];
  return items.flatMap((item) => {
    const text = textOf(item);
    return text === undefined ? [] : [{ text, line: item.line }];
  });
}

/**
 * Gives the requirements of a package under one heading.
 * @returns names and ranges with their lines; what has no range is left out
 */
export function requirementsOf(
  root: DataNode,
  kind: string,
): readonly { readonly name: string; readonly range: string; readonly line: number }[] {
  return entriesOf(entryAt(root, [kind])?.node).flatMap(([name, { line, node }]) => {
    const range = textOf(node);
    return range === undefined ? [] : [{ name, range, line }];
  });
}
