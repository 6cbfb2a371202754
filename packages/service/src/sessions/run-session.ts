/**
 * Runs an open session to its end, and sums it up.
 */
import {
  type AgentProgress,
  clockOver,
  deliverableBytesMax,
  followProgress,
  type OpenSession,
  type ReadDeliverable,
  summariseSession,
  superviseSession,
  type SuperviseOptions,
} from "@toka/agent";
import { type Caller, genesisIds, type MachinePort } from "@toka/kernel";
import { readFailure, type Runtime, type ToolCatalogue } from "@toka/runtime";
import { verifyVault } from "@toka/store";

import { readDeliverable } from "../deliverable-reader.ts";
import type { UpSummary } from "../up-summary.ts";
import type { HeldVault } from "../vault-opening.ts";

/** What running a session works with. */
export interface SessionParts {
  readonly vault: HeldVault;
  readonly operator: Caller;
  readonly tools: ToolCatalogue;
  /** Absent in a process that performs nothing. */
  readonly runtime: Runtime | undefined;
  readonly nowMs: () => number;
  /** The file that knows the vault's last checkpoint. */
  readonly knownVaults: string;
}

/** Who watches a session, and what stops it. */
export interface RunOptions {
  readonly onProgress: (agents: readonly AgentProgress[]) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a session.
 *
 * @param open - with everything that running it needs
 * @param options - the parts, who watches, and what stops it
 * @returns its summary, or undefined when it was stopped before its end and stays open
 * @throws a failure when it cannot go on
 */
export async function runSession(
  open: OpenSession,
  { parts, onProgress, signal }: RunOptions & { readonly parts: SessionParts },
): Promise<UpSummary | undefined> {
  const { machine } = parts.vault;
  const stopProgress = new AbortController();
  const progress = showProgress(open, { machine, signal: stopProgress.signal, onProgress });
  const supervising = supervisingWith(parts, signal);
  try {
    if ((await superviseSession(open, supervising)) === "stopped") return undefined;
  } finally {
    stopProgress.abort();
    await progress;
  }
  return summarise(open, { parts, readDeliverable: supervising.readDeliverable });
}

/**
 * Spawns the agents of a new session that wait for nobody. Whoever supervises the session runs them.
 *
 * @param open - a session that was just started
 * @param options - the parts, and what stops it
 * @throws a failure when the kernel refuses to spawn
 */
export async function spawnFirst(
  open: OpenSession,
  { parts, signal }: { readonly parts: SessionParts; readonly signal: AbortSignal },
): Promise<void> {
  await superviseSession(open, { ...supervisingWith(parts, signal), onlySpawn: true });
}

function supervisingWith(parts: SessionParts, signal: AbortSignal): SuperviseOptions {
  const { vault, operator, tools, runtime, nowMs } = parts;
  return {
    machine: vault.machine,
    clock: clockOver(nowMs),
    tools,
    operator,
    judge: operator,
    judgeBudget: genesisIds.rootBudget,
    readDeliverable: async (path) => {
      // What a tool wrote is in the tree a moment after it is settled.
      await runtime?.whenApplied();
      return readDeliverable(path, { bytesMax: deliverableBytesMax, vault: vault.dir });
    },
    signal,
  };
}

async function showProgress(
  { id, crew }: OpenSession,
  options: { readonly machine: MachinePort } & RunOptions,
): Promise<void> {
  for await (const { agents } of followProgress(options.machine, { session: id, crew, signal: options.signal }))
    options.onProgress(agents);
}

async function summarise(
  { id, crew, folders }: OpenSession,
  { parts, readDeliverable: read }: { readonly parts: SessionParts; readonly readDeliverable: ReadDeliverable },
): Promise<UpSummary> {
  const { vault, knownVaults } = parts;
  // The known checkpoint advances at every session end.
  await vault.checkpoint();
  const summary = await summariseSession({
    machine: vault.machine,
    session: id,
    crew,
    folders,
    readDeliverable: read,
    readFailure,
  });
  const { ok, entries, firstBad } = await verifyVault({ dir: vault.dir, knownVaults });
  const met = summary.agents.every((agent) => agent.objectives.every((objective) => objective.met));
  return {
    ok: ok && met && summary.outcome === "completed",
    entries,
    verify: { ok, ...(firstBad === undefined ? {} : { firstBad }) },
    session: id,
    owed: summary.owed,
    deliverables: summary.deliverables,
    agents: summary.agents,
  };
}
