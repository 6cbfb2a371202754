/** Waits for what came of an undo, and reads it. */
import type { Content, EffectId, MachinePort } from "@toka/kernel";
import type { UndoConflict } from "@toka/runtime";

import { ServiceFailure } from "../failure.ts";

/** What came of an undo. */
export interface UndoSettlement {
  readonly position: number;
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly changes: Content | null;
  readonly conflicts: readonly UndoConflict[];
  readonly merged: readonly string[];
  readonly kept: readonly string[];
}

/**
 * Waits until an undo is settled.
 *
 * @param effect - the undo
 * @param options - the machine, and a position before the settlement
 * @returns what came of it
 * @throws a failure `vault_closed` when the log ends before
 */
export async function settlementOf(
  effect: EffectId,
  { machine, after }: { readonly machine: MachinePort; readonly after: number },
): Promise<UndoSettlement> {
  const stop = new AbortController();
  try {
    for await (const { entry } of machine.watch(after, { signal: stop.signal })) {
      const { operation, outcome: decided, position } = entry;
      if (operation.type !== "effect.settle" || operation.effect !== effect || !("events" in decided)) continue;
      const { outcome, code, result, changes } = operation;
      const bytes = result === null ? undefined : await machine.payload(result);
      return { position, outcome, code, changes, ...toldBy(bytes) };
    }
  } finally {
    stop.abort();
  }
  throw new ServiceFailure("vault_closed", {
    message: "Cannot tell what became of the undo: the vault was closed meanwhile; the next start of Toka finishes it",
    retry: "later",
  });
}

type Result = Pick<UndoSettlement, "message" | "conflicts" | "merged" | "kept">;

/** The result is the gate's own, and as the gate writes it. */
function toldBy(bytes: Uint8Array | undefined): Result {
  const nothing: Result = { message: null, conflicts: [], merged: [], kept: [] };
  if (bytes === undefined) return nothing;
  const document: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const failure = fieldOf(document, "$failure");
  const message = fieldOf(failure, "message");
  return {
    message: typeof message === "string" ? message : null,
    conflicts: listOf(fieldOf(failure, "conflicts")).filter(isConflict),
    merged: listOf(fieldOf(document, "merged")).filter(isText),
    kept: listOf(fieldOf(document, "kept")).filter(isText),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isConflict(value: unknown): value is UndoConflict {
  return ["path", "reason", "effect", "message"].every((name) => isText(fieldOf(value, name)));
}
