/** The store's limits: each with its unit in the name and its reason beside it. */

/** Operations that may wait for a flush. Beyond it submit fails with `queue_full`: a caller that cannot wait must slow down, memory must not grow. */
export const queueOperationsMax = 50_000;

/** Bytes of payload drafts that may wait for a flush (256 MiB): bounds the memory that waiting callers can hold. */
export const queueBytesMax: number = 256 * 1024 * 1024;

/** Operations decided and appended in one transaction: keeps one flush, and so one pause of the process, below about 100 ms. */
export const flushOperationsMax = 2_048;

/** Flushes decided and not yet durable: one is made durable while the next waits behind it and a third is being decided. More would only hold more memory. */
export const flushesInFlightMax = 2;

/** Operations from which a flush is parted in two, so that the second half is decided while the first becomes durable: below it the disk's part of two commits costs more than the overlap saves. */
export const flushPartedFrom = 48;

/** Rows of a flush from which it is worth the way to the writing thread: fewer are on the disk sooner from here. */
export const threadRowsMin = 16;

/** Milliseconds without a large append after which the threads beside a log end: starting them takes a tenth of a second, holding them some 40 MB. */
export const threadIdleMs = 10_000;

/** Bytes of payloads in one flush (64 MiB), unless a single operation brings more: bounds the pause that a flush is. */
export const flushBytesMax: number = 64 * 1024 * 1024;

/** Bytes up to which a sealed payload keeps a copy to itself (64 KiB); a larger one is hashed again when it is submitted. */
export const sealedCopyBytesMax = 65_536;

/** Bytes of one payload (128 MiB): a before-image of a large file fits, a single row never threatens memory. */
export const payloadBytesMax: number = 128 * 1024 * 1024;

/** Bytes of salt before a payload's bytes in its commitment: 128 bits cannot be guessed back. */
export const saltBytes = 16;

/** Entries kept decoded in memory for watchers: a watcher that is further behind reads from the log. */
export const recentEntriesMax = 4_096;

/** Entries a single read returns at most: one page stays within a few megabytes. */
export const readEntriesMax = 4_096;

/** Entries after which a checkpoint is signed and the known checkpoint advances: the window in which a rollback stays unseen is at most this. */
export const checkpointEntriesMax = 10_000;

/** Entries after which a snapshot is written: bounds the replay at the next open to a fraction of a second. */
export const snapshotEntriesMax = 20_000;

/** Entries between two kept states: the state after any entry is had by replaying about as many, which takes half a second, and verification finds one near the middle of the log. */
export const keptStateEntriesMin = 20_000;

/** Kept states together take at most this part of what the log takes: a fourth. */
export const keptStatesPartOfLog = 4;

/** Bytes that kept states may take however small the log is (16 MiB). */
export const keptStatesBytesMin: number = 16 * 1024 * 1024;

/** Things whose agent is remembered while entries are looked at one after the other: a megabyte or two. */
export const ownersMax = 8_192;

/** Rows of one slice in which the lookup index follows the log, and the lag that starts it in a pause: a slice is written in a few milliseconds. */
export const lookupLagMax = 2_048;

/** Rows the lookup index may lag behind while appends do not pause: bounds the wait of the first reader to about a second. */
export const lookupLagBusyMax = 100_000;

/** Rows of one slice while appends do not pause: larger, since a slice costs a row of the index for every agent in it. */
export const lookupSliceBusyMax = 16_384;

/** Bytes from which a segment of a log in segment files is followed by another (16 MiB): what is read back and written anew at each opening. */
export const segmentBytesMax: number = 16 * 1024 * 1024;

/** Pages of the write-ahead log after which an idle moment moves them into the database (4 KiB each, so 4 MiB). */
export const walPagesIdleMax = 1_024;

/** Pages of the write-ahead log after which they are moved even when busy (32 MiB): the file must not grow without bound. */
export const walPagesBusyMax = 8_192;

/**
 * Pages that come to the write-ahead log while it is moved, after which an append waits for the end of that (24 MiB): together with
 * those of before and a last flush no more than is kept of the file.
 */
export const walPagesAheadMax = 6_144;

/**
 * Bytes to which the write-ahead log file is cut after it was moved into the database (64 MiB). Twice what is moved when busy, since
 * it goes on growing until that is done: a file that was cut has to grow again, and an append that makes a file longer waits for the
 * file system's journal, too.
 */
export const walBytesKept: number = 64 * 1024 * 1024;

/** Milliseconds after which the write-ahead log is looked at again, when somebody read there and what was erased could not be removed. */
export const scrubAgainMs = 250;

/**
 * Milliseconds to wait for a lock on a file of the log. Beside its one writer SQLite takes such locks for moments: whoever
 * comes first to a write-ahead log left by a process that died reads it whole, and whoever leaves last removes it.
 */
export const fileLockWaitMs = 5_000;

/** Milliseconds to wait for the lock of the known-vaults file: its holder only rewrites one small file. */
export const knownVaultsLockMs = 5_000;

/** Bytes of the known-vaults file (4 MiB, some ten thousand vaults): a larger one is not ours. */
export const knownVaultsBytesMax: number = 4 * 1024 * 1024;

/** Entries after which a segment of a backup ends at the next checkpoint: a few seconds of work that a crash loses, and what the next run reads again. */
export const segmentEntriesMin = 50_000;
/** Forks one in another whose logs are read as one: each is an attached file, and SQLite has ten; the lookup index is another. */
export const forksDeepMax = 8;
