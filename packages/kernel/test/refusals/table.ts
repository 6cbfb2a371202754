/** Tables of refusals: for each operation its own refusals in their order, and how each comes about. */
import type { RefusalCode } from "../../src/index.ts";
import type { By, Draft, World } from "../world.ts";

/** An operation that would be accepted, to be broken. */
export interface Scene {
  readonly world: World;
  draft: Draft;
  by: By;
}

/** A refusal and what brings it about. */
export interface Row {
  readonly code: RefusalCode;
  /** Breaks the scene in this one way. */
  readonly breaks: (scene: Scene) => void;
  /** Is broken after the other rows of its operation, since breaking those takes room. */
  readonly last?: true;
  /** Rows below that cannot be broken at the same time, by code, and why they cannot. */
  readonly not?: readonly [codes: readonly RefusalCode[], because: string];
}

/** The refusals of one operation. */
export interface Table {
  readonly operation: string;
  /** What is special about this scene, where an operation has several. */
  readonly when?: string;
  readonly scene: () => Scene;
  /** In order of precedence. */
  readonly rows: readonly Row[];
}

/** A row that changes fields of the operation. */
export function fields(code: RefusalCode, changes: Partial<Draft>, not?: Row["not"]): Row {
  return {
    code,
    breaks: (scene) => {
      scene.draft = { ...scene.draft, ...changes };
    },
    ...(not === undefined ? {} : { not }),
  };
}

/** A row in which somebody else asks, who is known but holds only what is listed. */
export function stranger(code: RefusalCode, permissions: readonly string[] = []): Row {
  return {
    code,
    breaks: (scene) => {
      scene.by = scene.world.person("stranger", permissions);
    },
  };
}

/** A row that lowers a limit of the vault to nothing. */
export function noRoomFor(limit: string): Row {
  return {
    code: "limit_reached",
    last: true,
    breaks: ({ world }) => void world.must({ type: "vault.configure", limits: { [limit]: 0 } }),
  };
}
