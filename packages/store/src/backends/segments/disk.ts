/**
 * The disk as a log of segment files needs it: a folder of files that only grow, and what makes their bytes and names last.
 *
 * What was appended is on the disk when `sync` has resolved, and a name when `syncFolder` has. Before that a crash may leave any of
 * it, in any pieces. After a `sync` that failed nobody knows: what can still be read may be gone with the next crash, and a later
 * `sync` that succeeds says nothing of it. Source: "PostgreSQL's fsync() surprise", https://lwn.net/Articles/752063/.
 */

/** A file that is open for its one writer. */
export interface DiskFile {
  /** Writes all bytes behind the last one; durable after `sync`. When it fails, some of them may have been written. */
  append(bytes: Uint8Array): Promise<void>;
  /** Cuts the file to a length; durable after `sync`. */
  truncate(size: number): Promise<void>;
  /** Makes what was appended durable, and the length with it (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** One folder of files, of one writer. A method that cannot do its work throws the system's error. */
export interface Disk {
  /** @returns the names in the folder, in any order */
  list(): Promise<readonly string[]>;
  /** @returns the file's bytes, or those of a part of it: fewer where it ends before */
  read(name: string, part?: { readonly offset: number; readonly length: number }): Promise<Uint8Array>;
  /** Opens a file for appending; it is made when absent. */
  open(name: string): Promise<DiskFile>;
  /** Gives a file another name, in place of whatever had it; durable after `syncFolder`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, if there is one; durable after `syncFolder`. */
  remove(name: string): Promise<void>;
  /** Makes the names in the folder durable. */
  syncFolder(): Promise<void>;
}
