/** What is asked and answered about changes and undos. */
import type { Refusal } from "@toka/kernel";
import type { FileState } from "@toka/runtime";

/** How a path differs: what came, went, or became something else. */
export type ChangeKind = "created" | "modified" | "deleted" | "mode" | "replaced";

/** Which changes to list. */
export interface ChangesQuery {
  /** Name or id of an agent. */
  readonly agent: string | null;
  readonly task: string | null;
  readonly session: string | null;
  /** An absolute path, which stands for all below it too, or an absolute pattern with `*`, `**` and `?`. */
  readonly path: string | null;
  /** Position: only what was settled behind it. */
  readonly since: number;
}

/** An effect, by its id and the position of its settlement. */
export interface EffectAt {
  readonly effect: string;
  readonly position: number;
}

/** One changed path, and who changed it under which grant. */
export interface ChangeRecord extends EffectAt {
  /** Of the settlement, ms since 1970. */
  readonly timeMs: number;
  /** Position of the request: `why` tells more of it. */
  readonly requested: number;
  readonly kind: string;
  readonly label: string;
  readonly tool: string | null;
  readonly agent: { readonly id: string; readonly name: string } | null;
  readonly task: string | null;
  readonly session: string | null;
  readonly principal: { readonly id: string; readonly name: string | null };
  /** The grant that it was asked under, and those above it up to the root. */
  readonly grants: readonly string[];
  /** For an undo, the effects that it took back. */
  readonly undoes: readonly string[];
  readonly undoneBy: EffectAt | null;
  readonly path: string;
  readonly change: ChangeKind;
  readonly before: FileState | null;
  readonly after: FileState | null;
}

/** What to undo. */
export interface UndoRequest {
  /** Id of an effect, a task, an agent or a session, its unique beginning, an agent's name, or a position in the log. */
  readonly target: string;
  /** Whether what was changed since is kept, where a text can be merged and a folder can stay. */
  readonly merge: boolean;
  /** Whether only to say what would be done. */
  readonly dryRun: boolean;
  /** Whether to show the lines that differ. */
  readonly diff: boolean;
}

/** One path that an undo changes. */
export interface UndoneChange {
  readonly path: string;
  readonly change: ChangeKind;
  readonly before: FileState | null;
  readonly after: FileState | null;
  readonly merged: boolean;
  /** Hunks of a unified diff; null when nobody asked, or there is nothing that can be shown line by line. */
  readonly diff: string | null;
}

/** One path that stands in the way. */
export interface BlockedPath {
  readonly path: string;
  readonly reason: string;
  /** What was found, and what was wanted. */
  readonly message: string;
  /** The effect whose change cannot be taken back. */
  readonly effect: string;
  /** The last effect that changed the path since; null when the log knows of none, so that a person or another program did. */
  readonly changedBy: (EffectAt & { readonly agent: string | null }) | null;
}

/** What is undone, and what comes of it. */
interface UndoScope {
  /** The effects, in ascending order. */
  readonly effects: readonly string[];
}

/** What came of an undo. */
export type UndoAnswer =
  | (UndoScope & {
      /** Nothing was done; or all of it, by an effect that is settled at `position`. */
      readonly type: "planned" | "undone";
      readonly effect: string | null;
      readonly position: number | null;
      readonly changes: readonly UndoneChange[];
      /** Folders that stay, because something else is in them. */
      readonly kept: readonly string[];
    })
  | (UndoScope & {
      /** Nothing was touched. */
      readonly type: "conflict";
      readonly position: number | null;
      readonly conflicts: readonly BlockedPath[];
    })
  | { readonly type: "refused"; readonly refusal: Refusal; readonly position: number | null }
  | {
      readonly type: "stopped";
      readonly outcome: string;
      readonly code: string | null;
      readonly message: string;
      readonly position: number | null;
    };
