/**
 * What is answered about a family.
 */
import type { FamilyRow } from "../state/areas.ts";

/** A family as it stands. */
export interface FamilyAnswer {
  readonly position: number;
  readonly family: FamilyRow;
  /** What its bundle says of itself; null when the bundle is gone. */
  readonly description: FamilyShapes | null;
  /** Rows there are; `rows` has at most 10,000 of them. */
  readonly total: number;
  /** By key. */
  readonly rows: readonly { readonly key: string; readonly value: unknown }[];
}

/** What a family can be asked, and what can happen in it: by name the kind of each key of its body. */
export interface FamilyShapes {
  readonly operations: { readonly [verb: string]: { readonly [key: string]: string } };
  readonly events: { readonly [name: string]: { readonly [key: string]: string } };
}
