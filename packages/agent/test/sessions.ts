/** Starting and supervising sessions in the tests' world, and an agent or two for them. */
import { genesisIds, type MachinePort } from "@toka/kernel";
import { readFailure } from "@toka/runtime";
import type { CrewDefinition } from "../src/crew/crew-definition.ts";
import { findOpenSessions, resumeSession, startSession, type OpenSession } from "../src/session/start-session.ts";
import { superviseSession, type SessionEnding } from "../src/session/supervise.ts";
import { summariseSession, type SessionSummary } from "../src/session/summary.ts";
import type { Clock } from "../src/run/clock.ts";
import { knownTools, type AgentParts } from "./files.ts";
import type { World } from "./world.ts";

/** Starts a session of a crew. */
export async function start(
  place: World,
  crew: CrewDefinition,
  machine: MachinePort = place.machine,
): Promise<OpenSession> {
  const { operator, folders } = place;
  return await startSession({
    machine,
    operator,
    budget: genesisIds.rootBudget,
    crew,
    crewFolder: "/crews/testers",
    folders,
  });
}

/** Finds the one open session and reads its crew back. */
export async function resume(place: World, machine: MachinePort = place.machine): Promise<OpenSession> {
  const [found, ...others] = await findOpenSessions(machine);
  if (found === undefined || others.length > 0)
    throw new Error(`${others.length + (found === undefined ? 0 : 1)} sessions are open`);
  return await resumeSession(found, { machine, operator: place.operator, tools: knownTools() });
}

/** Supervises a session to its end or to the signal's. */
export async function supervise(
  place: World,
  open: OpenSession,
  {
    machine = place.machine,
    signal = new AbortController().signal,
    clock = place.clock,
  }: { readonly machine?: MachinePort; readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<SessionEnding> {
  const { operator, readDeliverable } = place;
  return await superviseSession(open, {
    machine,
    clock,
    tools: knownTools(),
    operator,
    judge: operator,
    judgeBudget: genesisIds.rootBudget,
    readDeliverable,
    signal,
  });
}

/** Summarises a session. */
export async function summary(place: World, open: OpenSession): Promise<SessionSummary> {
  return await summariseSession({
    machine: place.machine,
    session: open.id,
    crew: open.crew,
    folders: open.folders,
    readDeliverable: place.readDeliverable,
    readFailure,
  });
}

/** Counts files, then writes the number down; judged by file, content, condition and command. */
export const writer: AgentParts = {
  name: "writer",
  tasks: [
    "{ default: [",
    "{ name: count-files, description: Counts, steps: [{ name: count, tool: count, with: { root: '${workspace}' } }] },",
    "{ name: write-notes, description: Writes, dependencies: [count-files], steps: [",
    "{ name: write, tool: write, with: { path: '${output}/notes.md', content: 'files ${steps.count.result.files}' } } ] } ] }",
  ].join(" "),
  objectives: [
    "[{ description: The notes are there, deliverable: notes.md, validation: [{ file: notes.md, min_bytes: 7 }, { content: notes.md, contains: ['files ${steps.count.result.files}'] }] },",
    '{ description: Three files were counted, validation: { cel: \'steps.count.result.files == 3 && tasks["write-notes"].status == "completed"\' } },',
    "{ description: A command agrees, validation: { command: ['true'] } }]",
  ].join(" "),
};

/** Asks for what it may not have, and reaches its objective by being refused. */
export const curious: AgentParts = {
  name: "curious",
  tasks:
    "{ default: [{ name: look, description: Looks where it may not, steps: [{ name: passwd, tool: peek, with: { path: /etc/passwd }, expect: refusal }, { name: again, tool: peek, with: { path: /etc/shadow }, expect: refusal }] }] }",
  objectives:
    '[{ description: Both are refused by the kernel, validation: { cel: \'steps.passwd.code == "permission_denied" && steps.again.outcome == "refused"\' } }]',
};

/** One step that counts, and an objective that holds when it was done. */
export function counter(name: string, more: AgentParts = {}): AgentParts {
  return {
    name,
    tasks: `{ default: [{ name: work, description: Works, attempts: 1, steps: [{ name: ${name}-step, tool: count, with: { root: '\${workspace}' } }] }] }`,
    objectives: "[{ description: The work is done, validation: { cel: 'tasks.work.status == \"completed\"' } }]",
    ...more,
  };
}
