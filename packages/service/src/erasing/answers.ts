/** What is asked and answered about erasing contents. */
import type { Refusal } from "@toka/kernel";

/** What is to be erased: the payloads named, and those that the entries meant name. */
export interface EraseRequest {
  /** Commitments. */
  readonly payloads: readonly string[];
  /** Positions of entries. */
  readonly entries: readonly number[];
  /** Entries that concern this agent, by name or id; null for nobody's. */
  readonly agent: string | null;
  /** Entries that concern this session; null for none. */
  readonly session: string | null;
  /** Of the entries of agent and session, or of all, those before this position; null for no bound. */
  readonly before: number | null;
  /** The same by effective time, ms since 1970. */
  readonly beforeMs: number | null;
  /** In words, for the log; a plan needs none. */
  readonly reason: string;
  /** Only says what would be erased. */
  readonly dryRun: boolean;
}

/** A payload that stays, and what lives and needs it. */
export interface NeededPayload {
  readonly payload: string;
  readonly user: string;
}

/** What was erased, or would be. */
export interface EraseAnswer {
  readonly type: "planned" | "erased" | "refused";
  /** Payloads, and the bytes in them. */
  readonly payloads: number;
  readonly bytes: number;
  /** Of these, lists of changes that tell the digest of a file whose bytes are erased, which could be guessed against; their images go, too. */
  readonly changeLists: number;
  /** Payloads that were meant and stay; at most 100 of them are told. */
  readonly needed: readonly NeededPayload[];
  readonly neededCount: number;
  /** Payloads that were meant and had been erased before. */
  readonly gone: number;
  /** Positions of the entries that erased. */
  readonly entries: readonly number[];
  /** Whether the log's own files are rid of the bytes; false while somebody reads them, and in a plan. */
  readonly scrubbed: boolean;
  readonly refusal: Refusal | null;
}
