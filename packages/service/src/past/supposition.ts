/**
 * What is supposed to have been otherwise, read from what a caller sends.
 */
import { type Amounts, genesisIds, genesisPrevious, parseOperation, type Supposition } from "@toka/kernel";

import { ServiceFailure } from "../failure.ts";

/** Names in one file of budgets, and policies in one of policies: a vault has 64 policies at most. */
const namesMax = 1000;

/**
 * Checks what a caller sent, piece by piece as the kernel reads it.
 *
 * @param sent - of any shape within its type
 * @returns the same, keys in canonical order
 * @throws a failure `malformed`
 */
export function readSupposition(sent: Supposition): Supposition {
  switch (sent.type) {
    case "policy": {
      const policies = listOf(sent.policies).map((one) => parseOperation(one));
      return { type: "policy", policies: policies.map((one) => (one.type === "policy.set" ? one : malformed())) };
    }
    case "definition": {
      const source = { commitment: genesisPrevious, size: 0 };
      const operation = parseOperation({ type: "definition.register", part: sent.part, source });
      return operation.type === "definition.register" ? { type: "definition", part: operation.part } : malformed();
    }
    case "budget": {
      const given: unknown = sent.amounts;
      if (typeof given !== "object" || given === null) return malformed();
      const entries = listOf(Object.entries(given)).map(([name, amounts]) => [name, amountsIn(amounts)] as const);
      return { type: "budget", amounts: Object.fromEntries(entries) };
    }
    default:
      return malformed();
  }
}

function amountsIn(amounts: unknown): Amounts {
  const operation = parseOperation({ type: "budget.allot", holder: genesisIds.root, amounts });
  return operation.type === "budget.allot" ? operation.amounts : malformed();
}

function listOf<T>(list: readonly T[]): readonly T[] {
  return Array.isArray(list) && list.length <= namesMax ? list : malformed();
}

function malformed(): never {
  throw new ServiceFailure("malformed", {
    message: "Cannot read what is supposed: wanted policies, the part of a definition, or amounts by name",
  });
}
