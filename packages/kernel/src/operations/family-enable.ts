/** `family.enable`: an administrator has a bundle decide a family's operations, from its first version on or in place of an older one. */
import { integer, oneOf, record, textThat } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { contentUpTo, digest, name } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import { isFamilyName } from "../families.ts";
import type { Digest } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Enables a family. */
export interface FamilyEnable {
  readonly type: "family.enable";
  /** Its prefix. */
  readonly family: string;
  readonly version: number;
  /** The code that decides. */
  readonly bundle: Content;
  /** SHA-256 of the bundle's bytes, without a salt: by it one is known for the same elsewhere. */
  readonly program: Digest;
  /** What runs it: another engine may decide otherwise, so another one does not. */
  readonly engine: string;
}

/** A family's prefix, and the name of an operation of it. */
export const familyName: Shape<string> = textThat(
  isFamilyName,
  "a name of small letters, digits and -, beginning with a letter, at most 31",
);

/** How it is read and decided. */
export const familyEnable: OperationKind<FamilyEnable> = {
  shape: record<FamilyEnable>({
    type: oneOf("family.enable"),
    family: familyName,
    version: integer(1, Number.MAX_SAFE_INTEGER),
    bundle: contentUpTo(fixedLimits.familyBundleBytesMax),
    program: digest,
    engine: name,
  }),
  decide: (state, { family, version }, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const before = state.families.get(family);
    // What a version decided is decided by it for ever; another bundle is another version.
    if (before !== undefined && version <= before.version) {
      return refuse({ code: "family_version_passed", family, version: before.version });
    }
    const max = fixedLimits.familiesMax;
    if (before === undefined && state.families.size >= max) {
      return refuse({ code: "limit_reached", limit: "familiesMax", max });
    }
    return accept({ type: "family.enabled", schema: 1, family, version, replaced: before?.version ?? null });
  },
};
