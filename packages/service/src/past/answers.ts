/**
 * Answers about the past of a vault: its state after an entry, and what differs between two entries.
 */
import type { Supposition } from "@toka/kernel";
import type { Forked, replayUnder } from "@toka/store";

import type { StateAnswer, StateArea } from "../state/areas.ts";

/** Everything that lived in a vault after an entry, area by area. */
export type PastState = { readonly [Area in StateArea]: StateAnswer<Area> };

/** A stretch of the log to be decided again, and what is supposed. */
export interface ReplayRequest {
  /** The entry whose state to begin with, from 1. */
  readonly at: number;
  /** The last entry; null for the last one there is. */
  readonly to: number | null;
  readonly supposition: Supposition;
}

/** What came out otherwise. */
export type ReplayReport = Awaited<ReturnType<typeof replayUnder>>;

/** What is to be forked, and where to. */
export interface ForkRequest {
  /** The last entry that the fork shares; null for the last one there is. */
  readonly at: number | null;
  /** Absolute folder of the fork, empty or not there. */
  readonly into: string;
  /** The workspace, and an absolute folder for a copy of it as it was, empty or not there; null for no files. */
  readonly workspace: { readonly from: string; readonly to: string } | null;
}

/** A path that was left out of a copy. */
export interface LeftPath {
  readonly path: string;
  readonly reason: string;
}

/** What came of the files of a workspace. */
export interface ForkedFiles {
  /** Files, folders and links copied as they are. */
  readonly copied: number;
  /** Paths on which changes since then were taken back. */
  readonly takenBack: number;
  readonly left: readonly LeftPath[];
}

/** A fork that was made. It is held. */
export interface ForkAnswer extends Forked {
  /** Null when none were asked for. */
  readonly files: ForkedFiles | null;
}

/** One field of an entity that differs. */
export interface FieldChange {
  /** Such as `state` or `spent.toolCalls`; a list is compared as a whole. */
  readonly path: string;
  /** Null where there was nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

/** One entity that differs: the fields that do, or all of it where it stands on one side alone. */
export interface EntityChange {
  /** The table of the kernel's state that it stands in, such as `agents`. */
  readonly area: string;
  readonly id: string;
  /** What people call it; null when it has no name. */
  readonly name: string | null;
  readonly change: "added" | "removed" | "changed";
  /** Of an entity that changed; empty otherwise. */
  readonly fields: readonly FieldChange[];
  /** The entity that was added or removed; null for one that changed. */
  readonly entity: { readonly [field: string]: unknown } | null;
}

/** How many entities of an area differ. */
export interface AreaChanges {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

/** What differs in the state after one entry from that after another. */
export interface StateDiff {
  readonly from: { readonly position: number; readonly timeMs: number };
  readonly to: { readonly position: number; readonly timeMs: number };
  /** By area; those without a difference are left out. */
  readonly areas: { readonly [area: string]: AreaChanges };
  /** Entities that differ; `changes` has at most `diffEntitiesMax` of them. */
  readonly total: number;
  readonly changes: readonly EntityChange[];
}
