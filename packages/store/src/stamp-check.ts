/** Whether a stamp has the shape that every stamp in a log has: looked at before one is written, and when one is read. */
import { fixedLimits, isId, type Proof } from "@toka/kernel";
import { isDigest } from "./digest.ts";

const methods: ReadonlySet<unknown> = new Set<Proof["method"]>(["local-uid", "token", "mtls"]);

/**
 * The first thing wrong with a stamp.
 *
 * @returns what was found and wanted, or undefined when nothing is wrong
 */
export function stampProblem(stamp: unknown): string | undefined {
  if (typeof stamp !== "object" || stamp === null) return "found no stamp";
  const { timeMs, principal, grant, causes, proof }: Record<string, unknown> = { ...stamp };
  if (typeof timeMs !== "number" || !Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs > fixedLimits.timeMsMax)
    return `found time ${String(timeMs)}, wanted milliseconds since 1970`;
  if (!isId("principal", principal)) return "found a principal that is no id";
  if (grant !== null && !isId("grant", grant)) return "found a grant that is no id";
  if (!Array.isArray(causes) || causes.length > fixedLimits.causesMax || !causes.every(isAscending))
    return `found causes ${JSON.stringify(causes)?.slice(0, 80)}, wanted at most ${fixedLimits.causesMax} positions, ascending`;
  const { method, digest }: Record<string, unknown> = typeof proof === "object" && proof !== null ? { ...proof } : {};
  if (!methods.has(method) || typeof digest !== "string" || !isDigest(digest))
    return "found a proof that is not a method and a digest";
  return undefined;
}

function isAscending(cause: unknown, index: number, causes: readonly unknown[]): boolean {
  const before = index === 0 ? 0 : causes[index - 1];
  return typeof cause === "number" && Number.isSafeInteger(cause) && typeof before === "number" && cause > before;
}
