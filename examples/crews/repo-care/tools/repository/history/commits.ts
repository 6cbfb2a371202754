/** Reads the commits reachable from HEAD, newest first, with the lines that each added to and deleted from each file. */
import { gitFields } from "../git.ts";

/** One file that a commit changed. Paths are byte texts. */
export interface Change {
  readonly path: string;
  /** The path it had before, when the commit renamed it. */
  readonly from?: string;
  readonly added: number; // lines; 0 for binary files
  readonly deleted: number;
  readonly binary: boolean;
}

/** One commit. A merge has no changes of its own: what it merges is counted where it was written. */
export interface Commit {
  readonly id: string;
  readonly parents: number;
  readonly authoredSeconds: number; // since 1970
  readonly committedSeconds: number;
  readonly email: string; // byte texts, after .mailmap
  readonly author: string;
  readonly changes: readonly Change[];
}

/** Files that one commit may rename before git stops comparing content: comparing costs the square of it. */
const renamesComparedMax = 400;

/**
 * Reads the history.
 * @returns the commits, newest first, at most `max`
 * @throws ToolProblem when git fails
 */
export async function* readCommits(root: string, { max }: { readonly max: number }): AsyncGenerator<Commit> {
  let commit: (Omit<Commit, "changes"> & { changes: Change[] }) | undefined;
  const fields = gitFields(root, logArguments(max));
  for await (const field of fields) {
    const counts = /^\n?(\d+|-)\t(\d+|-)\t/u.exec(field);
    if (counts === null) {
      if (!field.startsWith("commit ")) continue;
      if (commit !== undefined) yield commit;
      commit = parseHeader(field);
      continue;
    }
    let path = field.slice(counts[0].length);
    let from: string | undefined;
    // A rename leaves the path empty and gives the old and the new one as fields of their own.
    if (path === "") {
      from = (await fields.next()).value ?? "";
      path = (await fields.next()).value ?? "";
    }
    const change = { path, added: countOf(counts[1]), deleted: countOf(counts[2]), binary: counts[1] === "-" };
    commit?.changes.push(from === undefined ? change : { ...change, from });
  }
  if (commit !== undefined) yield commit;
}

function logArguments(max: number): readonly string[] {
  return [
    "log",
    "-z",
    "--numstat",
    "--find-renames=50%",
    `-l${renamesComparedMax}`,
    "--diff-algorithm=myers",
    "--no-diff-merges",
    "--no-relative",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
    "--ignore-submodules=none",
    "--encoding=UTF-8",
    `--max-count=${max}`,
    "--format=commit %H%x09%P%x09%at%x09%ct%x09%aE%x09%aN",
    "HEAD",
  ];
}

function parseHeader(field: string): Omit<Commit, "changes"> & { changes: Change[] } {
  const [id = "", parents = "", authored = "", committed = "", email = "", ...author] = field
    .slice("commit ".length)
    .split("\t");
  return {
    id,
    parents: parents === "" ? 0 : parents.split(" ").length,
    authoredSeconds: Number(authored),
    committedSeconds: Number(committed),
    email,
    author: author.join("\t"),
    changes: [],
  };
}

function countOf(text: string | undefined): number {
  return text === undefined || text === "-" ? 0 : Number(text);
}
