/** `principal.register`: an administrator makes somebody known who can hold grants and budgets. */
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";

/** Registers a principal. Agents of this vault are registered by being spawned. */
export interface PrincipalRegister {
  readonly type: "principal.register";
  readonly name: string;
  readonly kind: "person" | "service" | "agent";
}

/** How it is read and decided. */
export const principalRegister: OperationKind<PrincipalRegister> = {
  shape: record<PrincipalRegister>({
    type: oneOf("principal.register"),
    name,
    kind: oneOf("person", "service", "agent"),
  }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const over = full("principalsMax", { state, count: state.principals.size });
    if (over !== undefined) return refuse(over);
    const principal = moment.fresh("principal");
    return accept({ type: "principal.registered", schema: 1, principal, name: operation.name });
  },
};
