/** What is checked of Python's projects. Source: https://packaging.python.org/en/latest/specifications/pyproject-toml/. */
import { type DataNode, entriesOf, entryAt, itemsOf, textAt, textOf } from "../reading/data.ts";
import { isPattern } from "../tree/glob.ts";
import { foldersUp, parentOf, resolved } from "../tree/tree.ts";
import type { TomlLock } from "./locks.ts";
import type { Manifests } from "./manifests.ts";
import { missingPath } from "./npm-dependencies.ts";
import { listed } from "./npm-entries.ts";
import type { Problems } from "../findings/problems.ts";
import { lockedName, meetsPython, readPythonRequirement } from "./python-versions.ts";

interface Project {
  readonly path: string;
  readonly folder: string;
  readonly root: DataNode;
  readonly problems: Problems;
}

/**
 * Checks every `pyproject.toml`.
 * @param problems - takes what is wrong
 */
export function checkPython(manifests: Manifests, problems: Problems): void {
  for (const [path, root] of manifests.python) {
    const project = { path, folder: parentOf(path), root, problems };
    checkEntries(manifests, project);
    checkModules(manifests, project);
    checkPlaces(manifests, project);
    checkLock(manifests, project);
  }
}

function missing({ tree }: Manifests, { project, line, places, excerpt }: Missing): void {
  const wanted = places.map((place) => resolved(project.folder, place));
  if (wanted.some((each) => tree.has(each))) return;
  project.problems.add({
    path: project.path,
    line,
    rule: "missing-entry",
    severity: "high",
    message: "The project says that it has this, and nothing is there",
    excerpt,
    wanted: wanted.flatMap((each) => each ?? []),
  });
}

interface Missing {
  readonly project: Project;
  readonly line: number;
  readonly places: readonly string[];
  readonly excerpt: string;
}

function checkEntries(manifests: Manifests, project: Project): void {
  const { root } = project;
  const nodes = [
    entryAt(root, ["project", "readme"]),
    entryAt(root, ["project", "readme", "file"]),
    entryAt(root, ["project", "license", "file"]),
    entryAt(root, ["tool", "poetry", "readme"]),
  ];
  for (const { text, line } of nodes.flatMap((entry) => listed(entry?.node)))
    missing(manifests, { project, line, places: [text], excerpt: text });
  for (const item of itemsOf(entryAt(root, ["tool", "poetry", "packages"])?.node)) {
    const include = textAt(item, ["include"]);
    const place = [textAt(item, ["from"]), include].filter((part) => part !== undefined).join("/");
    if (include === undefined || isPattern(include)) continue;
    missing(manifests, { project, line: item.line, places: [place, `${place}.py`], excerpt: place });
  }
}

/** A program `name = "package.module:function"`: when the package is in the project, so must be the module. */
function checkModules(manifests: Manifests, project: Project): void {
  const tables = [
    ["project", "scripts"],
    ["project", "gui-scripts"],
    ["tool", "poetry", "scripts"],
  ] as const;
  for (const [, { line, node }] of tables.flatMap((keys) => entriesOf(entryAt(project.root, keys)?.node))) {
    const target = textOf(node) ?? "";
    const module = /^([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*:/u.exec(target)?.[1];
    if (module === undefined) continue;
    const parts = module.split(".");
    const starts = ["", "src/", "lib/", "python/"].filter((start) =>
      [`${start}${parts[0]}`, `${start}${parts[0]}.py`].some(
        (place) => !["missing", "unseen"].includes(manifests.tree.look(resolved(project.folder, place))),
      ),
    );
    if (starts.length === 0) continue;
    const file = parts.join("/");
    const places = starts.flatMap((start) =>
      ["", ".py", ".pyi", ".pyx", ".so", ".rs"].map((ending) => `${start}${file}${ending}`),
    );
    missing(manifests, { project, line, places, excerpt: target });
  }
}

const poetryTables = (root: DataNode): readonly DataNode[] => {
  const poetry = entryAt(root, ["tool", "poetry"])?.node;
  const groups = entriesOf(entryAt(poetry, ["group"])?.node).map(
    ([, { node }]) => entryAt(node, ["dependencies"])?.node,
  );
  return [entryAt(poetry, ["dependencies"])?.node, entryAt(poetry, ["dev-dependencies"])?.node, ...groups].flatMap(
    (node) => node ?? [],
  );
};

function checkPlaces({ tree }: Manifests, { path, folder, root, problems }: Project): void {
  const sources = entryAt(root, ["tool", "uv", "sources"])?.node;
  for (const [, { line, node }] of [sources, ...poetryTables(root)].flatMap((table) => entriesOf(table))) {
    const place = textAt(node, ["path"]);
    const target = place === undefined ? undefined : resolved(folder, place);
    if (place === undefined || target === undefined || tree.has(target)) continue;
    problems.add({ ...missingPath, path, line, excerpt: place, wanted: [target] });
  }
}

interface Wanted {
  readonly name: string;
  readonly line: number;
  readonly versions: string | undefined;
  readonly text: string;
}

function checkLock(manifests: Manifests, project: Project): void {
  const { path, root, problems } = project;
  const poetry = poetryTables(root).flatMap((table) => poetryWanted(table));
  const lock = lockOf(manifests, { folder: project.folder, isPoetry: poetry.length > 0 });
  if (lock === undefined) return;
  const own = lockedName(textAt(root, ["project", "name"]) ?? textAt(root, ["tool", "poetry", "name"]) ?? "");
  for (const { name, line, versions, text } of [...standardWanted(root), ...poetry]) {
    const locked = lock.versions.get(name);
    const met = locked?.map((version) => (versions === undefined ? true : meetsPython(version, versions)));
    if (name === own || met?.some((answer) => answer !== false) === true) continue;
    const message =
      locked === undefined
        ? "The lock file does not have it"
        : `The lock file has version ${locked.slice(0, 5).join(", ").slice(0, 200)}`;
    problems.add({ path, line, rule: "lock-mismatch", severity: "medium", message, excerpt: text });
  }
}

function standardWanted(root: DataNode): readonly Wanted[] {
  const lists = [
    entryAt(root, ["project", "dependencies"])?.node,
    ...entriesOf(entryAt(root, ["project", "optional-dependencies"])?.node).map(([, { node }]) => node),
    ...entriesOf(entryAt(root, ["dependency-groups"])?.node).map(([, { node }]) => node),
  ];
  return lists.flatMap((list) =>
    listed(list).flatMap(({ text, line }) => {
      const requirement = readPythonRequirement(text);
      return requirement === undefined ? [] : [{ ...requirement, line, text }];
    }),
  );
}

function poetryWanted(table: DataNode): readonly Wanted[] {
  return entriesOf(table).flatMap(([written, { line, node }]) => {
    if (written === "python" || textAt(node, ["path"]) !== undefined) return [];
    const versions = node.kind === "list" ? undefined : (textOf(node) ?? textAt(node, ["version"]));
    return [{ name: lockedName(written), line, versions, text: `${written} ${versions ?? ""}`.trim() }];
  });
}

/** The lock file beside a project; for uv also that of a workspace above which has the project. */
function lockOf(
  { locks, python }: Manifests,
  { folder, isPoetry }: { readonly folder: string; readonly isPoetry: boolean },
): TomlLock | undefined {
  const start = folder === "" ? "" : `${folder}/`;
  const names = isPoetry ? ["poetry.lock"] : ["uv.lock", "poetry.lock", "pdm.lock"];
  for (const name of names) {
    const lock = locks.get(`${start}${name}`);
    if (lock?.kind === "toml") return lock;
  }
  for (const above of foldersUp(folder).slice(1)) {
    const before = above === "" ? "" : `${above}/`;
    const lock = locks.get(`${before}uv.lock`);
    if (lock?.kind !== "toml") continue;
    const isWorkspace = entryAt(python.get(`${before}pyproject.toml`), ["tool", "uv", "workspace"]) !== undefined;
    return isWorkspace && !isPoetry ? lock : undefined;
  }
  return undefined;
}
