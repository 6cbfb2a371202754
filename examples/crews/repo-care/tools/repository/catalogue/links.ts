/** Where symbolic links lead. They are read, never followed by the catalogue itself. */
import { readlinkSync, realpathSync } from "node:fs";
import { type ShownPath, shownPath, toBytes } from "../byte-path.ts";
import { toByteText } from "./byte-text.ts";

/** One link as it is written out. */
export interface SeenLink extends ShownPath {
  readonly target: string;
  /** The target lies outside the root: by its text, or at the end of a chain of links. */
  readonly outside: boolean;
  /** The target is inside and is not there. */
  readonly broken: boolean;
}

/**
 * Reads links.
 * @returns one answer a link, in the order given; links that are gone are left out
 */
export function readLinks(root: string, paths: readonly string[]): readonly SeenLink[] {
  const base = toByteText(root);
  const realBase = realPlace(base) ?? base;
  return paths.flatMap((path) => {
    const target = targetOf(`${base}/${path}`);
    if (target === undefined) return [];
    const slash = path.lastIndexOf("/");
    const place = resolveBytes(slash < 0 ? base : `${base}/${path.slice(0, slash)}`, target);
    const real = realPlace(`${base}/${path}`);
    const outside =
      !(isWithin(base, place) || isWithin(realBase, place)) || (real !== undefined && !isWithin(realBase, real));
    return [{ ...shownPath(path), target: shownPath(target).path, outside, broken: !outside && real === undefined }];
  });
}

function targetOf(place: string): string | undefined {
  try {
    return readlinkSync(toBytes(place), { encoding: "latin1" });
  } catch {
    return undefined;
  }
}

function realPlace(place: string): string | undefined {
  try {
    return realpathSync.native(toBytes(place), { encoding: "latin1" });
  } catch {
    return undefined;
  }
}

/** Resolves by text alone, so that the answer is the same where the target cannot be seen. */
function resolveBytes(folder: string, target: string): string {
  const parts: string[] = [];
  for (const part of (target.startsWith("/") ? target : `${folder}/${target}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function isWithin(base: string, place: string): boolean {
  return place === base || place.startsWith(base === "/" ? "/" : `${base}/`);
}
