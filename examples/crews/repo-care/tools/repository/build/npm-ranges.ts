/** What a requirement of npm may be. Source: https://docs.npmjs.com/cli/configuring-npm/package-json#dependencies. */
import { intersects, satisfies, valid, validRange } from "../parsers/versions.js";

/** A requirement as it is written: a range of versions, a place in the repository, or something that no range can tell. */
export type Requirement =
  | { readonly kind: "range"; readonly range: string }
  | { readonly kind: "alias"; readonly name: string; readonly range: string | undefined }
  | { readonly kind: "place"; readonly place: string }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "workspace" }
  | { readonly kind: "invalid" };

/** Characters of a range: what people write has a tenth of it, and the parser's time grows faster than the text. */
const rangeCharsMax = 256;

/**
 * Reads a requirement.
 * @returns what it is
 */
export function readRequirement(text: string): Requirement {
  const trimmed = text.trim();
  if (trimmed.length > rangeCharsMax) return { kind: "elsewhere" };
  const place =
    /^(?:file|link|portal):(.*)$/su.exec(trimmed)?.[1] ?? (/^\.{0,2}\//u.test(trimmed) ? trimmed : undefined);
  if (place !== undefined) return { kind: "place", place };
  if (/^workspace:|^catalog:/u.test(trimmed)) return { kind: "workspace" };
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/su.exec(trimmed);
  if (alias !== null) {
    const range = alias[2] === undefined ? undefined : rangeOf(alias[2]);
    return { kind: "alias", name: alias[1] ?? "", range };
  }
  if (/^[a-z][a-z\d+.-]*:|^[^@/\s]+\/[^/\s]/iu.test(trimmed)) return { kind: "elsewhere" };
  const range = rangeOf(trimmed);
  if (range !== undefined) return { kind: "range", range };
  // A tag is a word; what starts like a range and is none can only be a mistake.
  return /^[\s^~<>=]*\d/u.test(trimmed) ? { kind: "invalid" } : { kind: "elsewhere" };
}

function rangeOf(text: string): string | undefined {
  return validRange(text) === null ? undefined : text;
}

/**
 * Tells whether a locked version meets a range, as npm asks when it installs.
 * @returns true when it does, or when the version is none
 */
export function meets(version: string, range: string): boolean {
  if (version.length > rangeCharsMax || valid(version) === null || range === "*" || range === "") return true;
  return satisfies(version, range);
}

/**
 * Tells whether some version meets both ranges.
 * @returns true when one does, or when it cannot be told
 */
export function meet(left: string, right: string): boolean {
  return intersects(left, right, { includePrerelease: true });
}

/**
 * Tells whether a text is one whole version.
 * @returns true when it is
 */
export function isVersion(text: string): boolean {
  return text.length <= rangeCharsMax && valid(text) !== null;
}
