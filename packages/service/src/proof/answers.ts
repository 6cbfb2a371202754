/**
 * What is asked of a vault's proofs, and answered.
 */
import type { ConsistencyDocument, InclusionDocument } from "@toka/store";

/** A signed head of the log. */
export interface SignedHead {
  /** Entries that it covers. */
  readonly size: number;
  /** The signed note. */
  readonly note: string;
  /** The public key that signed it, `name+id+base64`. */
  readonly key: string;
}

/** What is to be proved: that an entry stands in the log, or that the log only grew between two checkpoints. */
export type ProveRequest =
  | {
      readonly entry: number;
      /** Size of an older checkpoint that the proof is to lead to, too; null for none. */
      readonly from: number | null;
    }
  | {
      /** Sizes of two checkpoints; the log as it is when `to` is null. */
      readonly from: number;
      readonly to: number | null;
    };

/** Which part of a log is exported. */
export interface ExportRequest {
  /** Name or id of an agent; null for everybody's entries. */
  readonly agent: string | null;
  /** First position. */
  readonly from: number;
  /** Last position; null for the end of the log. */
  readonly to: number | null;
  /** Leaves every payload out: their commitments stay. */
  readonly redact: boolean;
}

/** A proof, as it is written to a file. */
export type ProofDocument = ConsistencyDocument | InclusionDocument;
