/** The shapes of the kernel's own vocabulary. */
import { isName, isPath, permissionProblem } from "../authority/permission.ts";
import type { Permission } from "../authority/permission.ts";
import { amountKinds } from "../budget/amounts.ts";
import type { Amounts } from "../budget/amounts.ts";
import type { Content, Input, InputValue } from "../content.ts";
import { isId } from "../ids.ts";
import type { Digest, IdKind, IdsByKind } from "../ids.ts";
import { fixedLimits, limitCeilings } from "../limits.ts";
import type { KernelLimits } from "../limits.ts";
import type { SideEffect } from "../state/entities.ts";
import { made } from "./made.ts";
import { integer, list, oneOf, optional, problem, record, text, textThat } from "./shape.ts";
import type { Shape } from "./shape.ts";

/**
 * An id of one kind.
 *
 * @returns a shape of ids as `makeId` writes them
 */
export function id<Kind extends IdKind>(kind: Kind): Shape<IdsByKind[Kind]> {
  return (value) => {
    if (isId(kind, value)) return value;
    throw problem(value, { path: "", wanted: `an id such as ${kind}-17-0` });
  };
}

/** A name: letters, digits and `_ . - + @`, at most 64. */
export const name: Shape<string> = textThat(isName, "a name of letters, digits and _ . - + @, at most 64");

/** A key or label: like a name, but without dots, since facts are written with them. */
export const key: Shape<string> = textThat(
  (value) => keyPattern.test(value),
  "a key of letters, digits, _ and -, at most 64, beginning with a letter or digit",
);

/** A path: absolute and normalised. */
export const path: Shape<string> = textThat(isPath, "an absolute path without . or .. or doubled or trailing slashes");

/** A short text such as a reason. */
export const shortText: Shape<string> = text(fixedLimits.textCharsMax);

/** A digest or commitment. */
export const digest: Shape<Digest> = textThat(
  (value) => digestPattern.test(value),
  "sha256: and 43 characters of base64url",
);

/** The id of a vault. */
export const vaultId: Shape<string> = textThat(
  (value) => /^vault-[0-9a-f]{32}$/.test(value),
  "vault- and 32 hexadecimal digits",
);

/** A commitment to a content. */
export const content: Shape<Content> = contentUpTo(fixedLimits.contentBytesMax);

/**
 * A commitment to a content of bounded size.
 *
 * @param bytesMax the most that it may hold
 * @returns a shape of contents
 */
export function contentUpTo(bytesMax: number): Shape<Content> {
  return record<Content>({ commitment: digest, size: integer(0, bytesMax) });
}

/** A moment, ms since 1970. */
export const momentMs: Shape<number> = integer(0, fixedLimits.timeMsMax);

/** A canonical permission. */
export const permission: Shape<Permission> = (value) => {
  if (typeof value !== "string") throw problem(value, { path: "", wanted: "a permission such as fs.read:/folder/**" });
  const wanted = permissionProblem(value);
  if (wanted !== undefined) throw problem(value, { path: "", wanted });
  return value;
};

/** A list of permissions. */
export const permissions: Shape<readonly Permission[]> = list(permission, { max: fixedLimits.permissionsMax });

/** Amounts; zeros are left out. */
export const amounts: Shape<Amounts> = amountsUpTo(fixedLimits.amountMax);

/** An allotment; zeros are left out. */
export const allotment: Shape<Amounts> = amountsUpTo(fixedLimits.allotmentMax);

/** A side-effect class. */
export const sideEffect: Shape<SideEffect> = oneOf("none", "read_only", "idempotent", "external", "privileged");

/** Some of a vault's limits. */
export const limits: Shape<Partial<KernelLimits>> = record<Partial<KernelLimits>>({
  principalsMax: limit("principalsMax"),
  grantsMax: limit("grantsMax"),
  budgetsMax: limit("budgetsMax"),
  definitionsMax: limit("definitionsMax"),
  agentsMax: limit("agentsMax"),
  tasksMax: limit("tasksMax"),
  effectsMax: limit("effectsMax"),
  toolsMax: limit("toolsMax"),
  sessionsMax: limit("sessionsMax"),
  messagesMax: limit("messagesMax"),
  subscriptionsMax: limit("subscriptionsMax"),
  timersMax: limit("timersMax"),
  signalsPerMinuteMax: limit("signalsPerMinuteMax"),
  signalBytesPerMinuteMax: limit("signalBytesPerMinuteMax"),
  effectTimeoutMsMax: limit("effectTimeoutMsMax"),
  approvalMsMax: limit("approvalMsMax"),
});

/** A scalar: text, finite number or boolean. */
export const scalar: Shape<string | number | boolean> = (value) => {
  if (typeof value === "boolean") return value;
  // Adding 0 turns -0, which JSON cannot write, into 0.
  if (typeof value === "number" && Number.isFinite(value)) return value + 0;
  if (typeof value === "string" && value.length <= fixedLimits.inputCharsMax && value.isWellFormed()) return value;
  throw problem(value, { path: "", wanted: `true, false, a number or a text of at most ${fixedLimits.inputCharsMax}` });
};

const scalars = list(scalar, { max: fixedLimits.inputItemsMax });

/** A scalar or a list of scalars. */
export const inputValue: Shape<InputValue> = (value) => (Array.isArray(value) ? scalars(value) : scalar(value));

/** Attested values, each name once. */
export const inputs: Shape<readonly Input[]> = uniqueBy(
  list(record<Input>({ name, value: inputValue }), { max: fixedLimits.inputsMax }),
  (input) => input.name,
);

/**
 * A list in which no two items have the same name.
 *
 * @param shape of the list
 * @param nameOf what must differ
 * @returns the shape with the check added
 */
export function uniqueBy<T>(shape: Shape<readonly T[]>, nameOf: (item: T) => string): Shape<readonly T[]> {
  return made({ type: "checked", of: shape }, (value) => {
    const items = shape(value);
    if (items.length < 2) return items;
    const seen = new Set<string>();
    for (const [index, item] of items.entries()) {
      const itemName = nameOf(item);
      if (seen.has(itemName)) {
        throw problem(`${itemName} again`, { path: `[${index}]`, wanted: "each name once", said: true });
      }
      seen.add(itemName);
    }
    return items;
  });
}

function amountsUpTo(max: number): Shape<Amounts> {
  const amount = integer(0, max);
  const wanted = `amounts of ${amountKinds.join(", ")}`;
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw problem(value, { path: "", wanted });
    const given = value as { readonly [kind: string]: unknown };
    const out: { [kind: string]: number } = {};
    let found = 0;
    for (const kind of amountKinds) {
      if (!Object.hasOwn(given, kind)) continue;
      found += 1;
      const part = given[kind];
      if (part === undefined || part === 0) continue;
      try {
        out[kind] = amount(part);
      } catch {
        throw problem(part, { path: kind, wanted: `a whole number from 0 to ${max}` });
      }
    }
    if (found === Object.keys(given).length) return out;
    const known: readonly string[] = amountKinds;
    const unknown = Object.keys(given).find((kind) => !known.includes(kind)) ?? "";
    throw problem("an unknown kind", { path: unknown.slice(0, 64), wanted, said: true });
  };
}

function limit(which: keyof KernelLimits): ReturnType<typeof optional<number>> {
  return optional(integer(0, limitCeilings[which]));
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
// 32 bytes are 43 characters, of which the last carries four bits and two zeros.
const digestPattern = /^sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
