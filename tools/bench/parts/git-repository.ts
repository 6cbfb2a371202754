/** A repository for crews to work over: files in folders, and their history. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const filesPerFolder = 50;

/**
 * Makes a repository with a history of its own.
 *
 * @param workspace the folder to make
 * @param size how many files and commits; `home` is where git looks for settings
 */
export function makeRepository(
  workspace: string,
  { files, commits, home }: { readonly files: number; readonly commits: number; readonly home: string },
): void {
  mkdirSync(workspace);
  const who = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x" };
  const git = (args: readonly string[]): void => {
    execFileSync("git", [...args], {
      cwd: workspace,
      env: { PATH: process.env["PATH"] ?? "", HOME: home, GIT_CONFIG_NOSYSTEM: "1", ...who },
    });
  };
  git(["init", "-q"]);
  for (let file = 0; file < files; file += 1) {
    const folder = join(workspace, `folder-${Math.floor(file / filesPerFolder)}`);
    mkdirSync(folder, { recursive: true });
    const lines = Array.from({ length: 10 + (file % 200) }, (_, line) => `const value${line} = ${file * line};`);
    writeFileSync(join(folder, `file-${file}.${["ts", "py", "md", "go"][file % 4] ?? "ts"}`), `${lines.join("\n")}\n`);
    if ((file + 1) % (files / commits) === 0) {
      git(["add", "-A"]);
      git(["commit", "-q", "-m", `part ${file}`]);
    }
  }
}
