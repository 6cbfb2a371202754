/** The files that the report is made from, as `file-catalogue`, `git-history` and the checking tools write them. */
import { type Check, readChecks } from "./decode-check.ts";
import { type Decoder, count, counts, flag, list, nullable, oneOf, optional, record, text } from "./decode.ts";
import { readInput } from "./input-file.ts";
import { ToolProblem } from "../invocation.ts";
import type { WrittenPath } from "./words.ts";

/** What `catalogue.json` holds. */
export interface Catalogue {
  readonly root: string;
  readonly source: "git" | "walk";
  readonly reason?: string | undefined; // why the folder was walked
  readonly agesUnread?: string | undefined; // why ages do not come from the history
  readonly totals: Readonly<Record<CatalogueTotal, number>>;
  readonly languages: readonly {
    readonly name: string;
    readonly files: number;
    readonly bytes: number;
    readonly lines: number;
  }[];
  readonly largest: readonly (WrittenPath & {
    readonly size: number;
    readonly lines: number;
    readonly language: string;
  })[];
  readonly oldest: readonly (WrittenPath & {
    readonly changed: string;
    readonly basis: "commit" | "commit-or-earlier" | "mtime";
  })[];
  readonly duplicates: readonly DuplicateGroup[];
  readonly links: readonly (WrittenPath & {
    readonly target: string;
    readonly outside: boolean;
    readonly broken: boolean;
  })[];
}

/** Files of equal content. */
export interface DuplicateGroup {
  readonly sha256: string;
  readonly size: number; // bytes of one copy
  readonly copies: number;
  readonly wasted: number; // bytes of all copies but one
  readonly paths: readonly WrittenPath[];
}

/** What `history.json` holds. */
export interface History {
  readonly root: string;
  readonly state: "history" | "empty" | "none";
  readonly reason?: string | undefined;
  readonly head: {
    readonly commit: string;
    readonly branch: string | null;
    readonly shallow: boolean;
    readonly truncated: boolean;
  } | null;
  readonly totals: Readonly<Record<HistoryTotal, number>>;
  readonly first: CommitSummary | null;
  readonly last: CommitSummary | null;
  readonly months: readonly {
    readonly month: string;
    readonly commits: number;
    readonly added: number;
    readonly deleted: number;
  }[];
  readonly authors: readonly AuthorSummary[];
  readonly hot: readonly (WrittenPath &
    Readonly<Record<"commits" | "added" | "deleted" | "churn" | "score" | "authors", number>>)[];
}

/** One commit in short. */
export interface CommitSummary {
  readonly id: string;
  readonly authored: string | null; // ISO 8601
  readonly author: string;
}

/** One author. */
export interface AuthorSummary {
  readonly name: string;
  readonly email: string;
  readonly commits: number;
  readonly added: number;
  readonly deleted: number;
  readonly first: string | null; // ISO 8601
  readonly last: string | null;
}

const catalogueTotals = [
  "entries",
  "tracked",
  "untracked",
  "files",
  "bytes",
  "lines",
  "text",
  "binary",
  "empty",
  "links",
  "linksOutside",
  "repositories",
  "missing",
  "unreadable",
  "unread",
  "special",
  "closedFolders",
  "languages",
  "duplicateGroups",
  "duplicateFiles",
  "duplicateBytes",
] as const;
const historyTotals = ["commits", "merges", "authors", "added", "deleted", "files", "filesPresent", "renames"] as const;

/** Sums of a catalogue. */
export type CatalogueTotal = (typeof catalogueTotals)[number];
/** Sums of a history. */
export type HistoryTotal = (typeof historyTotals)[number];

const path = { path: text, pathBytes: optional(text) };

const catalogue: Decoder<Catalogue> = record({
  schema: oneOf("repo-care.catalogue/1"),
  root: text,
  source: oneOf("git", "walk"),
  reason: optional(text),
  agesUnread: optional(text),
  totals: counts(...catalogueTotals),
  languages: list(
    record({
      name: text,
      kind: oneOf("code", "markup", "prose", "data", "media", "other"),
      files: count,
      bytes: count,
      lines: count,
    }),
  ),
  largest: list(record({ ...path, size: count, lines: count, language: text })),
  oldest: list(record({ ...path, changed: text, basis: oneOf("commit", "commit-or-earlier", "mtime") })),
  duplicates: list(record({ sha256: text, size: count, copies: count, wasted: count, paths: list(record(path)) })),
  links: list(record({ ...path, target: text, outside: flag, broken: flag })),
});

const commit = record({ id: text, authored: nullable(text), author: text });

const history: Decoder<History> = record({
  schema: oneOf("repo-care.history/1"),
  root: text,
  state: oneOf("history", "empty", "none"),
  reason: optional(text),
  head: nullable(record({ commit: text, branch: nullable(text), shallow: flag, truncated: flag })),
  totals: counts(...historyTotals),
  first: nullable(commit),
  last: nullable(commit),
  months: list(record({ month: text, commits: count, added: count, deleted: count })),
  authors: list(
    record({
      name: text,
      email: text,
      commits: count,
      added: count,
      deleted: count,
      first: nullable(text),
      last: nullable(text),
    }),
  ),
  hot: list(
    record({ ...path, commits: count, added: count, deleted: count, churn: count, score: count, authors: count }),
  ),
});

/** What the report is made from. */
export interface Inputs {
  readonly catalogue: Catalogue;
  readonly history: History;
  /** What the checking tools found, in the order of their names. */
  readonly checks: readonly Check[];
}

/**
 * Reads all files.
 * @returns their content, checked
 * @throws ToolProblem when catalogue or history is missing, or one is too large, of another shape or about another folder
 */
export function readInputs(folder: string): Inputs {
  const of = readInput(folder, { name: "catalogue.json", decoder: catalogue });
  const inputs = {
    catalogue: of,
    history: readInput(folder, { name: "history.json", decoder: history }),
    checks: readChecks(folder, of.root),
  };
  if (of.root !== inputs.history.root) {
    throw new ToolProblem(
      `Cannot make one report: the catalogue is about ${of.root}, the history about ${inputs.history.root}`,
    );
  }
  return inputs;
}
