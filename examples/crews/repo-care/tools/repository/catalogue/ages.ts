/**
 * When each tracked file was last changed: the newest time (committer's) among the commits reachable from HEAD that changed
 * it, as `git log -1 --format=%ct -- FILE` says; a merge counts when the file differs from all its parents. The clock of
 * the file system says when a clone was made, the history says when the file was.
 */
import { gitFields, gitText } from "../git.ts";
import { ToolProblem } from "../invocation.ts";

/** Seconds since 1970 of each path's newest change. */
export interface Ages {
  readonly seconds: ReadonlyMap<string, number>;
  /** The oldest commit time that was read when older history was left out: files not in `seconds` are at least as old. */
  readonly horizon?: number;
  /** Why the history could not be read; then no file is in `seconds`. */
  readonly unread?: string;
}

/** Commits read for ages: more take longer than the answer is worth, and what is older shares one horizon. */
export const commitsMax = 100_000;

/**
 * Reads the ages from the history. A history that cannot be read (damaged, or objects that lie elsewhere) is no reason not
 * to count the files, so it becomes a part of the answer.
 * @returns the ages; none when there is no commit yet
 * @throws what is not git's own complaint
 */
export async function readAges(root: string): Promise<Ages> {
  if (!(await hasCommits(root))) return { seconds: new Map() };
  try {
    return await readLog(root);
  } catch (problem) {
    if (!(problem instanceof ToolProblem)) throw problem;
    return { seconds: new Map(), unread: problem.message };
  }
}

async function readLog(root: string): Promise<Ages> {
  const seconds = new Map<string, number>();
  let time = 0;
  let oldest = Number.POSITIVE_INFINITY;
  let commits = 0;
  let pathFollows = false;
  for await (const field of gitFields(root, logArguments)) {
    if (pathFollows) {
      if ((seconds.get(field) ?? Number.NEGATIVE_INFINITY) < time) seconds.set(field, time);
      pathFollows = false;
    } else if (field.startsWith("commit ")) {
      // A commit may claim any time; one that no calendar has is no time at all.
      time = Math.min(Number(field.slice("commit ".length)), secondsMax);
      oldest = Math.min(oldest, time);
      commits += 1;
    } else {
      // A raw line such as ":100644 100644 … M", or the empty field before a merge's lines.
      pathFollows = /^\n?:/u.test(field);
    }
  }
  return commits >= commitsMax ? { seconds, horizon: oldest } : { seconds };
}

/** The last second of the year 9999. */
const secondsMax = 253_402_300_799;

const logArguments: readonly string[] = [
  "log",
  "-z",
  "--raw",
  "--no-abbrev",
  "--no-renames",
  "--no-relative",
  "--no-ext-diff",
  "--no-textconv",
  "--no-show-signature",
  "--ignore-submodules=none",
  // A merge counts for the files that differ from all its parents.
  "--diff-merges=combined",
  `--max-count=${commitsMax}`,
  "--format=commit %ct",
  "HEAD",
];

/** Tells whether HEAD is a commit; a broken HEAD that is not simply unborn fails in the log itself. */
async function hasCommits(root: string): Promise<boolean> {
  try {
    await gitText(root, ["rev-parse", "--verify", "--quiet", "HEAD"]);
    return true;
  } catch (problem) {
    if (!(problem instanceof ToolProblem)) throw problem;
    return false;
  }
}
