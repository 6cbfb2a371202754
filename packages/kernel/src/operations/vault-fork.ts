/**
 * `vault.fork`: from here on the log is another vault's, that goes on from a copy of what its parent was. Host only.
 *
 * It is the first entry that a fork makes itself. The fork has its own id, records its own keys and is held; what was under
 * way is its parent's to bring to an end. It may come any time after the entry before it: a fork lives now, not then.
 * Source: docs/decisions/0027-forks.md.
 */
import { isPath } from "../authority/permission.ts";
import { integer, list, oneOf, record, textThat } from "../codec/shape.ts";
import { digest, vaultId } from "../codec/shapes.ts";
import { accept, openVault, type OperationKind, refuse } from "../decision.ts";
import type { Digest } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Makes what follows another vault. */
export interface VaultFork {
  readonly type: "vault.fork";
  /** The fork's own id, drawn at random by the host. */
  readonly vault: string;
  /** Id of the vault whose entries stand before this one. */
  readonly parent: string;
  /** Its last entry that the fork shares: the one before this. */
  readonly position: number;
  /** Of that entry. */
  readonly digest: Digest;
  /** Root of the tree over all entries up to it. */
  readonly root: Digest;
  /** Folders that are elsewhere for the fork. Where one lies in another, the inner one holds. */
  readonly moves: readonly FolderMove[];
}

/** A folder of the parent, and what the fork has in its place. */
export interface FolderMove {
  readonly from: string;
  readonly to: string;
}

const folder = textThat((value) => value !== "/" && isPath(value), "an absolute folder other than /");

/** How it is read and decided. */
export const vaultFork: OperationKind<VaultFork> = {
  shape: record<VaultFork>({
    type: oneOf("vault.fork"),
    vault: vaultId,
    parent: vaultId,
    position: integer(1, Number.MAX_SAFE_INTEGER),
    digest,
    root: digest,
    moves: list(record<FolderMove>({ from: folder, to: folder }), { max: fixedLimits.folderMovesMax }),
  }),
  hostOnly: true,
  decide: (state, { vault, parent, position }, moment) => {
    const here = openVault(state).vault;
    if (parent !== here) return refuse({ code: "fork_mismatch", field: "parent", wanted: here });
    if (position !== moment.position - 1)
      return refuse({ code: "fork_mismatch", field: "position", wanted: String(moment.position - 1) });
    if (vault === here) return refuse({ code: "fork_of_itself", vault });
    return accept({
      type: "vault.forked",
      schema: 1,
      vault,
      abandoned: state.effects.size,
      released: state.leases.size,
    });
  },
};
