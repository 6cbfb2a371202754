/** The files that the laws are about: what git tracks, and what it would track once added. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tokenize, type Token } from "./tokens.ts";

/** A text file: its path from the repository's root, with `/`, and its whole text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A TypeScript file, read into tokens; `code` are the tokens without the comments. */
export interface Source extends TextFile {
  readonly tokens: readonly Token[];
  readonly code: readonly Token[];
}

/** A file above this is data, and no law reads it. */
const textBytesMax = 4 * 1024 * 1024;

/**
 * Reads one TypeScript file's text.
 *
 * @param file - its path and text.
 * @returns the file with its tokens.
 */
export function readSource(file: TextFile): Source {
  const tokens = tokenize(file.text);
  return { ...file, tokens, code: tokens.filter((token) => token.kind !== "comment") };
}

/**
 * Lists and reads the repository's text files.
 *
 * @param root - the repository's root folder, absolute.
 * @returns every file that is tracked or neither tracked nor ignored; without binary files, which hold a NUL.
 * @throws when `root` is no git repository.
 */
export function readRepository(root: string): readonly TextFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: textBytesMax,
  });
  return listed
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .flatMap((path) => {
      const bytes = readFileSync(join(root, path));
      return bytes.length > textBytesMax || bytes.includes(0) ? [] : [{ path, text: bytes.toString("utf8") }];
    });
}

/**
 * Picks the TypeScript files that the laws are about.
 *
 * @param files - text files, of the repository or planted ones.
 * @returns those that end in `.ts`, without declarations and fixtures, read into tokens.
 */
export function typescriptOf(files: readonly TextFile[]): readonly Source[] {
  return files
    .filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !path.includes("/fixtures/"))
    .map(readSource);
}
