/** `definition.roll-back`: makes the version before the active one active again. */

/** Goes back one version. */
export interface DefinitionRollBack {
  readonly type: "definition.roll-back";
  readonly name: string;
}
