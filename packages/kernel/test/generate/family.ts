/** Draws operations of families: one family, few names. */
import { root, someContent, someDigest } from "../world.ts";
import type { Made, Setting } from "./setting.ts";

/** Draws an operation of families. */
export function makeFamily({ state, choices }: Setting, verb: string): Made | undefined {
  const now = state.families.get("tally")?.version;
  if (verb === "enable") {
    if (now !== undefined && choices.chance(70)) return undefined;
    return {
      draft: {
        family: "tally",
        version: 1 + choices.below(4),
        bundle: someContent,
        program: someDigest,
        engine: "tally-1",
      },
    };
  }
  const grant = choices.of([...state.grants.values()].filter((one) => choices.chance(20) || one.parent === null));
  const by = grant === undefined ? root : { principal: grant.holder, grant: grant.id };
  const asked = choices.of(["add", "add", "add", "drop", "break", "babble", "elsewhere"]) ?? "add";
  const body = `{"by":${choices.below(400)},"name":"n${choices.below(3)}"}`;
  return { draft: { family: choices.chance(90) ? "tally" : "other", verb: asked, body }, by };
}
