/** Everything that is checked of the packages of npm, pnpm, Yarn and Bun. */
import { entryAt, textAt } from "../reading/data.ts";
import { satisfies, validRange } from "../parsers/versions.js";
import { foldersUp, parentOf } from "../tree/tree.ts";
import type { Manifests } from "./manifests.ts";
import { checkNpmLock, checkNpmRequirements, checkNpmTogether } from "./npm-dependencies.ts";
import { checkNpmEntries, listed, membersOf, npmWorkspaces } from "./npm-entries.ts";
import { checkNpmScripts } from "./npm-scripts.ts";
import type { Problems } from "../findings/problems.ts";

/**
 * Checks every `package.json`.
 * @param problems - takes what is wrong
 */
export function checkNpm(manifests: Manifests, problems: Problems): void {
  const members = manifests.tree.paths.filter((path) => /(?:^|\/)package\.json$/u.test(path));
  for (const [path, root] of manifests.npm) {
    const of = { path, root, problems };
    checkNpmEntries(manifests, of);
    checkNpmScripts(manifests, of);
    checkNpmRequirements(manifests, of);
    checkNpmLock(manifests, of);
    checkEngines(manifests, of);
    const patterns = npmWorkspaces(root);
    if (patterns.length > 0) checkTogether(manifests, { path, patterns, members, problems });
  }
  for (const [path, root] of manifests.pnpm)
    checkTogether(manifests, { path, patterns: listed(entryAt(root, ["packages"])?.node), members, problems });
  checkLockFiles(manifests, problems);
}

function checkTogether(manifests: Manifests, from: Parameters<typeof membersOf>[1]): void {
  const own = parentOf(from.path) === "" ? "package.json" : `${parentOf(from.path)}/package.json`;
  const paths = new Set([own, ...membersOf(manifests, from)]);
  const packages = [...manifests.npm].flatMap(([path, root]) => (paths.has(path) ? [{ path, root }] : []));
  checkNpmTogether(packages, from.problems);
}

/** The version of Node that a folder asks for by a file must be one that the package allows. */
function checkEngines(
  { nodeVersions }: Manifests,
  { path, root, problems }: Parameters<typeof checkNpmEntries>[1],
): void {
  const engine = entryAt(root, ["engines", "node"]);
  const range = textAt(root, ["engines", "node"]);
  if (engine === undefined || range === undefined || range.length > rangeCharsMax || validRange(range) === null) return;
  for (const folder of foldersUp(parentOf(path))) {
    const start = folder === "" ? "" : `${folder}/`;
    const file = [`${start}.nvmrc`, `${start}.node-version`].find((each) => nodeVersions.has(each));
    if (file === undefined) continue;
    const version = /^v?(\d{1,6}\.\d{1,6}\.\d{1,6})$/u.exec(nodeVersions.get(file) ?? "")?.[1];
    if (version !== undefined && !satisfies(version, range))
      problems.add({
        path,
        line: engine.line,
        rule: "engine-mismatch",
        severity: "medium",
        message: `${file.slice(start.length)} names version ${version}, which this does not allow`,
        excerpt: range,
      });
    return;
  }
}

const rangeCharsMax = 256;

/** Lock files, by the program that writes them; the first of a folder stands. */
const lockFiles: readonly (readonly [string, string])[] = [
  ["npm", "npm-shrinkwrap.json"],
  ["npm", "package-lock.json"],
  ["pnpm", "pnpm-lock.yaml"],
  ["Yarn", "yarn.lock"],
  ["Bun", "bun.lock"],
  ["Bun", "bun.lockb"],
];

function checkLockFiles({ npm, tree }: Manifests, problems: Problems): void {
  for (const manifest of npm.keys()) {
    const folder = parentOf(manifest);
    const start = folder === "" ? "" : `${folder}/`;
    const there = lockFiles.filter(([, name]) => tree.look(`${start}${name}`) === "file");
    const [first] = there;
    for (const [program, name] of there) {
      if (first === undefined || program === first[0]) continue;
      problems.add({
        path: `${start}${name}`,
        line: 0,
        rule: "competing-lock-files",
        severity: "medium",
        message: `${first[1]} stands beside it: one of the two is out of date sooner or later`,
      });
    }
  }
}
