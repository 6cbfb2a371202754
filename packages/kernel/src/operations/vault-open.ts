/**
 * `vault.open`: the first entry. It makes the host and root principals, the root grant (every action, widest resources)
 * and the root budget.
 */
import type { Amounts } from "../budget/amounts.ts";
import { flag, oneOf, optional, record, upTo } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { allotment, limits, name, vaultId } from "../codec/shapes.ts";
import { accept, type OperationKind } from "../decision.ts";
import { newestFlag } from "../flags.ts";
import { defaultLimits, type KernelLimits } from "../limits.ts";

/** Opens a vault: only as its first entry, stamped by `principal-1-0` without a grant. */
export interface VaultOpen {
  readonly type: "vault.open";
  readonly format: 1;
  /** `vault-` and 32 hexadecimal digits, drawn at random by the host. */
  readonly vault: string;
  readonly name: string;
  /** Name of the host principal, which alone may settle effects. */
  readonly host: string;
  /** Name of the root principal, the operator. */
  readonly root: string;
  /** What the root budget holds. */
  readonly allotment: Amounts;
  /** What differs from the defaults. */
  readonly limits?: Partial<KernelLimits>;
  /** Held: nothing starts before `vault.resume`. */
  readonly held: boolean;
  /** The highest replay flag that is on from the start; none when absent. */
  readonly flags?: number;
}

const newestFormat = upTo(1);
const formatShape: Shape<1> = (value) => oneOf(1)(newestFormat(value));

/** How it is read and decided. */
export const vaultOpen: OperationKind<VaultOpen> = {
  shape: record<VaultOpen>({
    type: oneOf("vault.open"),
    format: formatShape,
    vault: vaultId,
    name,
    host: name,
    root: name,
    allotment,
    limits: optional(limits),
    held: flag,
    flags: optional(upTo(newestFlag)),
  }),
  decide: (_state, operation, moment) => {
    // The ids of genesis are known beforehand; drawing them keeps them in step with `genesisIds`.
    moment.fresh("principal");
    moment.fresh("principal");
    moment.fresh("grant");
    moment.fresh("budget");
    const { vault, limits: given, flags = 0 } = operation;
    return accept({ type: "vault.opened", schema: 2, vault, flags, limits: { ...defaultLimits, ...given } });
  },
};
