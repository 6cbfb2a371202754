/** Keeps of the entries that somebody watches those that pass a filter, as finding them by the index would. */
import { encodeEntry, type RecordedEntry } from "@toka/kernel";
import { rowOf } from "./entry-row.ts";
import { ownersMax } from "./limits.ts";
import type { LogFilter, LogRow } from "./log.ts";
import { holds } from "./log-order.ts";
import { Traces } from "./traces.ts";

/**
 * Keeps entries that pass a filter.
 *
 * @param entries in the order of the log
 * @param how the filter, and how the text of an entry is read that came before
 * @returns those that pass
 */
export async function* passing(
  entries: AsyncIterable<RecordedEntry>,
  { filter, read }: { readonly filter: LogFilter; readonly read: (position: number) => Promise<string | undefined> },
): AsyncGenerator<RecordedEntry, void, undefined> {
  let traces = new Traces();
  let seen = 0;
  for await (const recorded of entries) {
    const { entry, digest } = recorded;
    const row: LogRow = rowOf({ entry, digest, bytes: encodeEntry(entry) }, 0);
    // What was learnt is forgotten now and then, so that it stays in bounds: it is read again when it is needed.
    seen += 1;
    if (seen % ownersMax === 0) traces = new Traces();
    traces.learn(entry.position, row.bytes);
    // First whose the named things are, then of which session these agents are.
    for (let round = 0; round < 2; round += 1)
      for (const position of traces.missing(row)) {
        const text = await read(position);
        if (text !== undefined) traces.learn(position, text);
      }
    if (holds(row, { filter, traces })) yield recorded;
  }
}
