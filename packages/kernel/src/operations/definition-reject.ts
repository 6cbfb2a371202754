/** `definition.reject`: drops a proposed definition; never by who proposed it. */
import type { DefinitionId } from "../ids.ts";

/** Rejects a proposal. */
export interface DefinitionReject {
  readonly type: "definition.reject";
  readonly definition: DefinitionId;
}
