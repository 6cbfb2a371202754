/**
 * Settles an effect and brings its changes into the tree, in the one order that a crash cannot break:
 *
 * compare the tree with what the changes were made from → the settlement becomes durable, with the before-images → the changes are
 * applied → the layer is discarded. A layer that is still there after the settlement is the mark that the apply has to be done again.
 */
import type { Caller, Effect, MachinePort } from "@toka/kernel";
import { RuntimeFailure } from "../failure.ts";
import { withoutChanges, type Performance } from "../perform.ts";
import type { Change } from "../sandbox/job.ts";
import { discardLayer } from "../sandbox/layer.ts";
import {
  applyChanges,
  findConflicts,
  readAfter,
  readBefore,
  type Applied,
  type ContentSource,
} from "../sandbox/settle-changes.ts";
import {
  beforeBytesMax,
  beforeBytesOf,
  sealChanges,
  undoBeforeBytesMax,
  type SealedChanges,
} from "./changes-document.ts";
import type { GateHooks } from "./hooks.ts";
import type { HostClock } from "./host-clock.ts";
import { syncLayer } from "./layers.ts";
import { submitSurely } from "./surely.ts";
import type { Tree } from "./tree.ts";

/** What settling needs. */
export interface SettlementMeans {
  readonly machine: MachinePort;
  readonly host: Caller;
  readonly clock: Pick<HostClock, "after">;
  readonly tree: Tree;
  readonly hooks: GateHooks;
  /** Told of changes that the log holds and the tree does not. */
  readonly onUnapplied: (trouble: UnappliedChanges) => Promise<void>;
}

/** Changes that were settled and could not be brought into the tree. */
export interface UnappliedChanges {
  readonly effect: string;
  readonly message: string;
}

/** One effect to settle. */
export interface Settlement {
  readonly effect: Effect;
  /** Position of the requesting entry, and of the start where there was one. */
  readonly causes: readonly number[];
  readonly layer: string;
  readonly performance: Performance;
}

/**
 * Settles one effect, and applies its changes.
 * @returns when the tree holds the changes and the layer is gone
 * @throws the machine's failure when the settlement could not be made durable; the layer then stays
 */
export async function settle(settlement: Settlement, means: SettlementMeans): Promise<void> {
  if (settlement.performance.changes.length === 0) {
    // Nothing reaches the tree, so nothing has to wait for it.
    await record(settlement, { means, performance: settlement.performance, changes: undefined });
    discardLayer(settlement.layer);
    return;
  }
  await means.tree.exclusive(() => settleWithChanges(settlement, means));
}

/**
 * Applies the changes of a settled effect from its layer and discards the layer. Done again after a crash, it goes on where it stood.
 * @param changes - as settled
 */
export async function applyFromLayer(
  changes: readonly Change[],
  {
    effect,
    layer,
    means,
  }: {
    readonly effect: string;
    readonly layer: string;
    readonly means: Pick<SettlementMeans, "hooks" | "onUnapplied">;
  },
): Promise<void> {
  const { hooks } = means;
  const applied = await bring(changes, {
    effect,
    contentOf: async (change) => {
      await hooks.at("mid-apply", effect);
      return readAfter(layer, change);
    },
  });
  if (applied.conflicts.length > 0) {
    const more = applied.conflicts.length > 1 ? ` and ${applied.conflicts.length - 1} more` : "";
    await means.onUnapplied({
      effect,
      message: `Cannot bring ${applied.conflicts[0] ?? ""}${more} into the tree: somebody else changed it after ${effect} was settled`,
    });
  }
  await hooks.at("after-apply", effect);
  discardLayer(layer);
  await hooks.at("after-discard", effect);
}

async function settleWithChanges(settlement: Settlement, means: SettlementMeans): Promise<void> {
  const { effect, layer } = settlement;
  const sealed = await prepareChanges(settlement, means);
  if ("refused" in sealed) {
    await record(settlement, { means, performance: sealed.refused, changes: undefined });
    discardLayer(layer);
    return;
  }
  const recorded = await record(settlement, { means, performance: settlement.performance, changes: sealed });
  if (!recorded) {
    discardLayer(layer);
    return;
  }
  await applyFromLayer(sealed.changes, { effect: effect.id, layer, means });
}

/** Everything that can still refuse the changes happens here, before anything is durable. */
async function prepareChanges(
  { effect, performance, layer }: Settlement,
  { machine }: SettlementMeans,
): Promise<SealedChanges | { readonly refused: Performance }> {
  const seal = machine.seal.bind(machine);
  const refuse = (verdict: Performance["verdict"]): { readonly refused: Performance } => ({
    refused: withoutChanges(performance, { effect, verdict, seal }),
  });
  const { conflicts, open: changes } = await compareWithTree(performance.changes);
  if (conflicts.length > 0) {
    return refuse({
      outcome: "conflict",
      code: "tree_changed",
      message: `Cannot bring the changes into the tree: ${conflicts[0] ?? ""} changed while the program ran`,
    });
  }
  const beforeBytes = beforeBytesOf(changes);
  const bytesMax = effect.kind === "undo" ? undoBeforeBytesMax : beforeBytesMax;
  if (beforeBytes > bytesMax) {
    return refuse({
      outcome: "limit",
      code: "before_images",
      message: `Cannot keep what the changes replace: it has ${beforeBytes} bytes, at most ${bytesMax} are allowed`,
    });
  }
  try {
    await syncLayer(layer);
  } catch (error) {
    return refuse({
      outcome: "failed",
      code: "layer_failed",
      message: `Cannot keep the changes until they are in the tree: ${reasonOf(error)}`,
    });
  }
  try {
    return await sealChanges(changes, { seal, readBefore, readAfter: (change) => readAfter(layer, change) });
  } catch (error) {
    return refuse({
      outcome: "conflict",
      code: "tree_changed",
      message: `Cannot keep what the changes replace: ${reasonOf(error)}`,
    });
  }
}

interface Comparison {
  /** Paths that somebody else changed since the run saw them. */
  readonly conflicts: readonly string[];
  /** Changes that the tree does not hold yet. */
  readonly open: readonly Change[];
}

/** Two runs at once may both make the folder that they write into: what already stands as wanted is no conflict, and not this effect's. */
async function compareWithTree(changes: readonly Change[]): Promise<Comparison> {
  const differing = new Set(await findConflicts(changes));
  const standing = changes
    .filter(({ path }) => differing.has(path))
    .map(({ path, after }) => ({ path, before: after, after }));
  const conflicts = await findConflicts(standing);
  return { conflicts, open: changes.filter(({ path }) => !differing.has(path)) };
}

/** @returns false when the effect was settled or dropped before */
async function record(
  { effect, causes }: Settlement,
  {
    means,
    performance,
    changes,
  }: {
    readonly means: SettlementMeans;
    readonly performance: Performance;
    readonly changes: SealedChanges | undefined;
  },
): Promise<boolean> {
  const { machine, host, clock, hooks } = means;
  await hooks.at("before-settle", effect.id);
  const receipt = await submitSurely(machine, {
    operation: {
      type: "effect.settle",
      effect: effect.id,
      outcome: performance.verdict.outcome,
      code: performance.verdict.code,
      result: performance.result.content,
      usage: performance.usage,
      changes: changes?.content ?? null,
      changed: changes?.changes.length ?? 0,
    },
    host,
    clock,
    causes,
    payloads: [...performance.result.payloads, ...(changes?.payloads ?? [])],
    isDone: () => machine.view((state) => (state.effects.get(effect.id)?.status ?? "owed") === "owed"),
  });
  await hooks.at("after-settle", effect.id);
  if (receipt === undefined || "events" in receipt.outcome) return true;
  const { code } = receipt.outcome.refusal;
  if (code === "effect_unknown") return false;
  // Such as a clock that jumped: nothing is wrong with the effect, so it stays in the log for a host that the kernel listens to.
  throw new RuntimeFailure(`Cannot settle ${effect.id}: the kernel refused it: ${code}`, { code, retry: "later" });
}

async function bring(
  changes: readonly Change[],
  { effect, contentOf }: { readonly effect: string; readonly contentOf: ContentSource },
): Promise<Applied> {
  try {
    return await applyChanges(changes, contentOf);
  } catch (error) {
    // The settlement stands and the layer stays, so the next start brings them in.
    throw new RuntimeFailure(
      `Cannot bring the changes of ${effect} into the tree: ${reasonOf(error)}; they are kept, and the next start of Toka brings them in`,
      {
        code: "apply_failed",
        retry: "later",
      },
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
