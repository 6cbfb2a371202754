/**
 * Folders that are elsewhere for a fork: whatever of the state names a path in one of them names the fork's own instead. So its
 * agents work on its files and have no right to its parent's.
 */
import { movedIn } from "../codec/moved.ts";
import { isCovered } from "../authority/covers.ts";
import type { GrantId } from "../ids.ts";
import type { FolderMove } from "../operations/vault-fork.ts";
import type { LiveState } from "../state/live-state.ts";

/** Moves every path of the state but those of the vault itself. A grant keeps of it what the grant above still covers: none is wider than the one above. */
export function moveFolders(state: LiveState, moves: readonly FolderMove[]): void {
  if (moves.length === 0) return;
  for (const grant of [...state.grants.values()]) if (grant.parent === null) moveGrant(state, { id: grant.id, moves });
  for (const tool of [...state.tools.values()])
    state.table.tools.replace(tool, { ...tool, permissions: movedIn(tool.permissions, moves) });
  for (const definition of [...state.definitions.values()])
    state.table.definitions.replace(definition, { ...definition, part: movedIn(definition.part, moves) });
  for (const session of [...state.sessions.values()]) {
    const { workspace, output } = session;
    const folders = { workspace: movedIn(workspace, moves), output: movedIn(output, moves) };
    state.table.sessions.replace(session, { ...session, ...folders });
  }
}

// From the top down, as deep as delegation goes.
function moveGrant(
  state: LiveState,
  { id, moves }: { readonly id: GrantId; readonly moves: readonly FolderMove[] },
): void {
  const grant = state.grants.get(id);
  if (grant === undefined) return;
  const above = grant.parent === null ? undefined : state.grants.get(grant.parent);
  const moved = movedIn(grant.permissions, moves);
  const permissions = above === undefined ? moved : moved.filter((one) => isCovered(above.permissions, one));
  state.table.grants.replace(grant, { ...grant, permissions });
  for (const below of [...state.index.grantsBelow.idsOf(id)]) moveGrant(state, { id: below, moves });
}
