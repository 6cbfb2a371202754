/** What is asked for with an undo: its arguments, and the paths that it claims. Written and read here and nowhere else. */
import { dirname } from "node:path";
import { fixedLimits, excess, permissionProblem, type Permission } from "@toka/kernel";
import { z } from "zod";
import { depth } from "../sandbox/paths.ts";

/** How to undo. Which effects are undone stands in the request itself. */
export interface UndoArguments {
  /** Whether what was changed since is kept, where a text can be merged and a folder can stay. */
  readonly merge: boolean;
}

const shape = z.strictObject({ merge: z.boolean() });

/**
 * Writes the arguments of an effect of kind `undo`, to be sealed by whoever requests it.
 * @returns JSON text
 */
export function encodeUndoArguments({ merge }: UndoArguments): string {
  return JSON.stringify({ merge });
}

/**
 * Reads them back.
 * @returns the arguments; undefined when the bytes are none
 */
export function decodeUndoArguments(bytes: Uint8Array): UndoArguments | undefined {
  try {
    return shape.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}

/**
 * Names what an undo writes: each path alone where there are few, else the folders that hold them, as narrow as one effect's claims allow.
 *
 * @param paths - absolute, of everything that may change
 * @returns claims that cover all of them
 */
export function claimsOfPaths(paths: readonly string[]): readonly Permission[] {
  const claims = new Set<Permission>();
  for (const path of paths) claims.add(nameable(path) ? `fs.write:${path}` : below(dirname(path)));
  let folders: ReadonlySet<Permission> = narrowed(claims);
  // Each round the deepest claims give way to the folder above them, so that the widest is as narrow as it can be.
  while (folders.size > fixedLimits.claimsMax) {
    const deepest = Math.max(...[...folders].map((claim) => depth(folderOf(claim))));
    folders = narrowed(
      new Set([...folders].map((claim) => (depth(folderOf(claim)) < deepest ? claim : below(above(claim))))),
    );
  }
  return [...folders].toSorted();
}

// A path that ends with a star cannot be named alone.
function nameable(path: string): boolean {
  return permissionProblem(`fs.write:${path}`) === undefined;
}

function below(folder: string): Permission {
  return folder === "/" ? "fs.write:/**" : `fs.write:${folder}/**`;
}

function folderOf(claim: Permission): string {
  return claim.slice("fs.write:".length).replace(/\/\*\*$/u, "") || "/";
}

function above(claim: Permission): string {
  return dirname(folderOf(claim));
}

function narrowed(claims: ReadonlySet<Permission>): ReadonlySet<Permission> {
  const folders = [...claims].filter((claim) => claim.endsWith("/**"));
  return new Set(
    [...claims].filter(
      (claim) =>
        excess(
          folders.filter((folder) => folder !== claim),
          [claim],
        ).length > 0,
    ),
  );
}
