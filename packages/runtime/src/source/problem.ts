/** What is wrong with a file that a person wrote, and where: the one shape of every loader's complaint. */

/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One complaint. `message` reads "Cannot <do what>: <state>". */
export interface Problem {
  readonly at: Position;
  readonly message: string;
}

/** Problems reported for one file at once; more would bury the first, which often causes the rest. */
export const problemsPerFileMax = 50;

/**
 * Writes a place as `file:line:column`.
 * @returns one line
 */
export function formatPosition({ file, line, column }: Position): string {
  return harmless(`${file}:${line}:${column}`);
}

/**
 * Writes a problem as `file:line:column: message`, the form that editors and terminals turn into a link.
 * @returns one line
 */
export function formatProblem(problem: Problem): string {
  return `${formatPosition(problem.at)}: ${harmless(problem.message)}`;
}

// What stands in a file, or in its name, must not be able to speak to the terminal.
function harmless(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Thrown when files that a person wrote cannot be used; carries every problem found, in file order. */
export class SourceFailure extends Error {
  override readonly name = "Failure";
  readonly code = "source_invalid";
  readonly retry = "never";
  readonly problems: readonly Problem[];

  constructor(what: string, problems: readonly Problem[]) {
    super(
      [
        `Cannot use ${what}: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
        ...problems.map(formatProblem),
      ].join("\n"),
    );
    this.problems = problems;
  }
}

/**
 * Sorts problems by file, line and column and keeps the first of each file up to `problemsPerFileMax`.
 * @returns a new list; a file that had more ends with one problem that says how many were left out
 */
export function arrangeProblems(problems: readonly Problem[]): readonly Problem[] {
  const byFile = new Map<string, Problem[]>();
  for (const problem of problems) {
    const list = byFile.get(problem.at.file) ?? [];
    list.push(problem);
    byFile.set(problem.at.file, list);
  }
  const arranged: Problem[] = [];
  for (const list of byFile.values()) {
    list.sort((left, right) => left.at.line - right.at.line || left.at.column - right.at.column);
    arranged.push(...list.slice(0, problemsPerFileMax));
    const last = list[problemsPerFileMax];
    if (last !== undefined)
      arranged.push({
        at: last.at,
        message: `Cannot list every problem: ${list.length - problemsPerFileMax} more in this file`,
      });
  }
  return arranged;
}
