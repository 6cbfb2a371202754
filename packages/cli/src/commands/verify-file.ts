/**
 * `toka verify FILE`: what a file proves, without any vault.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

import { proofs, ServiceFailure } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";

/** What `toka verify FILE` takes. */
export interface VerifyFileOptions {
  readonly file: string;
  readonly key?: string;
  readonly checkpoint?: string;
  readonly each: boolean;
  readonly json: boolean;
}

type FileVerdict = Awaited<ReturnType<typeof proofs.verifyFile>>;

/** Bytes of a key or a checkpoint in a file. */
const trustedBytesMax = 65_536;

/**
 * Verifies a file that came out of a vault.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0 when everything in the file is as it must be and continues the checkpoint that was given, if one was; else 1
 * @throws a failure when a file cannot be read
 */
export async function runVerifyFile(options: VerifyFileOptions, context: CommandContext): Promise<number> {
  const { file, key, checkpoint, each, json } = options;
  const at = (path: string): string => resolve(context.cwd, path);
  const verdict = await proofs.verifyFile({
    path: at(file),
    ...(key === undefined ? {} : { key: keyFrom(key, at(key)) }),
    ...(checkpoint === undefined ? {} : { checkpoint: trustedIn(at(checkpoint)) }),
    ...(each ? { onEntry: (position, word) => void context.stdout.write(`${position} ${word}\n`) } : {}),
  });
  if (json) await writeLine(context.stdout, showAsJson(verdict));
  else for (const line of tell(verdict, file)) await writeLine(context.stdout, line);
  return verdict.ok ? exitDone : exitFailed;
}

/**
 * Reads a key that is given as it is, or as a file that holds it.
 *
 * @param word - as given
 * @param path - the file that it would be
 * @returns the key
 * @throws a failure `malformed` when the file is too large
 */
export function keyFrom(word: string, path: string): string {
  return existsSync(path) ? trustedIn(path).trim() : word;
}

/**
 * Reads a key or a checkpoint.
 *
 * @param path - of the file
 * @returns its text
 * @throws a failure `malformed` when the file is too large
 */
export function trustedIn(path: string): string {
  const { size } = statSync(path);
  if (size > trustedBytesMax)
    throw new ServiceFailure("malformed", {
      message: `Cannot read ${path}: found ${size} bytes, wanted a key or a checkpoint of at most ${trustedBytesMax}`,
    });
  return readFileSync(path, "utf8");
}

function tell(verdict: FileVerdict, file: string): readonly string[] {
  const { ok, firstBad, kind, log, size, signedBy, continues, unproved } = verdict;
  if (firstBad !== undefined) {
    const place = firstBad.line === 0 ? "" : `:${firstBad.line}`;
    return [`verify: BAD at ${showOnOneLine(file)}${place}: ${showOnOneLine(firstBad.reason)}`];
  }
  const signed = {
    key: "the key given",
    checkpoint: "the key of the checkpoint given",
    file: "a key that only the file names",
  };
  return [
    // Somebody who reads one word must not read more than was shown.
    `verify: ${signedBy === "file" || !ok ? "HOLDS TOGETHER" : "OK"}, ${kind}${countsOf(verdict)}`,
    `log: ${showOnOneLine(log ?? "")}, ${size} entries, signed with ${signed[signedBy]}`,
    ...(continues === null ? [] : [`continues: the checkpoint given, of ${continues} entries`]),
    ...unproved.map((sentence) => `unproved: ${showOnOneLine(sentence)}`),
  ];
}

function countsOf({ entries, payloads }: FileVerdict): string {
  const counts = Object.entries(entries)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `, ${verdict} ${count}`);
  const { whole, absent, erased } = payloads;
  const gone = erased === 0 ? "" : `, erased ${erased}`;
  const kept = whole + absent + erased === 0 ? "" : `, payloads whole ${whole}, absent ${absent}${gone}`;
  return counts.join("") + kept;
}
