/** Adds up a history, commit by commit, so that memory grows with authors and files and not with commits. */
import type { Change, Commit } from "./commits.ts";

/** One author, told apart by name and address. */
export interface AuthorSum {
  readonly name: string; // byte texts
  readonly email: string;
  commits: number; // merges left out
  added: number;
  deleted: number;
  firstSeconds: number;
  lastSeconds: number;
}

/** One file under the name it has now; what it had under earlier names counts here too. */
export interface FileSum {
  readonly path: string;
  commits: number;
  added: number;
  deleted: number;
  readonly authors: Set<number>;
}

/** Commits and lines of one calendar month, by the author's date in UTC. */
export interface MonthSum {
  commits: number;
  added: number;
  deleted: number;
}

/** The last second of the year 9999: no calendar has a later one, and a commit may claim any. */
const secondsMax = 253_402_300_799;

/** The sums so far. */
export class Tally {
  commits = 0;
  merges = 0;
  added = 0;
  deleted = 0;
  renames = 0;
  binaryChanges = 0;
  undated = 0; // commits whose author's date no calendar has
  first: Commit | undefined;
  last: Commit | undefined;
  readonly authors: Map<string, AuthorSum> = new Map();
  readonly files: Map<string, FileSum> = new Map();
  readonly months: Map<string, MonthSum> = new Map();
  /** Earlier names, and the name that their file has now. */
  readonly #later = new Map<string, string>();
  readonly #numbers = new Map<string, number>();

  /** Adds one commit; they come newest first. */
  add(commit: Commit): void {
    this.commits += 1;
    this.last ??= commit;
    this.first = commit;
    let added = 0;
    let deleted = 0;
    const author = this.#numberOf(commit);
    for (const change of commit.changes) {
      added += change.added;
      deleted += change.deleted;
      if (change.binary) this.binaryChanges += 1;
      this.#addFile(change, author);
    }
    // Only once all of the commit is counted: a path may be renamed away and taken by another in the same commit.
    for (const change of commit.changes) this.#follow(change);
    this.added += added;
    this.deleted += deleted;
    if (commit.parents > 1) this.merges += 1;
    else this.#addAuthor(commit, { added, deleted });
    this.#addMonth(commit, { added, deleted });
  }

  #addFile(change: Change, author: number): void {
    const path = this.#later.get(change.path) ?? change.path;
    const file = this.files.get(path) ?? { path, commits: 0, added: 0, deleted: 0, authors: new Set<number>() };
    file.commits += 1;
    file.added += change.added;
    file.deleted += change.deleted;
    file.authors.add(author);
    this.files.set(path, file);
  }

  #follow({ path, from }: Change): void {
    if (from === undefined) return;
    this.renames += 1;
    this.#later.set(from, this.#later.get(path) ?? path);
  }

  #addAuthor(commit: Commit, { added, deleted }: { readonly added: number; readonly deleted: number }): void {
    const key = `${commit.email}\t${commit.author}`;
    const seconds = commit.authoredSeconds;
    const sum = this.authors.get(key) ?? {
      name: commit.author,
      email: commit.email,
      commits: 0,
      added: 0,
      deleted: 0,
      firstSeconds: seconds,
      lastSeconds: seconds,
    };
    sum.commits += 1;
    sum.added += added;
    sum.deleted += deleted;
    sum.firstSeconds = Math.min(sum.firstSeconds, seconds);
    sum.lastSeconds = Math.max(sum.lastSeconds, seconds);
    this.authors.set(key, sum);
  }

  #addMonth(commit: Commit, { added, deleted }: { readonly added: number; readonly deleted: number }): void {
    const day = dateOf(commit.authoredSeconds);
    if (day === undefined) {
      this.undated += 1;
      return;
    }
    const month = day.slice(0, 7);
    const sum = this.months.get(month) ?? { commits: 0, added: 0, deleted: 0 };
    sum.commits += 1;
    sum.added += added;
    sum.deleted += deleted;
    this.months.set(month, sum);
  }

  #numberOf(commit: Commit): number {
    const key = `${commit.email}\t${commit.author}`;
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}

/**
 * Writes a moment.
 * @returns ISO 8601 in UTC, or undefined when no calendar of four-digit years has it
 */
export function dateOf(seconds: number): string | undefined {
  return Number.isFinite(seconds) && seconds >= 0 && seconds <= secondsMax
    ? new Date(seconds * 1000).toISOString()
    : undefined;
}
