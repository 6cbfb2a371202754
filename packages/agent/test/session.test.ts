/** Sessions from start to end, over a real vault. */
import { afterEach, expect, test } from "vitest";
import type { CrewDefinition } from "../src/crew/crew-definition.ts";
import { genesisIds, type MachinePort } from "@toka/kernel";
import { findOpenSessions, resumeSession, startSession, type OpenSession } from "../src/session/start-session.ts";
import { superviseSession, type SessionEnding } from "../src/session/supervise.ts";
import { summariseSession, type SessionSummary } from "../src/session/summary.ts";
import { knownTools } from "./files.ts";
import { crewOf, makeWorld, type Perform, type World } from "./world.ts";

let worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds) await world.close();
  worlds = [];
});

async function world(perform?: Perform): Promise<World> {
  const made = await makeWorld(perform);
  worlds.push(made);
  return made;
}

async function start(place: World, crew: CrewDefinition): Promise<OpenSession> {
  const { machine, operator, folders } = place;
  return await startSession({ machine, operator, budget: genesisIds.rootBudget, crew, crewFolder: "/crews/testers", folders });
}

async function supervise(place: World, open: OpenSession, { machine = place.machine, signal = new AbortController().signal }: { readonly machine?: MachinePort; readonly signal?: AbortSignal } = {}): Promise<SessionEnding> {
  const { clock, operator, readDeliverable } = place;
  return await superviseSession(open, { machine, clock, tools: knownTools(), operator, judge: operator, judgeBudget: genesisIds.rootBudget, readDeliverable, signal });
}

async function summary(place: World, open: OpenSession): Promise<SessionSummary> {
  return await summariseSession({ machine: place.machine, session: open.id, crew: open.crew, folders: open.folders, readDeliverable: place.readDeliverable });
}

const writer = {
  name: "writer",
  tasks: [
    "{ default: [",
    "{ name: count-files, description: Counts, steps: [{ name: count, tool: count, with: { root: '${workspace}' } }] },",
    "{ name: write-notes, description: Writes, dependencies: [count-files], steps: [",
    "{ name: write, tool: write, with: { path: '${output}/notes.md', content: 'files ${steps.count.result.files}' } } ] } ] }",
  ].join(" "),
  objectives: [
    "[{ description: The notes are there, deliverable: notes.md, validation: [{ file: notes.md, min_bytes: 7 }, { content: notes.md, contains: ['files ${steps.count.result.files}'] }] },",
    "{ description: Three files were counted, validation: { cel: 'steps.count.result.files == 3 && tasks[\"write-notes\"].status == \"completed\"' } },",
    "{ description: A command agrees, validation: { command: [true] } }]",
  ].join(" ").replace("[true]", "['true']"),
};

const curious = {
  name: "curious",
  tasks: "{ default: [{ name: look, description: Looks where it may not, steps: [{ name: passwd, tool: peek, with: { path: /etc/passwd }, expect: refusal }, { name: again, tool: peek, with: { path: /etc/shadow }, expect: refusal }] }] }",
  objectives: "[{ description: Both are refused by the kernel, validation: { cel: 'steps.passwd.code == \"permission_denied\" && steps.again.outcome == \"refused\"' } }]",
};

test("a crew does its work, its objectives are judged with evidence, and the summary comes from the log", async () => {
  const place = await world();
  const open = await start(place, crewOf([writer, curious]));
  expect(await supervise(place, open)).toBe("completed");
  const done = await summary(place, open);
  expect(done).toMatchObject({
    outcome: "completed",
    owed: [],
    deliverables: [`${place.folders.output}/notes.md`],
    agents: [
      { name: "curious", state: "completed", tasks: { completed: 1, failed: 0 }, refusals: 2, usage: {}, objectives: [{ met: true }] },
      { name: "writer", state: "completed", tasks: { completed: 2, failed: 0 }, refusals: 0, usage: { cpuMs: 10, wallMs: 14, toolCalls: 2 }, objectives: [{ met: true }, { met: true }, { met: true }] },
    ],
  });
  expect(done.agents[0]?.objectives[0]?.evidence[0]?.content).toMatchObject({
    met: true,
    steps: { passwd: { outcome: "refused", code: "permission_denied" } },
    refusals: [{ step: "passwd", code: "permission_denied", permission: "fs.read:/etc/passwd" }, { step: "again" }],
  });
  expect(await findOpenSessions(place.machine)).toEqual([]);
  const left = await place.machine.view((state) => ({ budgets: state.budgets.size, agents: state.agents.size, tasks: state.tasks.size }));
  expect(left).toEqual({ budgets: 1, agents: 0, tasks: 0 });
});
