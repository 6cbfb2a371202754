/**
 * From an entry to its row: the columns by which it is found, each derived from the entry's text and the row before.
 * Source: docs/format.md, section "Columns".
 */
import type { Entry } from "@toka/kernel";
import type { LogRow } from "./log.ts";

/** An entry with its stored text and that text's digest. */
export interface EncodedEntry {
  readonly entry: Entry;
  readonly bytes: string;
  readonly digest: string;
}

/**
 * The row of an entry.
 *
 * @param encoded the entry as it is stored
 * @param previousTimeMs effective time of the row before, 0 for the first
 * @returns the row
 */
export function rowOf({ entry, bytes, digest }: EncodedEntry, previousTimeMs: number): LogRow {
  return {
    position: entry.position,
    digest,
    timeMs: Math.max(previousTimeMs, entry.stamp.timeMs),
    kind: entry.operation.type,
    principal: entry.stamp.principal,
    agent: named(entry, "agent"),
    session: named(entry, "session"),
    outcome: "refusal" in entry.outcome ? entry.outcome.refusal.code : "accepted",
    bytes,
  };
}

/** What the operation names itself, or else the first event that names one. */
function named(entry: Entry, field: "agent" | "session"): string | null {
  const own = text(entry.operation, field);
  if (own !== null || "refusal" in entry.outcome) return own;
  for (const event of entry.outcome.events) {
    const found = text(event, field);
    if (found !== null) return found;
  }
  return null;
}

function text(from: object, field: "agent" | "session"): string | null {
  const value: unknown = field in from ? (from as Record<string, unknown>)[field] : null;
  return typeof value === "string" ? value : null;
}
