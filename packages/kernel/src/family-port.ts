/**
 * The port behind which the bundles of families run: what one is asked, and what it may answer.
 *
 * Source: docs/decisions/0032-families.md.
 */
import type { Content } from "./content.ts";
import type { AgentId, Digest, PrincipalId } from "./ids.ts";

/** One call, with all that its answer may depend on. */
export interface FamilyCalling {
  readonly family: string;
  readonly version: number;
  /** SHA-256 of the bundle's bytes. */
  readonly program: Digest;
  /** What is to run it, and nothing else. */
  readonly engine: string;
  /** The bundle as a payload. */
  readonly bundle: Content;
  readonly verb: string;
  /** Canonical JSON. */
  readonly body: string;
  /** Effective time, ms. */
  readonly timeMs: number;
  readonly position: number;
  readonly principal: PrincipalId;
  /** Its agent; null for a person or service. */
  readonly agent: AgentId | null;
  /** The canonical JSON of a row of the family; undefined when there is none. */
  readonly read: (key: string) => string | undefined;
}

/** A row written, or with null dropped. */
export interface FamilyWrite {
  readonly key: string;
  /** Canonical JSON. */
  readonly value: string | null;
}

/** What a family says has happened, and what that did to its rows. */
export interface FamilyHappening {
  readonly name: string;
  /** Canonical JSON. */
  readonly body: string;
  readonly writes: readonly FamilyWrite[];
}

/** Why a bundle gave no answer; the same on every machine. */
export type FamilyTrouble = "threw" | "steps" | "memory" | "answer" | "verb" | "body";

/** What a call comes to. */
export type FamilyAnswer =
  | { readonly events: readonly FamilyHappening[] }
  /** A code of the family's own, with canonical JSON beside it. */
  | { readonly refused: { readonly code: string; readonly detail: string } }
  | { readonly failed: FamilyTrouble; readonly message: string }
  /** The bundle is not here: nothing can be said, and nothing is recorded. */
  | { readonly absent: true };

/** What runs bundles: a pure function, bounded in steps and memory. */
export interface Families {
  answer(calling: FamilyCalling): FamilyAnswer;
}

/** Knows no bundle. */
export const noFamilies: Families = { answer: () => ({ absent: true }) };
