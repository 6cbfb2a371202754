/**
 * Packages are hijacked by the scripts they run when they are installed. Ours run none: not under the npm that comes
 * with older Nodes, and not under the newer one. Each case has its positive control: without our `.npmrc` the same trap
 * does go off.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { root } from "../gate/place.ts";

const temporary: string[] = [];

afterEach(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Scripts that npm would run of its own accord, of a dependency and of the project itself. */
const trapScripts = ["preinstall", "install", "postinstall"];
const projectScripts = [...trapScripts, "prepare"];

function npm(version: string, options: { readonly cwd: string; readonly args: readonly string[] }): string {
  const cli = join(root, "node_modules", `npm${version}`, "bin", "npm-cli.js");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return execFileSync(process.execPath, [cli, ...options.args, "--offline", "--no-audit", "--no-fund"], {
    cwd: options.cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    // Nobody's own settings and nobody's cache: what is tested is the project's file.
    env: { ...env, npm_config_userconfig: join(options.cwd, "none"), npm_config_cache: join(options.cwd, "cache") },
  });
}

/** A project that depends on a packed trap, locked and ready for `npm ci`. A sprung trap leaves a file in `traces`. */
function plantTrap(version: string): { readonly project: string; readonly traces: string } {
  const folder = mkdtempSync(join(tmpdir(), "toka-install-"));
  temporary.push(folder);
  const project = join(folder, "project");
  const trap = join(folder, "trap");
  const traces = join(folder, "traces");
  for (const made of [project, trap, traces]) mkdirSync(made);
  const leave = (owner: string, names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      names.map((name) => [name, `node -e "require('fs').writeFileSync('${join(traces, `${owner}-${name}`)}', '')"`]),
    );
  const write = (file: string, value: object): void => writeFileSync(file, JSON.stringify(value));
  write(join(trap, "package.json"), { name: "trap", version: "1.0.0", scripts: leave("trap", trapScripts) });
  npm(version, { cwd: trap, args: ["pack", "--pack-destination", project, "--ignore-scripts"] });
  write(join(project, "package.json"), {
    name: "project",
    version: "1.0.0",
    private: true,
    dependencies: { trap: "file:trap-1.0.0.tgz" },
    scripts: leave("project", projectScripts),
  });
  npm(version, { cwd: project, args: ["install", "--package-lock-only", "--ignore-scripts"] });
  return { project, traces };
}

function sprung(traces: string): readonly string[] {
  return [...trapScripts.map((name) => `trap-${name}`), ...projectScripts.map((name) => `project-${name}`)].filter(
    (name) => existsSync(join(traces, name)),
  );
}

test.each(["10", "11"])("npm %s runs no install script when the settings are ours", (version) => {
  const { project, traces } = plantTrap(version);
  copyFileSync(join(root, ".npmrc"), join(project, ".npmrc"));
  npm(version, { cwd: project, args: ["ci"] });
  expect(existsSync(join(project, "node_modules", "trap", "package.json"))).toBe(true);
  expect(sprung(traces)).toEqual([]);
});

test.each(["10", "11"])("npm %s springs the trap when the settings are not ours", (version) => {
  const { project, traces } = plantTrap(version);
  npm(version, { cwd: project, args: ["ci"] });
  expect(sprung(traces)).toContain("trap-postinstall");
});

test.each(["10", "11"])("npm %s is the version that its name says", (version) => {
  const { project } = plantTrap(version);
  expect(npm(version, { cwd: project, args: ["--version"] })).toMatch(new RegExp(`^${version}\\.`));
});

test("lock names an integrity for everything that is downloaded, and no place to download it from", () => {
  const lock: unknown = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages } = lock as {
    packages: Record<string, { integrity?: string; link?: boolean; inBundle?: boolean; resolved?: string }>;
  };
  const downloaded = Object.entries(packages).filter(
    ([path, entry]) => path.includes("node_modules/") && entry.link !== true,
  );
  expect(downloaded.length).toBeGreaterThan(50);
  expect(
    downloaded.filter(([, entry]) => entry.integrity === undefined && entry.inBundle !== true).map(([path]) => path),
  ).toEqual([]);
  expect(downloaded.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
});

test("lock holds every optional package of every platform when another platform made it", () => {
  const lock: unknown = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages } = lock as { packages: Record<string, { optionalDependencies?: Record<string, string> }> };
  const names = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)),
  );
  const missing = Object.values(packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}).filter((name) => !names.has(name)),
  );
  expect(missing).toEqual([]);
});
