/** What is wrong with a tool manifest and where it stands, in the form that editors turn into a link. */
import { RuntimeFailure } from "../failure.ts";

/** A place in a manifest; line and column count from 1. */
export interface ManifestPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One complaint about a manifest. `message` reads "Cannot <do what>: <state>". */
export interface ManifestProblem extends ManifestPlace {
  readonly message: string;
}

/** Problems shown for one manifest; more would bury the first, which often causes the rest. */
export const manifestProblemsMax = 50;

/**
 * Writes a place as `file:line:column`.
 * @returns one line
 */
export function formatManifestPlace({ file, line, column }: ManifestPlace): string {
  return `${file}:${line}:${column}`;
}

/**
 * Writes a problem as `file:line:column: message`.
 * @returns one line
 */
export function formatManifestProblem(problem: ManifestProblem): string {
  return `${formatManifestPlace(problem)}: ${problem.message}`;
}

/** Thrown when tools that a person wrote cannot be used; carries every problem found. */
export class ToolSourceFailure extends RuntimeFailure {
  readonly problems: readonly ManifestProblem[];

  /** @param problems - at least one, in file order */
  constructor(problems: readonly ManifestProblem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      [`Cannot use the tools: ${count}`, ...problems.slice(0, manifestProblemsMax).map(formatManifestProblem)].join(
        "\n",
      ),
      {
        code: "tool_source_invalid",
        retry: "never",
      },
    );
    this.problems = problems;
  }
}
