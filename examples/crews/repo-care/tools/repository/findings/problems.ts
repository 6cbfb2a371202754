/** Findings of a tool that knows only at the end what is one: gathered, bounded for each file, and left out where a comment allows it. */
import { toByteText } from "../catalogue/byte-text.ts";
import { isAllowed } from "./allowance.ts";
import { type Findings, type Severity, findingsOfFileMax } from "./findings.ts";

/** One problem. */
export interface Problem {
  readonly path: string; // byte text
  readonly line: number; // 0 for the whole file
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly excerpt?: string; // ordinary text
  /** Paths of which one would do, byte texts; when git ignores one of them, a build makes it and nothing is wrong. */
  readonly wanted?: readonly string[];
}

/** Comments that are remembered, and characters of each. */
const commentsMax = 100_000;
const commentCharsMax = 100;

/** Gathers problems. */
export class Problems {
  readonly #byFile = new Map<string, Problem[]>();
  readonly #overflowed = new Set<string>();
  readonly #commented = new Map<string, string>();

  /** Takes one problem; those of one file are bounded. */
  add(problem: Problem): void {
    const some = this.#byFile.get(problem.path) ?? [];
    this.#byFile.set(problem.path, some);
    if (some.length >= findingsOfFileMax) this.#overflowed.add(problem.path);
    else some.push(problem);
  }

  /** Remembers the lines of a file whose comments may allow something. */
  noteComments(path: string, text: string): void {
    if (!text.includes("toka:allow")) return;
    text.split("\n").forEach((line, index) => {
      if (!line.includes("toka:allow") || this.#commented.size >= commentsMax) return;
      this.#commented.set(`${path}\0${index + 1}`, line.slice(line.indexOf("toka:allow")).slice(0, commentCharsMax));
    });
  }

  /** Every path that would do, as byte texts. */
  get wanted(): ReadonlySet<string> {
    return new Set([...this.#byFile.values()].flatMap((some) => some.flatMap((problem) => problem.wanted ?? [])));
  }

  /**
   * Hands them over as findings.
   * @returns those that are none, because git ignores a path that would do
   */
  deliver(findings: Findings, ignored: ReadonlySet<string>): readonly Problem[] {
    const made: Problem[] = [];
    for (const problem of [...this.#byFile.values()].flat()) {
      const { wanted = [], excerpt, ...found } = problem;
      if (wanted.some((path) => ignored.has(path))) made.push(problem);
      else if (this.#allows(problem)) findings.allow(1);
      else findings.add({ ...found, column: 0, ...(excerpt === undefined ? {} : { excerpt: toByteText(excerpt) }) });
    }
    for (const path of this.#overflowed) findings.overflow(path);
    return made;
  }

  #allows({ path, line, rule }: Problem): boolean {
    const text = this.#commented.get(`${path}\0${line}`);
    return text !== undefined && isAllowed(text, { start: 0, end: 0, rule });
  }
}
