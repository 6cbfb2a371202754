/**
 * The bytes of an entry, as they lie in the log.
 */
import { encodeEntry, type RecordedEntry } from "@toka/kernel";

/**
 * Writes an entry as it is stored: SHA-256 over a zero byte and these bytes is its digest.
 *
 * @param recorded - an entry of a log
 * @returns one line of JSON
 */
export function storedBytes(recorded: RecordedEntry): string {
  return encodeEntry(recorded.entry);
}
