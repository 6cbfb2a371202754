/** Events of families. */
import type { FamilyWrite } from "../family-port.ts";

/** From now on this bundle decides what is asked of a family. */
export interface FamilyEnabled {
  readonly type: "family.enabled";
  readonly schema: 1;
  readonly family: string;
  readonly version: number;
  /** The version that stood before, whose rows it goes on with; null when there was none. */
  readonly replaced: number | null;
}

/** Something has happened that a family has a name for. */
export interface FamilyHappened {
  readonly type: "family.happened";
  readonly schema: 1;
  readonly family: string;
  /** Of the bundle that said so. */
  readonly version: number;
  /** The family's own name for it. */
  readonly name: string;
  /** What the family says of it, as canonical JSON. */
  readonly body: string;
  /** What that did to the family's rows. */
  readonly writes: readonly FamilyWrite[];
}

/** The events of this area. */
export type FamilyEvent = FamilyEnabled | FamilyHappened;
