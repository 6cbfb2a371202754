/** Puts the history together as it is written out: totals, authors, months, hot files. */
import { type ShownPath, shownPath } from "../byte-path.ts";
import type { Commit } from "./commits.ts";
import { type AuthorSum, type FileSum, type Tally, dateOf } from "./tally.ts";

/** What the repository says about itself. */
export interface Head {
  readonly commit: string;
  readonly branch: string | null; // null: no branch is checked out
  readonly shallow: boolean; // older history was not fetched
  readonly truncated: boolean; // older history was not read: see commitsMax
}

/** A commit in short. */
export interface CommitSummary {
  readonly id: string;
  readonly authored: string | null; // ISO 8601, UTC; null: no calendar has the date
  readonly author: string;
}

/** One author as written out. */
export interface HistoryAuthor {
  readonly name: string;
  readonly email: string;
  readonly commits: number;
  readonly added: number;
  readonly deleted: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** One month as written out. */
export interface HistoryMonth {
  readonly month: string; // such as 2026-03
  readonly commits: number;
  readonly added: number;
  readonly deleted: number;
}

/** One file as written out. */
export interface HistoryFile extends ShownPath {
  readonly commits: number;
  readonly added: number;
  readonly deleted: number;
  readonly churn: number; // added + deleted
  readonly score: number; // churn × commits
  readonly authors: number;
}

/** Sums over all commits. */
export interface HistoryTotals {
  readonly commits: number;
  readonly merges: number;
  readonly authors: number;
  readonly added: number;
  readonly deleted: number;
  readonly files: number; // ever changed, under their latest names
  readonly filesPresent: number; // of these, in HEAD now
  readonly renames: number;
  readonly binaryChanges: number;
  readonly undated: number;
}

/** The content of `history.json`. */
export interface History {
  readonly schema: "repo-care.history/1";
  readonly root: string;
  /** `empty`: a repository without a commit; `none`: no repository, with the reason. Both have zeros below. */
  readonly state: "history" | "empty" | "none";
  readonly reason?: string;
  readonly limit: number;
  readonly head: Head | null;
  readonly totals: HistoryTotals;
  readonly first: CommitSummary | null;
  readonly last: CommitSummary | null;
  readonly months: readonly HistoryMonth[];
  readonly authors: readonly HistoryAuthor[];
  readonly hot: readonly HistoryFile[];
  readonly churned: readonly HistoryFile[];
}

/**
 * Puts the history together; the same repository gives the same history, byte for byte.
 * @returns the content of `history.json`; rankings name files that are in HEAD now, at most `limit`
 */
export function buildHistory(
  tally: Tally,
  about: Pick<History, "root" | "state" | "limit" | "head"> & {
    readonly reason?: string;
    readonly present: ReadonlySet<string>;
  },
): History {
  const { root, state, reason, limit, head, present } = about;
  const files = [...tally.files.values()].filter((file) => present.has(file.path)).map(writtenFile);
  return {
    schema: "repo-care.history/1",
    root,
    state,
    ...(reason === undefined ? {} : { reason }),
    limit,
    head,
    totals: {
      commits: tally.commits,
      merges: tally.merges,
      authors: tally.authors.size,
      added: tally.added,
      deleted: tally.deleted,
      files: tally.files.size,
      filesPresent: files.length,
      renames: tally.renames,
      binaryChanges: tally.binaryChanges,
      undated: tally.undated,
    },
    first: summaryOf(tally.first),
    last: summaryOf(tally.last),
    months: [...tally.months]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([month, sum]) => ({ month, ...sum })),
    authors: [...tally.authors.values()].toSorted(byCommits).slice(0, limit).map(writtenAuthor),
    hot: rank(files, { by: (file) => file.score, limit }),
    churned: rank(files, { by: (file) => file.churn, limit }),
  };
}

function writtenFile({ path, commits, added, deleted, authors }: FileSum): HistoryFile {
  const churn = added + deleted;
  return { ...shownPath(path), commits, added, deleted, churn, score: churn * commits, authors: authors.size };
}

function writtenAuthor({ name, email, commits, added, deleted, firstSeconds, lastSeconds }: AuthorSum): HistoryAuthor {
  return {
    name: shownPath(name).path,
    email: shownPath(email).path,
    commits,
    added,
    deleted,
    first: dateOf(firstSeconds) ?? null,
    last: dateOf(lastSeconds) ?? null,
  };
}

function summaryOf(commit: Commit | undefined): CommitSummary | null {
  if (commit === undefined) return null;
  return { id: commit.id, authored: dateOf(commit.authoredSeconds) ?? null, author: shownPath(commit.author).path };
}

function rank(
  files: readonly HistoryFile[],
  { by, limit }: { readonly by: (file: HistoryFile) => number; readonly limit: number },
): readonly HistoryFile[] {
  return files.toSorted((left, right) => by(right) - by(left) || (left.path < right.path ? -1 : 1)).slice(0, limit);
}

function byCommits(left: AuthorSum, right: AuthorSum): number {
  const lines = right.added + right.deleted - left.added - left.deleted;
  return (
    right.commits - left.commits || lines || (`${left.email}\t${left.name}` < `${right.email}\t${right.name}` ? -1 : 1)
  );
}
