/**
 * A stretch of a log decided again as if something had been otherwise. Reads only: no entry is written, no effect is performed.
 */
import {
  addAmounts,
  type Agent,
  type Amounts,
  decodeEntry,
  type Entry,
  type Families,
  isId,
  type KernelState,
  noAmounts,
  partsOf,
  type Redecided,
  Redecision,
  type Supposition,
} from "@toka/kernel";
import { openReadOnlyLog } from "./backends/sqlite/read-only.ts";
import { leafDigest } from "./digest.ts";
import { rowOf } from "./entry-row.ts";
import { StoreFailure } from "./failure.ts";
import { ReplayedFamilies, Undecidable } from "./families/replayed.ts";
import { readEntriesMax } from "./limits.ts";
import { foldAt, type PastOptions, vouchFor } from "./past.ts";
import { vaultFiles } from "./vault-files.ts";

/** An entry that would have come out otherwise. */
interface Divergence {
  readonly position: number;
  readonly operation: string;
  readonly principal: string;
  /** Name of the agent that it is about; null for none. */
  readonly agent: string | null;
  readonly fate: "refused" | "allowed" | "otherwise";
  /** Code of the refusal, or types of what happened. */
  readonly was: string;
  readonly now: string;
  /** Something before it came out otherwise, so that nobody knows whether it would have been asked. */
  readonly hypothetical: boolean;
}

/** What came of it. */
export interface ReplayReport {
  readonly at: number;
  readonly to: number;
  /** Entries decided again. */
  readonly entries: number;
  /** Places in which the supposition changed something; with 0 it had nothing to change. */
  readonly places: number;
  /** The first entry that came out otherwise; null when none did. What follows it is hypothetical. */
  readonly hypotheticalAfter: number | null;
  readonly same: number;
  readonly refused: number;
  readonly allowed: number;
  readonly otherwise: number;
  /** Entries about something that would not be there or not be so: neither refused nor allowed. */
  readonly undecidable: number;
  /** Booked as spent by these entries, as recorded and as it would have been. What would be newly allowed was never measured. */
  readonly booked: { readonly was: Amounts; readonly now: Amounts };
  /** Objectives judged met whose verdict would not stand, or of agents for whom something came out otherwise before. */
  readonly objectives: readonly { readonly position: number; readonly agent: string; readonly objective: string }[];
  /** The first of them, at most `divergencesMax`. */
  readonly divergences: readonly Divergence[];
}

/** What is supposed, and up to which entry. */
export interface ReplayUnderOptions extends PastOptions {
  readonly supposition: Supposition;
  /** Null for the last entry there is. */
  readonly to: number | null;
}

/** Divergences and objectives that are told: a person reads a screen of them, a program some thousands. */
const divergencesMax = 10_000;

/**
 * Decides the entries behind one again under a supposition.
 *
 * @param at the entry whose state to begin with, from 1
 * @param options which vault, what is supposed, and the last entry
 * @returns what came out otherwise
 * @throws StoreFailure `position_beyond` when the log is shorter; `vault_damaged` when its files are not those of the vault
 */
export async function replayUnder(at: number, options: ReplayUnderOptions): Promise<ReplayReport> {
  const { dir, key, head, supposition } = options;
  const to = options.to ?? head.position;
  if (at < 1 || at > to || to > head.position)
    throw new StoreFailure("position_beyond", {
      message: `Cannot replay entries ${at} to ${to}: wanted a stretch between entry 1 and entry ${head.position}, where the log ends`,
      retry: "later",
    });
  const log = openReadOnlyLog(vaultFiles(dir).log);
  try {
    const fold = await foldAt(at, { dir, log, key });
    const tally = new Tally(at, to);
    const replayed = new ReplayedFamilies({ engine: undefined, bundle: () => undefined });
    const families = { answer: orAbsent(replayed) };
    const redecision = new Redecision(fold.state, { supposition, families });
    while (fold.head.position < to) {
      const after = fold.head.position;
      const rows = await log.read({ after, limit: Math.min(readEntriesMax, to - after) });
      if (rows.length === 0) throw damaged(after + 1, "it is not there");
      for (const { position, digest, timeMs, bytes } of rows) {
        if (leafDigest(bytes) !== digest) throw damaged(position, "its digest is not that of its bytes");
        const entry = decodeEntry(bytes);
        if (entry.position !== fold.head.position + 1 || entry.previous !== fold.head.digest)
          throw damaged(position, "it does not follow the entry before it");
        replayed.begin(bytes);
        const agent = agentOf(entry, fold.state);
        tally.add({ entry, agent, found: redecision.next(entry) });
        fold.advance({ position, digest, timeMs });
      }
    }
    await vouchFor(fold, { dir, log, key, head });
    return tally.report(redecision.places);
  } finally {
    log.close();
  }
}

/** What was found so far. */
class Tally {
  readonly #at: number;
  readonly #to: number;
  readonly #count = { same: 0, refused: 0, allowed: 0, otherwise: 0, undecidable: 0 };
  readonly #divergences: Divergence[] = [];
  readonly #objectives: { position: number; agent: string; objective: string }[] = [];
  /** Agents for whom something came out otherwise. */
  readonly #touched = new Set<string>();
  #first: number | null = null;
  #was: Amounts = noAmounts;
  #now: Amounts = noAmounts;

  constructor(at: number, to: number) {
    this.#at = at;
    this.#to = to;
  }

  add({
    entry,
    agent,
    found,
  }: {
    readonly entry: Entry;
    readonly agent: Agent | undefined;
    readonly found: Redecided;
  }): void {
    const { position, operation, stamp } = entry;
    const { fate, was, now, hypothetical } = found;
    this.#count[fate] += 1;
    this.#was = addAmounts(this.#was, found.booked);
    this.#now = addAmounts(this.#now, found.bookedNow);
    if (fate !== "same") {
      this.#first ??= position;
      if (agent !== undefined) this.#touched.add(agent.id);
    }
    this.#addObjectives(entry, { agent, stands: fate === "same" });
    if (fate === "same" || fate === "undecidable" || this.#divergences.length >= divergencesMax) return;
    const who = { principal: stamp.principal, agent: agent?.name ?? null };
    this.#divergences.push({ position, operation: operation.type, ...who, fate, was, now, hypothetical });
  }

  report(places: number): ReplayReport {
    const { same, refused, allowed, otherwise, undecidable } = this.#count;
    return {
      at: this.#at,
      to: this.#to,
      entries: this.#to - this.#at,
      places,
      hypotheticalAfter: this.#first,
      same,
      refused,
      allowed,
      otherwise,
      undecidable,
      booked: { was: this.#was, now: this.#now },
      objectives: this.#objectives,
      divergences: this.#divergences,
    };
  }

  #addObjectives(entry: Entry, of: { readonly agent: Agent | undefined; readonly stands: boolean }): void {
    for (const { events } of partsOf(entry))
      for (const event of events) {
        if (event.type !== "objective.judged" || !event.met) continue;
        if (of.stands && !this.#touched.has(event.agent)) continue;
        if (this.#objectives.length >= divergencesMax) return;
        const agent = of.agent?.name ?? event.agent;
        this.#objectives.push({ position: entry.position, agent, objective: event.objective });
      }
  }
}

/** Who asked, when it is an agent, or else the agent that the entry names. */
function agentOf(entry: Entry, state: KernelState): Agent | undefined {
  const asker = state.principals.get(entry.stamp.principal)?.agent ?? null;
  const id = asker ?? rowOf({ entry, bytes: "", digest: "" }, 0).agent;
  return isId("agent", id) ? state.agents.get(id) : undefined;
}

/** Recorded answers; of what was never recorded there is none. */
function orAbsent(replayed: ReplayedFamilies): Families["answer"] {
  return (calling) => {
    try {
      return replayed.answer(calling);
    } catch (thrown) {
      if (thrown instanceof Undecidable) return { absent: true };
      throw thrown;
    }
  };
}

function damaged(position: number, state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot replay the log: entry ${position}: ${state}; "toka verify" names the first entry that differs`,
    retry: "never",
  });
}
