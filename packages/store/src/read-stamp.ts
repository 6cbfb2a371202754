/** Codec of stamps: whether one has the shape that every stamp in a log has, before it is written and when it is read. */
import { fixedLimits, isId, type Proof, type Stamp } from "@toka/kernel";
import { isDigest } from "./digest.ts";

const methods: ReadonlySet<unknown> = new Set<Proof["method"]>(["local-uid", "token", "mtls"]);

/**
 * Reads a stamp out of anything.
 *
 * @returns the stamp with its keys in canonical order and no other, or the first thing wrong with it
 */
export function readStamp(value: unknown): { readonly stamp: Stamp } | { readonly problem: string } {
  const { timeMs, principal, grant, causes, proof } = recordOf(value);
  if (typeof timeMs !== "number" || !Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > fixedLimits.timeMsMax)
    return { problem: `found time ${String(timeMs)}, wanted milliseconds since 1970` };
  if (!isId("principal", principal)) return { problem: "found a principal that is no id" };
  if (grant !== null && !isId("grant", grant)) return { problem: "found a grant that is no id" };
  if (!Array.isArray(causes) || causes.length > fixedLimits.causesMax || !causes.every(isAscending))
    return {
      problem: `found causes ${String(causes).slice(0, 80)}, wanted at most ${fixedLimits.causesMax} positions, ascending`,
    };
  const { method, digest } = recordOf(proof);
  if (!methods.has(method) || typeof digest !== "string" || !isDigest(digest))
    return { problem: "found a proof that is not a method and a digest" };
  // Looked at just above: the set holds the methods and nothing else.
  return { stamp: { timeMs, principal, grant, causes, proof: { method: method as Proof["method"], digest } } };
}

/**
 * A value as a record, so that its parts can be looked at.
 *
 * @returns the record; an empty one for anything that is none
 */
export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isAscending(cause: unknown, index: number, causes: readonly unknown[]): boolean {
  const before = index === 0 ? 0 : causes[index - 1];
  return typeof cause === "number" && Number.isSafeInteger(cause) && typeof before === "number" && cause > before;
}
