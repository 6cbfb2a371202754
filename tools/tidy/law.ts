/** What a law is: a rule of the house that a program can check. */
import { typescriptOf, type Source, type TextFile } from "./source.ts";

/** What a law reads. */
export interface Repository {
  /** Every text file. */
  readonly files: readonly TextFile[];
  /** The TypeScript files among them, in tokens. */
  readonly sources: readonly Source[];
}

/** A rule with a reader that finds where it is broken. */
export interface Law {
  /** The rule, as a sentence that is true of the repository. */
  readonly rule: string;
  /** Files in which the law is broken, each alone or together: proof that the law can catch something. */
  readonly planted: readonly (readonly TextFile[])[];
  /**
   * Finds where the rule is broken.
   *
   * @param repository - what to read.
   * @returns one line for each place, `path:line: what`, in a stable order; none when the rule is kept.
   */
  readonly broken: (repository: Repository) => readonly string[];
}

/**
 * Makes a repository of text files.
 *
 * @param files - read from disk, or planted.
 * @returns the same files, with the TypeScript ones read into tokens.
 */
export function repositoryOf(files: readonly TextFile[]): Repository {
  return { files, sources: typescriptOf(files) };
}

/**
 * The package that a path lies in.
 *
 * @param path - from the repository's root.
 * @returns such as `kernel` for `packages/kernel/src/ids.ts`; undefined outside `packages`.
 */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/**
 * Whether a file is part of a package's product, and no test of it.
 *
 * @param path - from the repository's root.
 * @returns true below `packages/NAME/src`.
 */
export function isProduct(path: string): boolean {
  return /^packages\/[^/]+\/src\//.test(path);
}

/**
 * Whether a file is a test, or helps tests only.
 *
 * @param path - from the repository's root.
 * @returns true in a `test` folder and for files named `*.test.ts` or `*.soak.ts`.
 */
export function isTest(path: string): boolean {
  return /(^|\/)test\//.test(path) || /\.(test|soak)\.ts$/.test(path);
}

/**
 * Makes a law of a reader that looks at one TypeScript file at a time.
 *
 * @param rule - the rule, as a sentence.
 * @param options - the planted files, and the reader; it returns lines without the path: `12: what`.
 * @returns the law.
 */
export function sourceLaw(
  rule: string,
  options: { readonly planted: readonly TextFile[]; readonly find: (source: Source) => readonly string[] },
): Law {
  return {
    rule,
    planted: options.planted.map((file) => [file]),
    broken: ({ sources }) =>
      sources.flatMap((source) => options.find(source).map((found) => `${source.path}:${found}`)),
  };
}
