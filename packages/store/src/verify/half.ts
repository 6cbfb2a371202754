/**
 * One half of a log, verified on a thread of its own: the first from the beginning, the second from a kept state.
 *
 * Nothing is believed of the kept state: what the second half began with is compared with what the first half came to.
 */
import type { KnownVault } from "../known-vaults.ts";
import { digestText } from "../digest.ts";
import type { FamilyEngine } from "../families/engine.ts";
import { Fold } from "../fold.ts";
import { readUnchecked } from "../snapshot.ts";
import { vaultFiles } from "../vault-files.ts";
import { Decider, type EntriesReport } from "./decider.ts";
import { EntriesPart } from "./entries-part.ts";
import { PayloadsPart, type HalfEdge, type PayloadsReport } from "./payloads-part.ts";
import { firstDifferences } from "./reading.ts";
import type { Stretch } from "./stretch.ts";

/** Which half of which vault. */
export interface Half {
  /** Folder of the vault. */
  readonly dir: string;
  /** What known-vaults holds, read before either half. */
  readonly known: readonly KnownVault[];
  readonly stretch: Stretch;
  /** Path of the kept state that the second half goes on from; undefined for the first. */
  readonly state: string | undefined;
  /** A 32-bit integer that becomes something else than 0 when nobody waits for it any more. */
  readonly stop: SharedArrayBuffer;
}

/** Everything that the entries behind a position depend on. */
export interface Standing {
  readonly position: number;
  readonly digest: string;
  readonly timeMs: number;
  /** Digest of the state. */
  readonly state: string;
  /** Root of the tree. */
  readonly root: string;
  /** Size of the last checkpoint. */
  readonly checkpoint: number;
}

/** What was found of a half. */
export interface HalfFound {
  readonly entries: EntriesReport;
  readonly payloads: PayloadsReport;
  /** Where it ended. */
  readonly standing: Standing;
  readonly edge: HalfEdge;
}

/**
 * Verifies a half.
 *
 * @param half which one, and what runs bundles of families
 * @param begun told where it begins, before the first of its entries is looked at
 * @returns what was found; undefined when the log could not even be begun, or seems to be another vault's
 * @throws Error when the kept state is none, and when it was stopped; whatever deciding on such a state throws
 */
export function verifyHalf(
  { dir, known, stretch, state, stop, engine }: Half & { readonly engine: FamilyEngine },
  begun: (standing: Standing) => void,
): HalfFound | undefined {
  const files = vaultFiles(dir);
  const fold = state === undefined ? new Fold() : readUnchecked(state);
  const checkpoint = fold.head.position;
  const from = standingOf(fold, { root: fold.tree.root(), checkpoint });
  begun(from);
  const decider = new Decider(files, { engine, fold });
  const stopped = new Int32Array(stop);
  const made: { entries?: EntriesPart; payloads?: PayloadsPart } = {};
  const [ofEntries, ofPayloads] = firstDifferences(files, {
    makers: [
      (db, { base }) =>
        (made.entries = new EntriesPart(db, {
          judge: decider,
          known,
          base,
          stretch,
          tree: fold.tree,
          last: from.digest,
        })),
      (db, prefix) => (made.payloads = new PayloadsPart(db, { files, prefix, stretch })),
      () => ({ take: () => endIf(stopped), finish: () => undefined }),
    ],
    stretch,
  });
  const { entries, payloads } = made;
  if (entries === undefined || payloads === undefined || decider.isOfAnother) return undefined;
  return {
    entries: decider.report(ofEntries),
    payloads: payloads.report(ofPayloads),
    standing: standingOf(fold, { root: entries.root, checkpoint: decider.checkpoint }),
    edge: payloads.edge,
  };
}

/** From within, so that the log is closed before the thread ends. */
function endIf(stopped: Int32Array): void {
  if (Atomics.load(stopped, 0) !== 0) throw new Error("Cannot verify a half: it was stopped");
}

function standingOf(
  fold: Fold,
  { root, checkpoint }: { readonly root: Uint8Array; readonly checkpoint: number },
): Standing {
  const { position, digest, timeMs } = fold.head;
  return { position, digest, timeMs, state: fold.stateDigest(), root: digestText(root), checkpoint };
}
