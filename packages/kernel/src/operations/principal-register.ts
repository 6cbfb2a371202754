/** `principal.register`: an administrator makes somebody known who can hold grants and budgets. */

/** Registers a principal. Agents of this vault are registered by being spawned. */
export interface PrincipalRegister {
  readonly type: "principal.register";
  readonly name: string;
  readonly kind: "person" | "service" | "agent";
}
