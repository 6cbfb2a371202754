/**
 * The state as it was after an entry, read from the files of a vault beside whoever has it open.
 *
 * It is made from the nearest kept state before and the entries since then, or from all entries. The entries are read on to
 * the next signed head of the log, or to the entry that the caller knows for its last: so what is told of the past is what
 * the vault vouches for, also when somebody changed the files a moment ago.
 */
import type { KernelState } from "@toka/kernel";
import { join } from "node:path";
import { openReadOnlyLog, type ReadOnlyLog } from "./backends/sqlite/read-only.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { leafDigest } from "./digest.ts";
import { StoreFailure } from "./failure.ts";
import { Fold } from "./fold.ts";
import { keptStates } from "./kept-states.ts";
import type { LogHead } from "./log.ts";
import { CompactRange } from "./merkle.ts";
import { type NoteVerifier, verifierOf } from "./note.ts";
import { replay } from "./replay.ts";
import { readSnapshot, snapshotSize } from "./snapshot.ts";
import { vaultFiles } from "./vault-files.ts";

/** Whose past is asked for. */
export interface PastOptions {
  /** Folder of the vault. */
  readonly dir: string;
  /** The public key that signs its checkpoints, as an open vault tells it. */
  readonly key: string;
  /** Its last entry, as an open vault tells it. */
  readonly head: Pick<LogHead, "position" | "digest">;
}

/**
 * Looks at the state as it was after an entry.
 *
 * @param at the entry; 0 is the state before the first
 * @param options which vault, and `look`, which must not hold on to the state
 * @returns what `look` returns
 * @throws StoreFailure `position_beyond` when the log is shorter; `vault_damaged` when its files are not those of the vault
 */
export async function lookAtPast<T>(
  at: number,
  options: PastOptions & { readonly look: (state: KernelState) => T },
): Promise<T> {
  const { dir, key, head, look } = options;
  if (at > head.position)
    throw new StoreFailure("position_beyond", {
      message: `Cannot read the state after entry ${at}: the log ends at entry ${head.position}`,
      retry: "later",
    });
  const log = openReadOnlyLog(vaultFiles(dir).log);
  try {
    const fold = await foldAt(at, { dir, log, key });
    const seen = look(fold.state);
    await vouchFor(fold, { dir, log, key, head });
    return seen;
  } finally {
    log.close();
  }
}

/** A log, and the key that signs for its vault. */
export interface PastLog extends Pick<PastOptions, "dir" | "key"> {
  readonly log: ReadOnlyLog;
}

/**
 * The fold after an entry, for which nobody vouches yet.
 *
 * @param at the entry
 * @param of which log
 * @returns the fold, from the nearest kept state on
 * @throws StoreFailure `vault_damaged` where an entry does not follow the one before
 */
export async function foldAt(at: number, { dir, log, key }: PastLog): Promise<Fold> {
  const fold = (await nearest(at, { dir, log, key })) ?? new Fold();
  await replay(fold, { log, until: at });
  if (fold.head.position !== at) throw damaged(dir, `its log ends at entry ${fold.head.position}`);
  return fold;
}

/**
 * Reads on to where somebody vouches for all entries so far: the next head that the vault signed itself, or the last entry that
 * the caller knows. Of what lies behind the fold nothing is folded.
 *
 * @param fold standing where it was made for; it is not moved
 * @param of which log, and its last entry
 * @throws StoreFailure `vault_damaged` when they are other entries than that
 */
export async function vouchFor(
  fold: Fold,
  { dir, log, key, head }: PastLog & Pick<PastOptions, "head">,
): Promise<void> {
  const verifier = verifierOf(key);
  if (verifier === undefined) throw damaged(dir, "its key is not a public key");
  // A parent's signature is as good as the parent: what a fork vouches for it signed itself.
  const after = Math.max(fold.head.position - 1, log.base);
  const before = fold.state.vault?.keys.flatMap(({ publicKey }) => verifierOf(publicKey) ?? []) ?? [];
  const checkpoint = await nextSigned(log, { after, verifier, before, dir });
  const until = Math.min(checkpoint?.size ?? Number.POSITIVE_INFINITY, head.position);
  const tree = new CompactRange({ size: fold.head.position, peaks: fold.tree.peaks });
  let last = fold.head.digest;
  while (tree.size < until) {
    const rows = await log.read({ after: tree.size, limit: until - tree.size });
    if (rows.length === 0) throw damaged(dir, `its log ends at entry ${tree.size}`);
    for (const { position, bytes } of rows) {
      if (!bytes.startsWith(`{"position":${tree.size + 1},"previous":"${last}",`))
        throw damaged(dir, `entry ${position} does not follow the one before it`);
      last = leafDigest(bytes);
      tree.append(last);
    }
  }
  if (until === head.position) {
    if (last !== head.digest) throw damaged(dir, `entry ${until} is not the one that it was`);
    return;
  }
  if (checkpoint?.size !== until || !tree.root().equals(Buffer.from(checkpoint.root)))
    throw damaged(dir, `its first ${until} entries are not those that its key signed`);
}

/** The next checkpoint that the vault signed itself: one that was restored holds those of the vault that it comes from, too. */
async function nextSigned(
  log: ReadOnlyLog,
  of: {
    readonly after: number;
    readonly verifier: NoteVerifier;
    readonly before: readonly NoteVerifier[];
    readonly dir: string;
  },
): Promise<Checkpoint | undefined> {
  for (let at = of.after; ;) {
    const [row] = await log.checkpoints({ after: at, limit: 1 });
    if (row === undefined) return undefined;
    const { size, note } = row;
    const checkpoint = openCheckpoint(note, of.verifier);
    if (checkpoint?.size === size) return checkpoint;
    if (!of.before.some((verifier) => openCheckpoint(note, verifier)?.size === size))
      throw damaged(of.dir, `its first ${size} entries are not those that its key signed`);
    at = size;
  }
}

/** The fold at the last usable kept state that is not beyond `at`. */
async function nearest(at: number, { dir, log, key }: PastLog): Promise<Fold | undefined> {
  const own = vaultFiles(dir);
  const places = [{ files: own, keys: [key], upTo: at }];
  for (const { folder, keys, upTo } of log.parts) places.push({ files: vaultFiles(folder), keys: [...keys], upTo });
  for (const { files, keys, upTo } of places) {
    const verifiers = keys.flatMap((one) => verifierOf(one) ?? []);
    const kept = (await keptStates(files.states)).filter(({ size }) => size <= at && size <= upTo);
    // The last snapshot is a state like the others, and often the nearest.
    const paths = [files.snapshot, ...kept.toReversed().map(({ size }) => join(files.states, String(size)))];
    const sizes = [snapshotSize(files.snapshot), ...kept.toReversed().map(({ size }) => size)];
    for (const [index, path] of paths.entries()) {
      const size = sizes[index];
      if (size === undefined || size > Math.min(at, upTo)) continue;
      for (const verifier of verifiers) {
        const found = await readSnapshot(path, { log, verifier });
        // Under another name than its own it would be a state of another moment.
        if ("fold" in found && found.fold.head.position === size) return found.fold;
      }
    }
  }
  return undefined;
}

function damaged(dir: string, state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot read the past of the vault ${dir}: ${state}; "toka verify" names the first entry that differs`,
    retry: "never",
  });
}
