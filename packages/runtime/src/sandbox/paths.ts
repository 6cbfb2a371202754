/** Checks and comparisons of the host paths that a job names. */
import { lstatSync, realpathSync } from "node:fs";
import { dirname, normalize } from "node:path";
import { SandboxFailure } from "./job.ts";

/** Places of the box itself: a job may show what lies below them, never put itself over them. */
const ownPlaces: readonly string[] = [
  "/",
  "/proc",
  "/dev",
  "/sys",
  "/tmp",
  "/usr",
  "/etc",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
];
/** What lies below these is the machine itself (its processes, its devices), not anybody's files: no grant reaches it. */
const machinePlaces: readonly string[] = ["/proc", "/sys", "/dev"];
/** Linux's PATH_MAX, in bytes. */
const pathBytesMax = 4096;

/** What stands at a path of the host. */
export type Standing = "file" | "folder" | "missing";

/** @returns the failure for a job that no box can be made for */
export function jobFailure(message: string): SandboxFailure {
  return new SandboxFailure(message, { code: "sandbox_job_invalid", retry: "never" });
}

/**
 * Checks that a path can be named in a job, and looks at what stands there.
 *
 * @param path absolute host path, without a trailing slash
 * @returns what stands at the path; `missing` when a component is absent
 * @throws SandboxFailure when the path is not absolute and normal, holds a NUL, is one of the box's
 *   own places or below the machine's, passes through a symbolic link, or is neither a file nor a folder
 */
export function inspectPath(path: string): Standing {
  if (
    !path.startsWith("/") ||
    normalize(path) !== path ||
    path.includes("\0") ||
    (path.endsWith("/") && path !== "/")
  ) {
    throw jobFailure(`Cannot show ${JSON.stringify(path)} in the sandbox: wanted an absolute, normalised path`);
  }
  if (Buffer.byteLength(path) >= pathBytesMax)
    throw jobFailure("Cannot show a path in the sandbox: it is longer than 4095 bytes");
  if (ownPlaces.includes(path)) throw jobFailure(`Cannot show ${path} in the sandbox: the box has its own`);
  const place = machinePlaces.find((folder) => isBelow(path, folder));
  if (place !== undefined) throw jobFailure(`Cannot show ${path} in the sandbox: ${place} is the machine's own`);
  const existing = nearestExisting(path);
  const real = realpathSync(existing);
  if (real !== existing)
    throw jobFailure(
      `Cannot show ${path} in the sandbox: ${existing} is really ${real}, wanted a path without symbolic links`,
    );
  const stats = lstatSync(existing);
  if (existing !== path) {
    if (!stats.isDirectory()) throw jobFailure(`Cannot show ${path} in the sandbox: ${existing} is not a folder`);
    return "missing";
  }
  if (stats.isDirectory()) return "folder";
  if (stats.isFile()) return "file";
  throw jobFailure(`Cannot show ${path} in the sandbox: it is neither a file nor a folder`);
}

/**
 * Finds the deepest part of a path that exists, symbolic links included.
 *
 * @returns the path itself or one of its parents; `/` at worst
 */
export function nearestExisting(path: string): string {
  let candidate = path;
  while (candidate !== "/" && !stands(candidate)) candidate = dirname(candidate);
  return candidate;
}

/** @returns whether `path` lies strictly below `folder` */
export function isBelow(path: string, folder: string): boolean {
  return folder === "/" ? path !== "/" : path.startsWith(`${folder}/`);
}

/** @returns the number of components of a path; 0 for `/` */
export function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

/** A path below a file does not stand, either; `throwIfNoEntry` is silent about absence alone. */
function stands(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return false;
    throw error;
  }
}
