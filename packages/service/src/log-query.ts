/**
 * Reads the log for a person: by agent, session, operation, cause, time and words, and on and on when following.
 */
import type { EntryFilter, MachinePort, RecordedEntry } from "@toka/kernel";

import type { LogQuery } from "./api.ts";
import { relatives } from "./causes.ts";
import { ServiceFailure } from "./failure.ts";
import { textMatcher } from "./log-text.ts";

/** Entries read at once: a page, of which nobody notices how long it takes. */
const pageEntries = 1000;

/** Entries read at once when words are looked for in all of them and their contents: a few milliseconds. */
const searchedEntries = 100;

/** What reading takes. */
export interface QueryParts {
  readonly machine: Pick<MachinePort, "view" | "read" | "find" | "watch" | "payload">;
  /** The position after which all entries have an effective time at or above a moment. */
  readonly seek: (timeMs: number) => Promise<number>;
  /** Ends a follow. */
  readonly signal: AbortSignal;
}

/**
 * Reads entries, those that are meant alone: what stands between them costs nothing.
 *
 * @param query - which entries
 * @param parts - the log, and what ends a follow
 * @returns the entries in order; ends at the head that was there at the start unless following
 * @throws a failure `malformed` when the query contradicts itself
 */
export async function* queryLog(query: LogQuery, parts: QueryParts): AsyncIterable<RecordedEntry> {
  const none = { text: null, session: null, causedBy: null, causesOf: null, sinceMs: null, untilMs: null };
  yield* entriesOf({ ...none, reader: null, limit: null, ...query }, parts);
}

/** With null for whatever was left out. */
type Asked = Required<LogQuery>;

async function* entriesOf(query: Asked, parts: QueryParts): AsyncIterable<RecordedEntry> {
  const { machine, signal } = parts;
  check(query);
  const range = await rangeOf(query, parts);
  const matches = query.text === null ? undefined : textMatcher(query.text, machine);
  const left = { count: query.limit ?? Number.POSITIVE_INFINITY };
  for await (const recorded of historyOf(query, { ...parts, ...range })) {
    if (left.count <= 0 || signal.aborted) return;
    if (matches !== undefined && !(await matches(recorded))) continue;
    left.count -= 1;
    yield recorded;
  }
  if (!query.follow || left.count <= 0) return;
  const filter = filterOf(query);
  for await (const recorded of machine.watch(Math.max(range.after, range.until), { signal, filter })) {
    if (matches !== undefined && !(await matches(recorded))) continue;
    left.count -= 1;
    yield recorded;
    if (left.count <= 0) return;
  }
}

interface Range {
  /** Position behind which they begin. */
  readonly after: number;
  /** Position of the last. */
  readonly until: number;
}

async function* historyOf(query: Asked, parts: QueryParts & Range): AsyncIterable<RecordedEntry> {
  const { machine, signal, until } = parts;
  if (query.causedBy !== null || query.causesOf !== null) {
    yield* relativesIn(query, parts);
    return;
  }
  const filter = filterOf(query);
  let { after } = parts;
  // The first page is as large as what is asked for.
  const page = query.text === null ? pageEntries : searchedEntries;
  let limit = query.text === null ? Math.min(page, query.limit ?? page) : page;
  while (after < until && !signal.aborted) {
    const found = await (Object.keys(filter).length === 0
      ? machine.read(after, { limit })
      : machine.find(filter, { after, limit }));
    for (const recorded of found) {
      after = recorded.entry.position;
      if (after > until) return;
      yield recorded;
    }
    if (found.length === 0) return;
    limit = page;
    // Whoever writes the log gets a turn between two pages.
    if (query.text !== null) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function* relativesIn(query: Asked, { machine, after, until }: QueryParts & Range): AsyncIterable<RecordedEntry> {
  const found =
    query.causedBy !== null
      ? await relatives(machine, { of: query.causedBy, which: "consequences" })
      : await relatives(machine, { of: query.causesOf ?? 0, which: "causes" });
  for (const recorded of found) {
    const { position } = recorded.entry;
    if (position > after && position <= until) yield recorded;
  }
}

async function rangeOf({ after, sinceMs, untilMs }: Asked, { machine, seek }: QueryParts): Promise<Range> {
  const head = await machine.view((state) => state.head.position);
  return {
    after: sinceMs === null ? after : Math.max(after, await seek(sinceMs)),
    until: untilMs === null ? head : Math.min(head, await seek(untilMs)),
  };
}

function filterOf({ agent, session, kind }: Asked): EntryFilter {
  return {
    ...(agent === null ? {} : { agent }),
    ...(session === null ? {} : { session }),
    ...(kind === null ? {} : { kind: kind.includes(".") || kind === "batch" ? kind : `${kind}.*` }),
  };
}

function check(query: Asked): void {
  const { causedBy, causesOf, agent, session, kind, follow, untilMs } = query;
  const related = causedBy !== null || causesOf !== null;
  if (causedBy !== null && causesOf !== null)
    throw contradiction("the causes of one entry and what another one led to");
  if (related && (agent !== null || session !== null || kind !== null))
    throw contradiction("what led to an entry, or came of it, and only some agent, session or operation");
  if (follow && (related || untilMs !== null)) throw contradiction("what is over already, and to follow what comes");
}

function contradiction(asked: string): ServiceFailure {
  return new ServiceFailure("malformed", {
    message: `Cannot read the log: found asked for ${asked}, wanted one of these`,
  });
}
