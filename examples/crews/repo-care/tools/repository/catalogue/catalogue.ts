/** Puts the catalogue together: totals, languages, and the first few of each ranking. Counts are always whole. */
import type { Ages } from "./ages.ts";
import { type ShownPath, shownPath } from "../byte-path.ts";
import { type DuplicateGroup, findDuplicates } from "./duplicates.ts";
import type { Inspection, SeenFile } from "./inspection.ts";
import type { LanguageKind } from "./languages.ts";
import type { SeenLink } from "./links.ts";
import type { Listing } from "./listing.ts";

/** Sums over all listed paths. `entries` is `files + links + repositories + missing + unreadable + unread + special`. */
export interface Totals {
  readonly entries: number;
  readonly tracked: number;
  readonly untracked: number;
  readonly files: number; // files that were read
  readonly bytes: number; // of files, unreadable and unread ones
  readonly lines: number; // newline characters of text files
  readonly text: number;
  readonly binary: number;
  readonly empty: number;
  readonly links: number;
  readonly linksOutside: number;
  readonly repositories: number;
  readonly missing: number;
  readonly unreadable: number;
  readonly unread: number;
  readonly special: number;
  readonly closedFolders: number;
  readonly languages: number;
  readonly duplicateGroups: number;
  readonly duplicateFiles: number; // copies beyond the first of each group
  readonly duplicateBytes: number;
}

/** Files, bytes and lines of one language. */
export interface LanguageSum {
  readonly name: string;
  readonly kind: LanguageKind;
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
}

/** Where a file's age comes from: its newest commit, "that time or earlier", or the file system's clock. */
export type AgeBasis = "commit" | "commit-or-earlier" | "mtime";

/** A file in the ranking by size. */
export interface LargeFile extends ShownPath {
  readonly size: number; // bytes
  readonly lines: number;
  readonly language: string;
}

/** A file in the ranking by age. */
export interface OldFile extends ShownPath {
  readonly changed: string; // ISO 8601, UTC
  readonly basis: AgeBasis;
}

/** One content that several files have. */
export interface Duplicate {
  readonly sha256: string; // hexadecimal
  readonly size: number; // bytes of one copy
  readonly copies: number;
  readonly wasted: number; // bytes of all copies but one
  readonly paths: readonly ShownPath[];
}

/** The content of `catalogue.json`. */
export interface Catalogue {
  readonly schema: "repo-care.catalogue/1";
  readonly root: string;
  readonly source: "git" | "walk";
  readonly reason?: string; // why the folder was walked
  readonly agesUnread?: string; // why ages do not come from the history
  readonly limit: number; // how long the lists below may be
  readonly totals: Totals;
  readonly languages: readonly LanguageSum[];
  readonly largest: readonly LargeFile[];
  readonly oldest: readonly OldFile[];
  readonly duplicates: readonly Duplicate[];
  readonly links: readonly SeenLink[];
  readonly notable: Readonly<Record<Notable, readonly ShownPath[]>>;
}

/** What a person may want to look at beside the files themselves. */
export type Notable = "repositories" | "missing" | "unreadable" | "unread" | "special" | "closedFolders";

/** Everything that was seen. */
export interface Seen {
  readonly listing: Listing;
  readonly inspection: Inspection;
  readonly ages: Ages;
  readonly links: readonly SeenLink[];
}

/**
 * Puts the catalogue together; the same folder gives the same catalogue, byte for byte.
 * @returns the content of `catalogue.json`
 */
export function buildCatalogue(
  seen: Seen,
  { root, limit }: { readonly root: string; readonly limit: number },
): Catalogue {
  const { listing, inspection } = seen;
  const duplicates = findDuplicates(inspection.files);
  const languages = sumLanguages(inspection.files);
  const shown = (paths: readonly string[]): readonly ShownPath[] => paths.slice(0, limit).map(shownPath);
  return {
    schema: "repo-care.catalogue/1",
    root,
    source: listing.source,
    ...(listing.reason === undefined ? {} : { reason: listing.reason }),
    ...(seen.ages.unread === undefined ? {} : { agesUnread: seen.ages.unread }),
    limit,
    totals: sumTotals(seen, { duplicates, languages: languages.length }),
    languages,
    largest: largestOf(inspection.files, limit),
    oldest: oldestOf(inspection.files, { ages: seen.ages, limit }),
    duplicates: duplicates.slice(0, limit).map(({ sha256, size, wasted, files }) => {
      return { sha256, size, copies: files.length, wasted, paths: shown(files.map((file) => file.path)) };
    }),
    // Those that lead out come first: they are what a person should see.
    links: seen.links.toSorted((left, right) => Number(right.outside) - Number(left.outside)).slice(0, limit),
    notable: {
      repositories: shown(inspection.repositories),
      missing: shown(inspection.missing),
      unreadable: shown(inspection.unreadable.map((file) => file.path)),
      unread: shown(inspection.unread.map((file) => file.path)),
      special: shown(inspection.special),
      closedFolders: shown(listing.closedFolders),
    },
  };
}

function sumTotals(
  { listing, inspection, links }: Seen,
  found: { readonly duplicates: readonly DuplicateGroup[]; readonly languages: number },
): Totals {
  const { files, unreadable, unread } = inspection;
  const tracked = listing.entries.filter((entry) => entry.origin === "tracked").length;
  const binary = files.filter((file) => file.binary).length;
  return {
    entries: listing.entries.length,
    tracked,
    untracked: listing.entries.length - tracked,
    files: files.length,
    bytes: sum([...files, ...unreadable, ...unread], (file) => file.size),
    lines: sum(files, (file) => file.lines),
    text: files.length - binary,
    binary,
    empty: files.filter((file) => file.size === 0).length,
    links: inspection.links.length,
    linksOutside: links.filter((link) => link.outside).length,
    repositories: inspection.repositories.length,
    missing: inspection.missing.length,
    unreadable: unreadable.length,
    unread: unread.length,
    special: inspection.special.length,
    closedFolders: listing.closedFolders.length,
    languages: found.languages,
    duplicateGroups: found.duplicates.length,
    duplicateFiles: sum(found.duplicates, (group) => group.files.length - 1),
    duplicateBytes: sum(found.duplicates, (group) => group.wasted),
  };
}

function sumLanguages(files: readonly SeenFile[]): readonly LanguageSum[] {
  const sums = new Map<string, { name: string; kind: LanguageKind; files: number; bytes: number; lines: number }>();
  for (const { language, size, lines } of files) {
    const before = sums.get(language.name) ?? { ...language, files: 0, bytes: 0, lines: 0 };
    sums.set(language.name, {
      ...before,
      files: before.files + 1,
      bytes: before.bytes + size,
      lines: before.lines + lines,
    });
  }
  return [...sums.values()].toSorted((left, right) => {
    return right.lines - left.lines || right.bytes - left.bytes || (left.name < right.name ? -1 : 1);
  });
}

function largestOf(files: readonly SeenFile[], limit: number): readonly LargeFile[] {
  const sorted = files.toSorted((left, right) => right.size - left.size || byPath(left, right));
  return sorted
    .slice(0, limit)
    .map(({ path, size, lines, language }) => ({ ...shownPath(path), size, lines, language: language.name }));
}

function oldestOf(
  files: readonly SeenFile[],
  { ages, limit }: { readonly ages: Ages; readonly limit: number },
): readonly OldFile[] {
  const dated = files.map((file) => ({ path: file.path, ...ageOf(file, ages) }));
  const sorted = dated.toSorted((left, right) => left.timeMs - right.timeMs || byPath(left, right));
  return sorted
    .slice(0, limit)
    .map(({ path, timeMs, basis }) => ({ ...shownPath(path), changed: isoTime(timeMs), basis }));
}

function ageOf(file: SeenFile, ages: Ages): { readonly timeMs: number; readonly basis: AgeBasis } {
  const seconds = ages.seconds.get(file.path);
  if (file.origin === "tracked" && seconds !== undefined) return { timeMs: seconds * 1000, basis: "commit" };
  if (file.origin === "tracked" && ages.horizon !== undefined)
    return { timeMs: ages.horizon * 1000, basis: "commit-or-earlier" };
  return { timeMs: file.modifiedMs, basis: "mtime" };
}

/** Milliseconds of the last and first moments that are written with four digits of year. */
const timeMaxMs = 253_402_300_799_999;
const timeMinMs = -62_167_219_200_000;

function isoTime(timeMs: number): string {
  return new Date(Math.min(Math.max(timeMs, timeMinMs), timeMaxMs)).toISOString();
}

function byPath(left: { readonly path: string }, right: { readonly path: string }): number {
  return left.path < right.path ? -1 : 1;
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
