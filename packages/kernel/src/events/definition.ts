/** Events of definitions. What an event leaves out stands in the operation of the same entry. */
import type { DefinitionId } from "../ids.ts";

/** A definition is the active one of its name. */
export interface DefinitionRegistered {
  readonly type: "definition.registered";
  readonly schema: 1;
  readonly definition: DefinitionId;
  readonly name: string;
  readonly replaced: DefinitionId | null;
}

/** A definition waits for somebody to decide about it. */
export interface DefinitionProposed {
  readonly type: "definition.proposed";
  readonly schema: 1;
  readonly definition: DefinitionId;
  readonly name: string;
}

/** A proposed definition is the active one of its name. */
export interface DefinitionPromoted {
  readonly type: "definition.promoted";
  readonly schema: 1;
  readonly definition: DefinitionId;
  readonly name: string;
  readonly replaced: DefinitionId | null;
}

/** A proposed definition is gone. */
export interface DefinitionRejected {
  readonly type: "definition.rejected";
  readonly schema: 1;
  readonly definition: DefinitionId;
  readonly name: string;
}

/** The version before is the active one again; the one rolled back is never active again. */
export interface DefinitionRolledBack {
  readonly type: "definition.rolled-back";
  readonly schema: 1;
  readonly name: string;
  readonly from: DefinitionId;
  readonly to: DefinitionId;
}

/** The events of this area. */
export type DefinitionEvent =
  | DefinitionRegistered
  | DefinitionProposed
  | DefinitionPromoted
  | DefinitionRejected
  | DefinitionRolledBack;
