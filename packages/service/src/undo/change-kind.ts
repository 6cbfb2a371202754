/** Names what became of a path. */
import type { FileState } from "@toka/runtime";

import type { ChangeKind } from "./answers.ts";

/**
 * Names a change.
 *
 * @param change - the state of a path before and after; null stands for nothing there
 * @returns what became of it
 */
export function changeKind({
  before,
  after,
}: {
  readonly before: FileState | null;
  readonly after: FileState | null;
}): ChangeKind {
  if (before === null) return "created";
  if (after === null) return "deleted";
  if (before.type !== after.type) return "replaced";
  if (before.type === "directory") return "mode";
  if (before.type === "file" && after.type === "file" && before.digest === after.digest) return "mode";
  return "modified";
}
