/**
 * The supervisor dies at every place where it speaks to the log, before the log hears it and after; another one goes on.
 * Nothing that is done is done again, and the session ends as it would have.
 */
import type { Entry, MachinePort, Receipt } from "@toka/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { findOpenSessions, type OpenSession } from "../src/session/start-session.ts";
import { curious, resume, start, summary, supervise, writer } from "./sessions.ts";
import { crewOf, makeWorld, type World } from "./world.ts";

let worlds: World[] = [];
afterEach(async () => {
  for (const place of worlds) await place.close();
  worlds = [];
});

class Died extends Error {}

/** A machine whose user dies at the given operation, before or after it became durable, and with him every later call. */
function dyingAt(
  machine: MachinePort,
  place: { readonly operation: number; readonly durable: boolean },
): MachinePort & { submitted(): number } {
  let count = 0;
  let dead = false;
  return {
    submitted: () => count,
    submit: async (operation, options): Promise<Receipt> => {
      if (dead) throw new Died();
      count += 1;
      if (count !== place.operation) return await machine.submit(operation, options);
      dead = true;
      if (place.durable) await machine.submit(operation, options);
      throw new Died();
    },
    view: async (select) => {
      if (dead) throw new Died();
      return await machine.view(select);
    },
    watch: (after, options) => machine.watch(after, options),
    read: async (after, options) => await machine.read(after, options),
    find: async (filter, options) => await machine.find(filter, options),
    seal: (bytes, references) => machine.seal(bytes, references),
    payload: async (content) => await machine.payload(content),
  };
}

function countOf(entries: readonly Entry[], type: string): number {
  return entries
    .flatMap(({ outcome }) => ("events" in outcome ? outcome.events : []))
    .filter((event) => event.type === type).length;
}

/** Says something at its end, which must stand in the log once. */
const telling = {
  ...curious,
  tasks: (curious.tasks ?? "").replace(" }] }] }", " }, { name: note, observe: boundary, text: it held }] }] }"),
};
const crew = crewOf([writer, telling]);

/** Operations that a session of this crew submits when nobody dies. */
async function undisturbed(): Promise<number> {
  const place = await makeWorld();
  worlds.push(place);
  const machine = dyingAt(place.machine, { operation: 0, durable: false });
  const open = await start(place, crew, machine);
  expect(await supervise(place, open, { machine })).toBe("completed");
  return machine.submitted();
}

describe("a supervisor that dies", () => {
  test.each([
    ["before its operation became durable", false],
    ["after its operation became durable", true],
  ])(
    "%s is followed by one that repeats nothing, wherever it was",
    async (_when, durable) => {
      const operations = await undisturbed();
      expect(operations).toBeGreaterThan(20);
      for (let operation = 1; operation <= operations; operation += 1) {
        const place = await makeWorld();
        try {
          const dying = dyingAt(place.machine, { operation, durable });
          const first = start(place, crew, dying).then(
            async (open) => await supervise(place, open, { machine: dying }),
          );
          await expect(first, `operation ${operation}`).rejects.toThrow(Died);
          const open =
            (await findOpenSessions(place.machine)).length > 0 ? await resume(place) : await restartOrEnded(place);
          if (open !== null) expect(await supervise(place, open), `operation ${operation}`).toBe("completed");
          await expectDoneOnce(place, `operation ${operation}`);
        } finally {
          await place.close();
        }
      }
    },
    240_000,
  );

  test("again and again, at every fifth of its operations, still gets everything done once", async () => {
    const place = await makeWorld();
    worlds.push(place);
    await start(place, crew);
    let deaths = 0;
    for (;;) {
      const machine = dyingAt(place.machine, { operation: 5, durable: deaths % 2 === 0 });
      const open = await resume(place);
      const ending = await supervise(place, open, { machine }).catch((error: unknown) => error);
      if (!(ending instanceof Died)) {
        expect(ending).toBe("completed");
        break;
      }
      deaths += 1;
      if ((await findOpenSessions(place.machine)).length === 0) break;
    }
    expect(deaths).toBeGreaterThan(3);
    await expectDoneOnce(place, `${deaths} deaths`);
  });
});

/** A machine whose answers get lost now and then: the operation became durable, or never arrived. */
function losing(machine: MachinePort, every: number): MachinePort {
  let count = 0;
  return {
    submit: async (operation, options) => {
      count += 1;
      if (count % every !== 0) return await machine.submit(operation, options);
      if ((count / every) % 2 === 0) await machine.submit(operation, options);
      throw Object.assign(new Error("Cannot answer: the log did not"), {
        name: "Failure",
        code: "outcome_unknown",
        retry: "later",
      });
    },
    view: async (select) => await machine.view(select),
    watch: (after, options) => machine.watch(after, options),
    read: async (after, options) => await machine.read(after, options),
    find: async (filter, options) => await machine.find(filter, options),
    seal: (content, references) => machine.seal(content, references),
    payload: async (content) => await machine.payload(content),
  };
}

describe("a supervisor whose answers get lost", () => {
  test.each([3, 4, 7])("looks at the log and goes on, with every %ith answer lost", async (every) => {
    const place = await makeWorld();
    worlds.push(place);
    const open = await start(place, crew);
    // Waits of the supervisor's own between two tries are over at once; those of tasks are not reached.
    const clock = {
      nowMs: () => place.clock.nowMs(),
      reach: async (timeMs: number, options: { readonly signal: AbortSignal }): Promise<void> => {
        if (timeMs - place.clock.nowMs() <= 1000) place.clock.set(timeMs);
        await place.clock.reach(timeMs, options);
      },
    };
    expect(await supervise(place, open, { machine: losing(place.machine, every), clock })).toBe("completed");
    await expectDoneOnce(place, `every ${every}`);
  });
});

// Died before the session was in the log: it is started; died after its end was: nothing is left to do.
async function restartOrEnded(place: World): Promise<OpenSession | null> {
  const over = countOf(await place.entries(), "session.ended") > 0;
  return over ? null : await start(place, crew);
}

async function expectDoneOnce(place: World, where: string): Promise<void> {
  const entries = await place.entries();
  expect(countOf(entries, "session.ended"), where).toBe(1);
  expect(countOf(entries, "agent.spawned"), where).toBe(2);
  expect(countOf(entries, "task.completed"), where).toBe(3);
  expect(countOf(entries, "task.started"), where).toBe(3);
  expect(countOf(entries, "observation.emitted"), where).toBe(1);
  const steps = place.performed.filter((label) => label === "count" || label === "write");
  expect(steps, where).toEqual(["count", "write"]);
  const refusals = entries.filter(
    ({ operation, outcome }) => operation.type === "effect.request" && "refusal" in outcome,
  );
  expect(refusals, where).toHaveLength(2);
  const session = entries
    .flatMap(({ outcome }) => ("events" in outcome ? outcome.events : []))
    .find((event) => event.type === "session.started");
  if (session?.type !== "session.started") throw new Error("no session was started");
  const done = await summary(place, {
    id: session.session,
    crew,
    folders: place.folders,
    programs: new Map(),
    definitions: new Map(),
  });
  expect(
    done.agents.every((agent) => agent.state === "completed" && agent.objectives.every((objective) => objective.met)),
    where,
  ).toBe(true);
}
