/**
 * A witness that is a git repository: the checkpoint as a note on its current commit, which goes wherever the notes are pushed.
 */
import { execFile } from "node:child_process";

import type { Handed, Handing } from "./handing.ts";

/** Where the notes are; their history keeps every checkpoint. */
const notesRef = "refs/notes/toka";

/** Milliseconds that git may take. */
const gitTimeoutMs = 30_000;

/** Nothing of the repository's own is run, and what is written is on the disk when git ends. */
const settings = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "commit.gpgSign=false",
  "core.fsync=loose-object,reference",
  "core.fsyncMethod=fsync",
  "user.name=toka",
  "user.email=toka@localhost",
];

/**
 * Keeps a checkpoint as a note on the current commit of a repository, in the place of one that is there.
 *
 * @param folder - of the repository, absolute
 * @param handed - the checkpoint
 * @returns what came of it
 */
export async function keepInGitNote(folder: string, { head }: Handed): Promise<Handing> {
  const options = settings.flatMap((setting) => ["-c", setting]);
  const command = ["-C", folder, ...options, "notes", `--ref=${notesRef}`, "add", "--force", "--file=-", "HEAD"];
  return new Promise((done) => {
    const git = execFile("git", command, { timeout: gitTimeoutMs }, (error, _, stderr) => {
      if (error === null) done({ type: "kept", cosignatures: "" });
      else done({ type: "failed", reason: stderr.trim().split("\n").at(-1) || error.message });
    });
    // A git that ends before it has read is told by its exit.
    git.stdin?.on("error", () => {});
    git.stdin?.end(head.note);
  });
}
