/** What a session did, read from the log alone: for people, for `--json`, and for whoever asks months later. */
import {
  addAmounts,
  placeOf,
  type AgentId,
  type Amounts,
  type Content,
  type EffectId,
  type Entry,
  type KernelEvent,
  type MachinePort,
  type SessionId,
} from "@toka/kernel";
import type { Folders } from "../compile.ts";
import type { CrewDefinition } from "../crew/crew-definition.ts";
import { isJson, type Json } from "../definition/template.ts";
import { deliverablePath } from "../judge/deliverable-path.ts";
import type { ReadDeliverable } from "../judge/deliverable.ts";
import { noteFailure, tellFailure, type FailureNotes, type ReadFailure, type TaskFailure } from "./task-failures.ts";

/** One objective with its last verdict. */
export interface ObjectiveSummary {
  readonly description: string;
  readonly met: boolean;
  /** What the judge saw, as it was sealed; empty when it was never judged. */
  readonly evidence: readonly { readonly label: string; readonly position: number; readonly content: Json }[];
}

/** One agent over all its lives in the session. */
export interface AgentSummary {
  readonly name: string;
  readonly title: string;
  readonly domain: string | null;
  readonly state: "waiting" | "live" | "completed" | "failed" | "skipped";
  readonly tasks: { readonly completed: number; readonly failed: number };
  /** Operations of its own that the kernel refused. */
  readonly refusals: number;
  /** What was booked for its effects. */
  readonly usage: Amounts;
  readonly objectives: readonly ObjectiveSummary[];
  /** Failed attempts of its last life, in order. */
  readonly failures: readonly TaskFailure[];
}

/** An effect whose outcome nobody knows. */
export interface OwedEffect {
  readonly effect: EffectId;
  readonly agent: string;
  readonly tool: string | null;
  readonly position: number;
}

/** A session, open or over. */
export interface SessionSummary {
  readonly session: SessionId;
  readonly name: string;
  /** Null while it is open. */
  readonly outcome: "completed" | "failed" | "cancelled" | null;
  readonly agents: readonly AgentSummary[];
  readonly owed: readonly OwedEffect[];
  /** Absolute paths of the deliverables that are there. */
  readonly deliverables: readonly string[];
}

/** What a summary is made from. */
export interface SummaryOptions {
  readonly machine: Pick<MachinePort, "read" | "payload">;
  readonly session: SessionId;
  readonly crew: CrewDefinition;
  readonly folders: Folders;
  readonly readDeliverable: ReadDeliverable;
  readonly readFailure: ReadFailure;
}

/** Entries read at once. */
const pageEntries = 1000;

interface Tally {
  state: AgentSummary["state"];
  completed: number;
  failed: number;
  refusals: number;
  readonly booked: Map<EffectId, Amounts>;
  readonly notes: FailureNotes;
  readonly verdicts: Map<
    string,
    {
      readonly met: boolean;
      readonly position: number;
      readonly evidence: readonly { readonly label: string; readonly content: Content }[];
    }
  >;
}

interface Reading {
  readonly session: SessionId;
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Every agent of the session, of all lives, to its name. */
  readonly names: Map<AgentId, string>;
  readonly tools: Map<EffectId, string | null>;
  readonly owed: Map<EffectId, OwedEffect>;
  outcome: SessionSummary["outcome"];
}

/**
 * Summarises a session from its entries.
 * @returns the summary as of the log's end
 * @throws a failure of the machine
 */
export async function summariseSession(options: SummaryOptions): Promise<SessionSummary> {
  const { machine, session, crew, readFailure } = options;
  const tallies = new Map(crew.agents.map((agent) => [agent.name, emptyTally()]));
  const reading: Reading = { session, tallies, names: new Map(), tools: new Map(), owed: new Map(), outcome: null };
  let after = placeOf(session).position - 1;
  for (;;) {
    const page = await machine.read(after, { limit: pageEntries });
    for (const { entry } of page) {
      after = entry.position;
      readEntry(reading, entry);
    }
    if (page.length === 0) break;
  }
  const toolOf = (effect: EffectId): string | null => reading.tools.get(effect) ?? null;
  const agents: AgentSummary[] = [];
  for (const definition of [...crew.waves.flat()].flatMap(
    (name) => crew.agents.find((agent) => agent.name === name) ?? [],
  )) {
    const tally = tallies.get(definition.name) ?? emptyTally();
    const objectives: ObjectiveSummary[] = [];
    for (const objective of definition.objectives)
      objectives.push(
        await summariseObjective(machine, {
          description: objective.description,
          verdict: tally.verdicts.get(objective.key),
        }),
      );
    agents.push({
      name: definition.name,
      title: definition.title,
      domain: definition.domain,
      state: tally.state,
      tasks: { completed: tally.completed, failed: tally.failed },
      refusals: tally.refusals,
      usage: [...tally.booked.values()].reduce<Amounts>((sum, amounts) => addAmounts(sum, amounts), {}),
      objectives,
      failures: await Promise.all(
        tally.notes.failures.map((failure) => tellFailure(failure, { machine, readFailure, toolOf })),
      ),
    });
  }
  return {
    session,
    name: crew.name,
    outcome: reading.outcome,
    agents,
    owed: [...reading.owed.values()],
    deliverables: await deliverablesOf(options),
  };
}

function emptyTally(): Tally {
  return {
    state: "waiting",
    completed: 0,
    failed: 0,
    refusals: 0,
    booked: new Map(),
    notes: { failures: [], calls: new Map() },
    verdicts: new Map(),
  };
}

function readEntry(reading: Reading, entry: Entry): void {
  if ("refusal" in entry.outcome) {
    const { operation } = entry;
    const agent = "agent" in operation ? operation.agent : null;
    const name = agent === null ? undefined : reading.names.get(agent);
    // Only what the agent itself was to do: an operator's refused operation about it is not its refusal.
    const tally = name === undefined || operation.type !== "effect.request" ? undefined : reading.tallies.get(name);
    if (tally !== undefined) tally.refusals += 1;
    return;
  }
  for (const event of entry.outcome.events) readEvent(reading, { entry, event });
}

function readEvent(reading: Reading, { entry, event }: { readonly entry: Entry; readonly event: KernelEvent }): void {
  const agent = "agent" in event ? event.agent : null;
  const name = agent === null ? undefined : reading.names.get(agent);
  switch (event.type) {
    case "agent.spawned":
      if (event.session !== reading.session) return;
      reading.names.set(event.agent, event.name);
      restart(reading.tallies.get(event.name));
      return;
    case "agent.terminated":
      if (name !== undefined) setState(reading, { name, state: event.reason === "completed" ? "completed" : "failed" });
      return;
    case "session.advanced":
      if (event.session === reading.session)
        for (const skipped of event.skipped) setState(reading, { name: skipped, state: "skipped" });
      return;
    case "session.ended":
      if (event.session !== reading.session) return;
      reading.outcome = event.outcome;
      for (const skipped of event.skipped) setState(reading, { name: skipped, state: "skipped" });
      return;
    default:
      if (name !== undefined) readAgentEvent(reading, { entry, event, name });
  }
}

function readAgentEvent(
  reading: Reading,
  { entry, event, name }: { readonly entry: Entry; readonly event: KernelEvent; readonly name: string },
): void {
  const tally = reading.tallies.get(name);
  if (tally === undefined) return;
  noteFailure(tally.notes, { entry, event });
  switch (event.type) {
    case "task.completed":
      tally.completed += 1;
      return;
    case "task.failed":
    case "task.timed-out":
      if (event.retryAtMs === null) tally.failed += 1;
      return;
    case "task.cancelled":
      if (event.status === "cancelled") tally.failed += 1;
      return;
    case "effect.requested":
    case "approval.requested":
      reading.tools.set(event.effect, entry.operation.type === "effect.request" ? entry.operation.tool : null);
      return;
    case "effect.settled":
      tally.booked.set(event.effect, event.booked);
      reading.owed.delete(event.effect);
      return;
    case "effect.owed":
      tally.booked.set(event.effect, event.booked);
      reading.owed.set(event.effect, {
        effect: event.effect,
        agent: name,
        tool: reading.tools.get(event.effect) ?? null,
        position: entry.position,
      });
      return;
    case "effect.abandoned":
      reading.owed.delete(event.effect);
      return;
    case "objective.judged":
      if (entry.operation.type === "objective.judge") {
        tally.verdicts.set(event.objective, {
          met: event.met,
          position: entry.position,
          evidence: entry.operation.evidence,
        });
      }
      return;
    default:
  }
}

// A new life does its tasks again, and its objectives are judged again; refusals and costs add up over all lives.
function restart(tally: Tally | undefined): void {
  if (tally === undefined) return;
  tally.state = "live";
  tally.completed = 0;
  tally.failed = 0;
  tally.notes.failures.splice(0);
  tally.verdicts.clear();
}

function setState(
  reading: Reading,
  { name, state }: { readonly name: string; readonly state: AgentSummary["state"] },
): void {
  const tally = reading.tallies.get(name);
  if (tally !== undefined) tally.state = state;
}

interface Verdict {
  readonly description: string;
  readonly verdict:
    | {
        readonly met: boolean;
        readonly position: number;
        readonly evidence: readonly { readonly label: string; readonly content: Content }[];
      }
    | undefined;
}

async function summariseObjective(
  machine: Pick<MachinePort, "payload">,
  { description, verdict }: Verdict,
): Promise<ObjectiveSummary> {
  const evidence: { label: string; position: number; content: Json }[] = [];
  for (const { label, content } of verdict?.evidence ?? []) {
    evidence.push({ label, position: verdict?.position ?? 0, content: parse(await machine.payload(content)) });
  }
  return { description, met: verdict?.met ?? false, evidence };
}

async function deliverablesOf({ crew, folders, session, readDeliverable }: SummaryOptions): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const objective of crew.agents.flatMap((agent) => agent.objectives)) {
    if (objective.deliverable === null) continue;
    const path = deliverablePath(objective.deliverable, { ...folders, session, result: () => undefined });
    if (typeof path !== "string") continue;
    // One that cannot be read is not there for whoever the summary is for; its objective says why.
    const file = await readDeliverable(path).catch(() => undefined);
    if (file !== undefined) paths.add(path);
  }
  return [...paths].sort();
}

function parse(bytes: Uint8Array | undefined): Json {
  if (bytes === undefined) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isJson(value) ? value : null;
  } catch {
    return null;
  }
}
