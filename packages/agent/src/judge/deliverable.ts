/** What a judge may look at: files of the output folder, read through a port that the service gives. */

/** A file as it was when it was looked at. */
export interface Deliverable {
  /** Bytes of the whole file. */
  readonly size: number;
  /** The file, or its first `deliverableBytesMax` bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a file that an agent delivered.
 * Resolves to undefined when there is no such regular file; rejects when it is there and cannot be read.
 */
export type ReadDeliverable = (path: string) => Promise<Deliverable | undefined>;

/** Bytes of a deliverable that are looked into: a content check of more would hold the judge up. */
export const deliverableBytesMax = 16_777_216;

/** Characters of a file's beginning that are kept as evidence. */
export const excerptCharsMax = 400;
