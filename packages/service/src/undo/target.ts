/**
 * Finds what a person means by the name of something to undo: an id, its unique beginning, an agent's name, or a position in the log.
 */
import {
  compareIds,
  type EffectId,
  fixedLimits,
  isId,
  type KernelEvent,
  type MachinePort,
  partsOf,
} from "@toka/kernel";
import { type ChangeHistory, readHistory, type SettledEffect, suggestion } from "@toka/runtime";

import { ServiceFailure } from "../failure.ts";

/** What can be undone, by the words that ids begin with; of what an entry names, the first is what it is about. */
const targetKinds = ["effect", "task", "agent", "session"] as const;

/** Ids that an ambiguous beginning is told with. */
const namedMax = 5;

/** What is to be undone. */
export interface UndoTarget {
  /** In ascending order, at least one. */
  readonly effects: readonly EffectId[];
  readonly history: ChangeHistory;
}

/**
 * Finds the effects to undo.
 *
 * @param target - as a person wrote it
 * @param machine - of the vault
 * @returns the effects that changed something and were not undone, of what is meant; an effect that is meant itself in any case
 * @throws a failure `no_such_target`, `ambiguous_target`, `nothing_to_undo`, `already_undone` or `too_many_effects`
 */
export async function findTarget(target: string, machine: MachinePort): Promise<UndoTarget> {
  const history = await readHistory(machine, 0);
  const belongings = belongingsOf(history);
  const named = await nameAt(target, { machine, belongings });
  const meant = belongings.get(named) ?? [];
  if (meant.length === 0) throw nothingThere(target, { named, belongings });
  const { undoneBy } = history;
  const [only] = meant;
  const open = only?.id === named ? meant : meant.filter(({ id }) => !undoneBy.has(id));
  if (open.length === 0) {
    const undo = only === undefined ? undefined : undoneBy.get(only.id);
    throw new ServiceFailure("already_undone", {
      message: `Cannot undo ${target}: all that it changed was undone already, last by ${undo?.id ?? "an undo"} (entry ${undo?.position ?? 0})`,
    });
  }
  if (open.length > fixedLimits.undoesMax) {
    throw new ServiceFailure("too_many_effects", {
      message: `Cannot undo ${target}: it has ${open.length} effects that changed something, at most ${fixedLimits.undoesMax} are undone at once; undo its agents or tasks one by one, the last one first`,
    });
  }
  return { effects: open.map(({ id }) => id).toSorted(compareIds), history };
}

/** Everything that can be named, with the effects that belong to it. */
function belongingsOf({ effects, agents }: ChangeHistory): ReadonlyMap<string, readonly SettledEffect[]> {
  const found = new Map<string, SettledEffect[]>();
  const add = (name: string | null | undefined, effect: SettledEffect): void => {
    if (name === null || name === undefined) return;
    const known = found.get(name);
    if (known === undefined) found.set(name, [effect]);
    else if (!known.includes(effect)) known.push(effect);
  };
  for (const effect of effects.values()) {
    const { agent: id, task } = effect.request;
    const agent = id === null ? undefined : agents.get(id);
    // An agent that is called like an id must not be taken for what has that id.
    const called = agent === undefined || looksLikeId(agent.name) ? null : agent.name;
    for (const name of [effect.id, task, id, called, agent?.session]) add(name, effect);
  }
  return found;
}

interface Naming {
  readonly machine: MachinePort;
  readonly belongings: ReadonlyMap<string, readonly SettledEffect[]>;
}

async function nameAt(target: string, { machine, belongings }: Naming): Promise<string> {
  if (belongings.has(target)) return target;
  if (/^[1-9][0-9]{0,14}$/u.test(target)) return namedByEntry(Number(target), { machine, belongings });
  // "effect-17" is the effect of entry 17, not the beginning of effect-170-0.
  const whole = [...belongings.keys()].filter((name) => name.startsWith(`${target}-`) && /^[a-z]+-\d+$/u.test(target));
  const begun = whole.length > 0 ? whole : [...belongings.keys()].filter((name) => name.startsWith(target));
  const [first, ...others] = begun;
  if (first === undefined || target === "") return target;
  if (others.length === 0) return first;
  const more = begun.length > namedMax ? ` and ${begun.length - namedMax} more` : "";
  throw new ServiceFailure("ambiguous_target", {
    message: `Cannot undo ${target}: ${begun.length} things begin so: ${begun.slice(0, namedMax).join(", ")}${more}; name one of them`,
  });
}

/** The entry that asked for an effect or settled it, scheduled a task, spawned an agent or started a session. */
async function namedByEntry(position: number, { machine }: Naming): Promise<string> {
  const [recorded] = await machine.read(position - 1, { limit: 1 });
  if (recorded?.entry.position !== position) {
    const head = await machine.view((state) => state.head.position);
    throw new ServiceFailure("no_such_target", {
      message: `Cannot undo entry ${position}: the log has entries 1 to ${head}`,
    });
  }
  const subjects = new Set(partsOf(recorded.entry).flatMap(({ events }) => events.flatMap(subjectOf)));
  const [subject, another] = subjects;
  if (subject !== undefined && another === undefined) return subject;
  const found =
    subject === undefined ? "no effect, task, agent or session" : `${[...subjects].join(", ")}; name one of them`;
  throw new ServiceFailure("no_such_target", { message: `Cannot undo entry ${position}: it is about ${found}` });
}

/** What an event is about: of an effect's event that is the effect, never the agent that it was for. */
function subjectOf(event: KernelEvent): readonly string[] {
  for (const kind of targetKinds) {
    const id: unknown = Reflect.get(event, kind);
    if (typeof id === "string" && isId(kind, id)) return [id];
  }
  return [];
}

function nothingThere(
  target: string,
  { named, belongings }: { readonly named: string; readonly belongings: Naming["belongings"] },
): ServiceFailure {
  if (looksLikeId(named)) {
    return new ServiceFailure("nothing_to_undo", {
      message: `Cannot undo ${target}: ${named} changed nothing that the log knows of; toka changes lists what was changed`,
    });
  }
  const hint = suggestion(target, [...belongings.keys()]);
  return new ServiceFailure("no_such_target", {
    message: `Cannot undo ${target}: no effect, task, agent or session of that name changed anything${hint === "" ? "; toka changes lists what was changed" : hint}`,
  });
}

function looksLikeId(name: string): boolean {
  return targetKinds.some((kind) => isId(kind, name));
}
