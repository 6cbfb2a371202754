/**
 * Who answered about the effect that an entry is about: told by the entry itself, or by an answer among its causes.
 */
import type { Entry } from "@toka/kernel";

import type { GivenApproval } from "./api.ts";

/**
 * Finds the answer.
 *
 * @param entry - in question
 * @param find - gives the entry at a position, and the name of a principal
 * @returns the answer; null when the effect needed none, or the entry is about none
 */
export async function givenApproval(
  entry: Entry,
  find: {
    readonly entryAt: (position: number) => Promise<Entry | undefined>;
    readonly nameOf: (principal: string) => Promise<string | null>;
  },
): Promise<GivenApproval | null> {
  if (!("effect" in entry.operation)) return null;
  const { effect } = entry.operation;
  const causes = await Promise.all(entry.stamp.causes.map(find.entryAt));
  for (const { operation, outcome, stamp, position } of [entry, ...causes.filter((one) => one !== undefined)]) {
    if (operation.type !== "approval.answer" || operation.effect !== effect || !("events" in outcome)) continue;
    const { answer, reason } = operation;
    return { position, by: { id: stamp.principal, name: await find.nameOf(stamp.principal) }, answer, reason };
  }
  return null;
}
