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
import { openCheckpoint } from "./checkpoint.ts";
import { StoreFailure } from "./failure.ts";
import { Fold } from "./fold.ts";
import { keptStates } from "./kept-states.ts";
import type { LogHead } from "./log.ts";
import { verifierOf, type NoteVerifier } from "./note.ts";
import { replay } from "./replay.ts";
import { readSnapshot } from "./snapshot.ts";
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
  const verifier = verifierOf(key);
  if (verifier === undefined) throw damaged(dir, "its key is not a public key");
  const files = vaultFiles(dir);
  const log = openReadOnlyLog(files.log);
  try {
    const fold = await nearest(at, { folder: files.states, log, verifier });
    await replay(fold, { log, until: at });
    if (fold.head.position !== at) throw damaged(dir, `its log ends at entry ${fold.head.position}`);
    const seen = look(fold.state);
    await vouch(fold, { dir, log, verifier, head });
    return seen;
  } finally {
    log.close();
  }
}

interface Reading {
  readonly log: ReadOnlyLog;
  readonly verifier: NoteVerifier;
}

/** The fold at the last usable kept state that is not beyond `at`, or at nothing. */
async function nearest(at: number, { folder, ...against }: Reading & { readonly folder: string }): Promise<Fold> {
  const kept = (await keptStates(folder)).filter(({ size }) => size <= at);
  for (const { size } of kept.toReversed()) {
    const found = await readSnapshot(join(folder, String(size)), against);
    // Under another name than its own it would be a state of another moment.
    if ("fold" in found && found.fold.head.position === size) return found.fold;
  }
  return new Fold();
}

/** Reads on to where somebody vouches for all entries so far: the next signed head, or the last entry that the caller knows. */
async function vouch(
  fold: Fold,
  { dir, log, verifier, head }: Reading & Pick<PastOptions, "dir" | "head">,
): Promise<void> {
  const [signed] = await log.checkpoints({ after: fold.head.position - 1, limit: 1 });
  const until = Math.min(signed?.size ?? Number.POSITIVE_INFINITY, head.position);
  await replay(fold, { log, until });
  if (fold.head.position !== until) throw damaged(dir, `its log ends at entry ${fold.head.position}`);
  if (until === head.position) {
    if (fold.head.digest !== head.digest) throw damaged(dir, `entry ${until} is not the one that it was`);
    return;
  }
  const checkpoint = signed === undefined ? undefined : openCheckpoint(signed.note, verifier);
  if (checkpoint?.size !== until || !fold.tree.root().equals(Buffer.from(checkpoint.root)))
    throw damaged(dir, `its first ${until} entries are not those that its key signed`);
}

function damaged(dir: string, state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot read the past of the vault ${dir}: ${state}; "toka verify" names the first entry that differs`,
    retry: "never",
  });
}
