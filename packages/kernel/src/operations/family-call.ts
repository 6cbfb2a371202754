/** `family.call`: somebody asks a family for one of its operations, and its bundle decides. */
import { canonicalJson } from "../codec/plain-json.ts";
import { oneOf, problem, record } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { denied, type OperationKind, refuse } from "../decision.ts";
import { answered } from "../families.ts";
import { suspendedOwner } from "../leases.ts";
import { fixedLimits } from "../limits.ts";
import { familyName } from "./family-enable.ts";

/** Asks for an operation of a family. */
export interface FamilyCall {
  readonly type: "family.call";
  /** The family's prefix. */
  readonly family: string;
  /** The operation, by the family's own name. */
  readonly verb: string;
  /** Canonical JSON; what is given in another encoding is rewritten. */
  readonly body: string;
}

const body: Shape<string> = (value) => {
  const max = fixedLimits.familyBodyCharsMax;
  const text = typeof value === "string" && value.length <= max ? canonicalJson(value) : undefined;
  if (text !== undefined && text.length <= max) return text;
  throw problem(value, { path: "", wanted: `JSON of whole numbers and texts, at most ${max} characters` });
};

/** How it is read and decided. */
export const familyCall: OperationKind<FamilyCall> = {
  shape: record<FamilyCall>({ type: oneOf("family.call"), family: familyName, verb: familyName, body }),
  decide: (state, operation, moment) => {
    const { family, verb } = operation;
    const { stamp, timeMs, position } = moment;
    const no = denied(state, { moment, permission: `family.call:${family}.${verb}` }) ?? suspendedOwner(state, stamp);
    if (no !== undefined) return refuse(no);
    const row = state.families.get(family);
    if (row === undefined) return refuse({ code: "family_unknown", family });
    const { version, program, engine, bundle } = row;
    const { principal } = stamp;
    const agent = state.principals.get(principal)?.agent ?? null;
    const read = (key: string): string | undefined => state.familyRows.get(`${family}/${key}`)?.value;
    const asked = { family, version, program, engine, bundle, verb, body: operation.body };
    const answer = moment.families.answer({ ...asked, timeMs, position, principal, agent, read });
    return answered(row, { answer, read });
  },
};
