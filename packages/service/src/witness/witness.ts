/**
 * Witnesses: places outside of a vault that keep its checkpoints, so that a history that is rewritten later can be shown to be another.
 *
 * A checkpoint is handed over by the process of whoever asks, with that user's rights, and counts as delivered only when the other side
 * has it for good.
 */
import { resolve } from "node:path";

import { ServiceFailure } from "../failure.ts";
import { keepInFile } from "./file.ts";
import { keepInGitNote } from "./git-note.ts";
import type { Handed, Handing } from "./handing.ts";
import { postToWitness } from "./http.ts";

/**
 * Reads where a checkpoint is to go.
 *
 * @param word - `file:PATH`, `git:FOLDER`, or an address of http or https
 * @param cwd - what paths are relative to
 * @returns hands a checkpoint over
 * @throws a failure `witness_unknown` when it is none of these
 */
export function witnessFrom(word: string, cwd: string): (handed: Handed) => Promise<Handing> {
  const colon = word.indexOf(":");
  const [kind, rest] = [word.slice(0, Math.max(0, colon)), word.slice(colon + 1)];
  if (kind === "file" && rest !== "") return async (handed) => keepInFile(resolve(cwd, rest), handed);
  if (kind === "git" && rest !== "") return async (handed) => keepInGitNote(resolve(cwd, rest), handed);
  if ((kind === "http" || kind === "https") && URL.canParse(word)) return async (handed) => postToWitness(word, handed);
  throw new ServiceFailure("witness_unknown", {
    message: `Cannot hand a checkpoint to a witness: found ${word}, wanted file:PATH, git:FOLDER or the address of a witness`,
  });
}
