/** Lists who changed what, when, and under which grant: from the log alone, in the order in which the changes reached the tree. */
import type { MachinePort } from "@toka/kernel";
import { type ChangeHistory, changesOf, readHistory, type SettledEffect } from "@toka/runtime";

import { grantChain, nameOf } from "../why.ts";
import type { ChangeRecord, ChangesQuery } from "./answers.ts";
import { changeKind } from "./change-kind.ts";
import { pathPattern } from "./path-pattern.ts";

/**
 * Lists changes.
 *
 * @param machine - of the vault
 * @param options - which changes, and what ends the listing
 * @returns one record for each changed path, the oldest first
 * @throws a failure `malformed` when the path's pattern cannot be read
 */
export async function* listChanges(
  machine: MachinePort,
  options: { readonly query: ChangesQuery; readonly signal: AbortSignal },
): AsyncIterable<ChangeRecord> {
  const { query, signal } = options;
  const meant = query.path === null ? () => true : pathPattern(query.path);
  const history = await readHistory(machine, 0);
  const chains = new Map<string, readonly string[]>();
  for (const effect of history.effects.values()) {
    if (signal.aborted) return;
    if (!isMeant(effect, { query, history }) || effect.changes === null) continue;
    const about = await aboutOf(effect, { machine, history, chains });
    for (const { path, before, after } of await changesOf(effect, machine)) {
      if (meant(path)) yield { ...about, path, change: changeKind({ before, after }), before, after };
    }
  }
}

function isMeant(
  effect: SettledEffect,
  { query, history }: { readonly query: ChangesQuery; readonly history: ChangeHistory },
): boolean {
  const { agent: id, task } = effect.request;
  const agent = id === null ? undefined : history.agents.get(id);
  if (effect.position <= query.since) return false;
  if (query.agent !== null && query.agent !== id && query.agent !== agent?.name) return false;
  if (query.task !== null && query.task !== task) return false;
  return query.session === null || query.session === (agent?.session ?? null);
}

/** What all changes of one effect have in common. */
async function aboutOf(
  effect: SettledEffect,
  from: {
    readonly machine: MachinePort;
    readonly history: ChangeHistory;
    /** Chains of grants that were looked up before. */
    readonly chains: Map<string, readonly string[]>;
  },
): Promise<Omit<ChangeRecord, "path" | "change" | "before" | "after">> {
  const { machine, history, chains } = from;
  const { id, request, asked, position, timeMs } = effect;
  const agent = request.agent === null ? undefined : history.agents.get(request.agent);
  const undo = history.undoneBy.get(id);
  const grant = asked.grant ?? "";
  const grants = chains.get(grant) ?? (await grantChain(machine, asked.grant)).map((link) => link.id);
  chains.set(grant, grants);
  return {
    position,
    timeMs,
    requested: effect.requested,
    effect: id,
    kind: request.kind,
    label: request.label,
    tool: request.tool,
    agent: agent === undefined ? null : { id: agent.id, name: agent.name },
    task: request.task,
    session: agent?.session ?? null,
    principal: { id: asked.principal, name: agent?.name ?? (await nameOf(machine, asked.principal)) },
    grants,
    undoes: request.undoes ?? [],
    undoneBy: undo === undefined ? null : { effect: undo.id, position: undo.position },
  };
}
