/**
 * Makes a path say where it really leads, so that authority is decided on the place and not on a name for it.
 *
 * A permission is text. Were a claim made on `/work/link/file`, and the link led to another folder, the kernel would decide on one place
 * and the box would show another. So a plan claims the resolved path, and the gate resolves again before it builds the box.
 */
import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";

/** Characters of a path at most; Linux takes no longer one. */
const pathCharsMax = 4096;
/** Folders that may be missing at the end of a path; a deeper hole is a mistake. */
const missingPartsMax = 64;

/**
 * Resolves every symbolic link of an absolute path; parts at its end may be missing.
 * @param path - as an agent or a person wrote it
 * @returns the canonical path, or the problem in words
 */
export function canonicalPath(path: string): { readonly path: string } | { readonly problem: string } {
  if (!isAbsolute(path)) return { problem: `found ${JSON.stringify(path)}, wanted an absolute path` };
  if (path.length > pathCharsMax)
    return { problem: `found a path of ${path.length} characters, at most ${pathCharsMax} are allowed` };
  if (path.includes("\0")) return { problem: "the path holds a NUL character" };
  if (path.split("/").includes("..")) return { problem: `found ${JSON.stringify(path)}, wanted a path without ".."` };
  const missing: string[] = [];
  let existing = normalize(path);
  for (;;) {
    const real = realPath(existing);
    if (real.type === "found") {
      if (real.path.includes("\uFFFD")) return { problem: "the path leads to a name that is not valid UTF-8" };
      const whole = missing.length === 0 ? real.path : join(real.path, ...missing);
      // In a permission this name stands for everything below, so a file of that name cannot be spoken of.
      if (whole.endsWith("/**")) return { problem: 'the path ends in a file named "**"' };
      return { path: whole === "/" ? whole : whole.replace(/\/+$/u, "") };
    }
    if (real.type === "problem") return { problem: real.problem };
    if (missing.length >= missingPartsMax)
      return { problem: `more than ${missingPartsMax} folders of the path are missing` };
    missing.unshift(basename(existing));
    existing = dirname(existing);
  }
}

type RealPath =
  | { readonly type: "found"; readonly path: string }
  | { readonly type: "missing" }
  | { readonly type: "problem"; readonly problem: string };

function realPath(path: string): RealPath {
  try {
    return { type: "found", path: realpathSync.native(path) };
  } catch (error) {
    const code = errorCode(error);
    if (code !== "ENOENT") return { type: "problem", problem: `${path} cannot be resolved (${code})` };
  }
  try {
    lstatSync(path);
  } catch {
    return { type: "missing" };
  }
  // It is there and leads nowhere: what a program would make through it cannot be told beforehand.
  return { type: "problem", problem: `${path} is a symbolic link that leads nowhere` };
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
}
