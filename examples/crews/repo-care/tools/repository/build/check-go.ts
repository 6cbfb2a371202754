/** What is checked of Go's modules. Source: https://go.dev/ref/mod. */
import { foldersUp, parentOf, resolved } from "../tree/tree.ts";
import type { GoDirective } from "./go-file.ts";
import type { Manifests } from "./manifests.ts";
import { missingPath } from "./npm-dependencies.ts";
import type { Problems } from "../findings/problems.ts";

/**
 * Checks every `go.mod` and `go.work`.
 * @param problems - takes what is wrong
 */
export function checkGo(manifests: Manifests, problems: Problems): void {
  for (const [path, { directives }] of manifests.go) {
    checkToolchain({ path, directives, problems });
    for (const { line, verb, words } of directives) {
      if (verb === "use") missingFolder(manifests, { path, line, place: words[0] ?? "", problems });
      if (verb !== "replace") continue;
      const target = words[words.indexOf("=>") + 1] ?? "";
      if (isPlace(target)) missingFolder(manifests, { path, line, place: target, problems });
    }
    if (path.endsWith("go.mod")) checkSums(manifests, { path, directives, problems });
  }
}

interface Module {
  readonly path: string;
  readonly directives: readonly GoDirective[];
  readonly problems: Problems;
}

/** Go takes what starts so for a folder. */
function isPlace(target: string): boolean {
  return /^(?:\.{1,2}(?:\/|$)|\/)/u.test(target);
}

function missingFolder(
  { tree }: Manifests,
  {
    path,
    line,
    place,
    problems,
  }: Pick<Module, "path" | "problems"> & { readonly line: number; readonly place: string },
): void {
  const target = resolved(parentOf(path), `${place}/go.mod`);
  if (target === undefined || tree.has(target)) return;
  const found = { path, line, excerpt: place, wanted: [target] };
  if (path.endsWith("go.work"))
    problems.add({ ...found, rule: "missing-workspace", severity: "high", message: "No module is at this place" });
  else problems.add({ ...found, ...missingPath });
}

/** A toolchain older than the language is never used. */
function checkToolchain({ path, directives, problems }: Module): void {
  const language = directives.find(({ verb }) => verb === "go")?.words[0];
  const toolchain = directives.find(({ verb }) => verb === "toolchain");
  const version = /^go(\d[^-\s]*)/u.exec(toolchain?.words[0] ?? "")?.[1];
  if (language === undefined || toolchain === undefined || version === undefined) return;
  if (compared(version, language) >= 0) return;
  problems.add({
    path,
    line: toolchain.line,
    rule: "version-conflict",
    severity: "medium",
    message: `The toolchain is older than the language that the module asks for, ${language.slice(0, 50)}`,
    excerpt: toolchain.words[0] ?? "",
  });
}

function compared(left: string, right: string): number {
  const [one, other] = [left, right].map((text) => text.split(/[.a-z]+/u).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (one?.[index] ?? 0) - (other?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Every required module has a sum, or the sum of its `go.mod`: go refuses to build without. */
function checkSums({ sums, go }: Manifests, { path, directives, problems }: Module): void {
  const folder = parentOf(path);
  // A workspace keeps sums of its own, and its modules need none for each other.
  if (foldersUp(folder).some((above) => go.has(above === "" ? "go.work" : `${above}/go.work`))) return;
  const known = sums.get(folder === "" ? "go.sum" : `${folder}/go.sum`);
  const replaced = replacements(directives);
  const wanted = directives.flatMap(({ verb, words, line }) => {
    const [module = "", version = ""] = words;
    if (verb !== "require") return [];
    const by = replaced.get(`${module} ${version}`) ?? replaced.get(module);
    if (by === undefined) return [{ module, version, line }];
    return by.version === undefined ? [] : [{ module: by.module, version: by.version, line: by.line }];
  });
  for (const { module, version, line } of wanted) {
    if (known?.has(`${module} ${version}`) === true || known?.has(`${module} ${version}/go.mod`) === true) continue;
    problems.add({
      path,
      line,
      rule: "lock-mismatch",
      severity: "medium",
      message: known === undefined ? "There is no go.sum, so this has no sum" : "go.sum has no sum of it",
      excerpt: `${module} ${version}`,
    });
    if (known === undefined) return; // once is enough
  }
}

interface Replacement {
  readonly module: string;
  readonly version: string | undefined; // undefined for a folder
  readonly line: number;
}

function replacements(directives: readonly GoDirective[]): ReadonlyMap<string, Replacement> {
  const replaced = new Map<string, Replacement>();
  for (const { verb, words, line } of directives) {
    if (verb !== "replace") continue;
    const arrow = words.indexOf("=>");
    const [module = "", version] = words.slice(arrow + 1);
    replaced.set(words.slice(0, arrow).join(" "), { module, version, line });
  }
  return replaced;
}
