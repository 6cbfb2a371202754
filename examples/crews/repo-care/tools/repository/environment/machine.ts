/**
 * What a machine has: names of programs, and the versions that can be seen without running any of them. Inside the box it is what
 * the box shows.
 */
import { type Dirent, readFileSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Thing } from "./needs.ts";

/** A machine. */
export interface Machine {
  /** Tells whether a program of this name can be seen. */
  readonly has: (program: string) => boolean;
  /** Gives the version of something, as far as it is known: `22.11.0`, or `3.11` when only that can be seen. */
  readonly versionOf: (thing: Thing) => string | undefined;
}

/** Programs that a thing comes as. */
const programs: Readonly<Record<Thing, readonly string[]>> = {
  node: ["node"],
  npm: ["npm"],
  pnpm: ["pnpm"],
  yarn: ["yarn"],
  python: ["python3", "python"],
  go: ["go"],
  rust: ["rustc", "cargo"],
  cmake: ["cmake"],
};

/**
 * Takes a machine from a list, such as `node=22.11.0` and `git`.
 * @returns the machine of exactly that
 */
export function describedMachine(list: readonly string[]): Machine {
  const versions = new Map(
    list.map((each) => {
      const [name = "", version] = each.split("=", 2);
      return [name, version] as const;
    }),
  );
  return {
    has: (program) =>
      versions.has(program) ||
      Object.entries(programs).some(([thing, some]) => some.includes(program) && versions.has(thing)),
    versionOf: (thing) => versions.get(thing),
  };
}

const foldersOfSystem = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Looks at the machine that this runs on. Nothing is run: names of programs are those in the folders of the system, versions
 * are read from the packages that programs belong to.
 * @returns the machine
 */
export function thisMachine(): Machine {
  const folders = [...new Set([...(process.env["PATH"] ?? "").split(":"), ...foldersOfSystem])].filter((each) =>
    each.startsWith("/"),
  );
  const places = new Map<string, string>();
  for (const folder of folders)
    for (const name of namesIn(folder)) if (!places.has(name)) places.set(name, join(folder, name));
  const versions = new Map<Thing, string | undefined>();
  return {
    has: (program) => places.has(program),
    versionOf: (thing) => {
      if (!versions.has(thing)) versions.set(thing, lookFor(thing, places));
      return versions.get(thing);
    },
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent) =>
      entry.isDirectory() ? [] : [entry.name],
    );
  } catch {
    return [];
  }
}

function lookFor(thing: Thing, places: ReadonlyMap<string, string>): string | undefined {
  const place = programs[thing].map((name) => places.get(name)).find((each) => each !== undefined);
  if (thing === "node") return process.versions.node;
  if (place === undefined) return undefined;
  try {
    const real = realpathSync(place);
    if (thing === "python") return /^python(\d+\.\d+)$/u.exec(basename(real))?.[1];
    if (thing === "go")
      return /^go(\d+(?:\.\d+){1,2})/u.exec(readFileSync(join(dirname(real), "../VERSION"), "utf8"))?.[1];
    if (thing === "npm" || thing === "pnpm" || thing === "yarn") return packageVersion(real, thing);
  } catch {
    // What cannot be read cannot be seen.
  }
  return undefined;
}

/** Folders above a program in which its `package.json` may stand. */
const foldersMax = 4;

function packageVersion(program: string, name: string): string | undefined {
  let folder = dirname(program);
  for (let step = 0; step < foldersMax; step += 1) {
    try {
      const read: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (typeof read === "object" && read !== null && "name" in read && read.name === name && "version" in read)
        return typeof read.version === "string" ? read.version : undefined;
    } catch {
      // Not in this folder.
    }
    folder = dirname(folder);
  }
  return undefined;
}
