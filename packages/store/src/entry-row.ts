/**
 * From an entry to its row: the columns by which it is found, each derived from the entry's text and the row before.
 * Source: docs/format.md, section "Columns".
 */
import { fixedLimits, type Entry } from "@toka/kernel";
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
    timeMs: timeAfter(entry, previousTimeMs),
    kind: entry.operation.type,
    principal: entry.stamp.principal,
    agent: named(entry, "agent"),
    session: named(entry, "session"),
    outcome: "refusal" in entry.outcome ? entry.outcome.refusal.code : "accepted",
    bytes,
  };
}

/** As the kernel reckons it: whatever was refused of a clock that jumped ahead moves no time. */
function timeAfter({ position, stamp, outcome }: Entry, previousTimeMs: number): number {
  const jumped = position > 1 && stamp.timeMs - previousTimeMs > fixedLimits.clockJumpMsMax;
  return jumped && "refusal" in outcome ? previousTimeMs : Math.max(previousTimeMs, stamp.timeMs);
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
