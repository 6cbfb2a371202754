/**
 * The keeper of a vault's proofs: signs checkpoints, has the known-vaults file follow them, and writes snapshots.
 *
 * Signing happens between two flushes, when the fold stands still; files are written beside the writer, one after another.
 */
import type { RecordedEntry } from "@toka/kernel";
import { originOf, signCheckpoint } from "./checkpoint.ts";
import type { Fold } from "./fold.ts";
import { recordKnownVault } from "./known-vaults.ts";
import { checkpointEntriesMax, snapshotEntriesMax } from "./limits.ts";
import type { CheckpointRow, Log } from "./log.ts";
import type { NoteSigner } from "./note.ts";
import { takeSnapshot, writeSnapshot, type SnapshotText } from "./snapshot.ts";

/** What a keeper works with. */
export interface KeeperParts {
  readonly log: Log;
  readonly signer: NoteSigner;
  /** `vault-…` and the real path of its folder, as known-vaults names it. */
  readonly vault: string;
  readonly path: string;
  /** Path of the known-vaults file; null when nothing is to be kept outside the vault. */
  readonly knownVaults: string | null;
  readonly snapshotPath: string;
  /** Called when a snapshot of so many entries was written, before the next one is. */
  readonly onSnapshot?: (size: number) => Promise<void>;
  /** Told of trouble that stops nobody now: the next checkpoint tries again. */
  readonly onTrouble: (thrown: unknown) => void;
}

/** What the files are to follow: a checkpoint, and a snapshot that may be older than it. */
interface Following {
  readonly note: string;
  readonly size: number;
  readonly snapshot: SnapshotText | undefined;
}

/** Keeps the proofs of one open vault. */
export class Keeper {
  readonly #parts: KeeperParts;
  #checkpointSize: number;
  #snapshotSize: number;
  /** A snapshot was taken and is not written yet. */
  #snapshotUnderWay = false;
  #next: Following | undefined;
  #files: Promise<void> = Promise.resolve();

  /**
   * @param parts what it works with
   * @param sizes entries covered by the last checkpoint in the log and by the last usable snapshot
   */
  constructor(parts: KeeperParts, sizes: { readonly checkpoint: number; readonly snapshot: number }) {
    this.#parts = parts;
    this.#checkpointSize = sizes.checkpoint;
    this.#snapshotSize = sizes.snapshot;
  }

  /**
   * Whether a checkpoint is due once these entries are durable: a session ends with them, or enough entries have come.
   *
   * @returns true when `atRest` is to be called
   */
  isDue(entries: readonly RecordedEntry[]): boolean {
    const size = entries.at(-1)?.entry.position ?? 0;
    return size - this.#checkpointSize >= checkpointEntriesMax || entries.some(endsSession);
  }

  /** Signs a checkpoint of the fold, which stands still at the end of what is durable. It never throws. */
  async atRest(fold: Fold): Promise<void> {
    try {
      const lag = fold.head.position - this.#snapshotSize;
      // On a slow disk the next one waits: what is written must not fall ever further behind what is taken.
      await this.keep(fold, { snapshot: lag >= snapshotEntriesMax && !this.#snapshotUnderWay });
    } catch (thrown) {
      this.#parts.onTrouble(thrown);
    }
  }

  /**
   * Signs a checkpoint of the fold unless there is one already, and has the files follow.
   *
   * @param fold standing still
   * @param options `snapshot`: write one too
   * @returns the checkpoint, once it is in the log; `settled` tells when the files have followed
   * @throws a failure of the log
   */
  async keep(fold: Fold, { snapshot }: { readonly snapshot: boolean }): Promise<CheckpointRow> {
    const { log, signer, vault } = this.#parts;
    const size = fold.head.position;
    // What the log says, not what was asked of it: a checkpoint whose answer was lost may be there.
    const last = await log.lastCheckpoint();
    let note = last?.size === size ? last.note : undefined;
    if (note !== undefined && size === this.#checkpointSize && !(snapshot && size > this.#snapshotSize))
      return { size, note };
    if (note === undefined) {
      const previous = last?.size ?? 0;
      note = signCheckpoint(
        { origin: originOf(vault), size, root: fold.tree.root(), state: fold.stateDigest(), previous },
        signer,
      );
      await log.putCheckpoint({ size, note });
    }
    this.#checkpointSize = size;
    this.#follow({ note, size, snapshot: snapshot ? takeSnapshot(fold, note) : undefined });
    return { size, note };
  }

  /** Has the known-vaults file name the last checkpoint of the log, at first sight of the vault. */
  async remember(): Promise<void> {
    const last = await this.#parts.log.lastCheckpoint();
    if (last !== undefined) this.#follow({ note: last.note, size: last.size, snapshot: undefined });
    await this.#files;
  }

  /** Waits until the files have followed the last checkpoint. */
  async settled(): Promise<void> {
    await this.#files;
  }

  /** Has the files follow, the newest only: when they are slower than the log, what lies between is never written. */
  #follow(of: Following): void {
    if (of.snapshot !== undefined) this.#snapshotUnderWay = true;
    this.#next = { ...of, snapshot: of.snapshot ?? this.#next?.snapshot };
    this.#files = this.#files.then(() => this.#writeNext()).catch((thrown: unknown) => this.#parts.onTrouble(thrown));
  }

  async #writeNext(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    try {
      await this.#write(next);
    } finally {
      if (next.snapshot !== undefined) this.#snapshotUnderWay = this.#snapshotWaits();
    }
  }

  #snapshotWaits(): boolean {
    return this.#next?.snapshot !== undefined;
  }

  async #write({ note, size, snapshot }: Following): Promise<void> {
    const { knownVaults, path, vault, signer, snapshotPath } = this.#parts;
    // Known first: a snapshot may then never be ahead of what is known.
    if (knownVaults !== null)
      await recordKnownVault(knownVaults, { path, vault, key: signer.verifier.text, checkpoint: note, size });
    if (snapshot === undefined) return;
    await writeSnapshot(snapshotPath, snapshot);
    this.#snapshotSize = snapshot.size;
    await this.#parts.onSnapshot?.(snapshot.size);
  }
}

function endsSession({ entry }: RecordedEntry): boolean {
  return entry.operation.type === "session.end" && !("refusal" in entry.outcome);
}
