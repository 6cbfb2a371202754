/** Checking that an entry which makes another vault of a log says of the log before it what is so. */
import { digestText } from "../digest.ts";
import { recordOf } from "../read-stamp.ts";
import { differs, quoted } from "./finding.ts";

const marker = '"operation":{"type":"vault.fork",';

/** The log in front of an entry. */
export interface Before {
  /** Where the entry stands. */
  readonly position: number;
  /** Digest of the entry before it. */
  readonly digest: string;
  /** @returns the root of the tree over all entries before it */
  readonly root: () => Uint8Array;
}

/**
 * Whether an entry makes another vault of the log.
 *
 * @param text of the entry
 * @returns true for an operation `vault.fork`, whatever came of it
 */
export function forks(text: string): boolean {
  // Behind the stamp, which is of bounded length: a text that a caller chose cannot be taken for it, since quotes in it are escaped.
  return text.includes(marker);
}

/**
 * Compares what a fork says of its beginning.
 *
 * @param text of the entry, for which `forks` holds
 * @param before the log in front of it
 * @throws Differs
 */
export function checkFork(text: string, { position, digest, root }: Before): void {
  const said = recordOf(recordOf(parsed(text))["operation"]);
  if (said["digest"] !== digest)
    differs(
      position,
      `it goes on from another entry ${position - 1}: found ${quoted(said["digest"])}, wanted ${digest}`,
    );
  const wanted = digestText(root());
  if (said["root"] !== wanted)
    differs(position, `it goes on from other entries: found the root ${quoted(said["root"])}, wanted ${wanted}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
