/** Sessions from start to end, over a real vault: order, cap, policies, retries, verdicts. */
import { writeFile } from "node:fs/promises";
import type { Entry } from "@toka/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { findOpenSessions } from "../src/session/start-session.ts";
import { counter, curious, resume, start, summary, supervise, writer } from "./sessions.ts";
import { carryOut, crewOf, makeWorld, type Performed, type Perform, type World } from "./world.ts";

let worlds: World[] = [];
afterEach(async () => {
  for (const place of worlds) await place.close();
  worlds = [];
});

async function world(perform?: Perform): Promise<World> {
  const made = await makeWorld(perform);
  worlds.push(made);
  return made;
}

const failed: Performed = { outcome: "failed", code: "1", result: { $failure: { message: "broken" } } };

function hasEvent(type: string): (entry: Entry) => boolean {
  return ({ outcome }) => "events" in outcome && outcome.events.some((event) => event.type === type);
}

/** Names of agents in the order of their spawning and ending, for instance `+a -a`. */
async function lives(place: World): Promise<string> {
  const entries = await place.entries();
  const marks = entries.flatMap(({ outcome }) => {
    if (!("events" in outcome)) return [];
    return outcome.events.flatMap((event) =>
      event.type === "agent.spawned" ? [`+${event.name}`] : event.type === "agent.terminated" ? [`-${event.name}`] : [],
    );
  });
  return marks.join(" ");
}

describe("a session", () => {
  test("does the crew's work, judges its objectives with evidence, and is summarised from the log", async () => {
    const place = await world();
    const open = await start(place, crewOf([writer, curious]));
    expect(await supervise(place, open)).toBe("completed");
    const done = await summary(place, open);
    expect(done).toMatchObject({
      outcome: "completed",
      owed: [],
      deliverables: [`${place.folders.output}/notes.md`],
      agents: [
        {
          name: "curious",
          state: "completed",
          tasks: { completed: 1, failed: 0 },
          refusals: 2,
          usage: {},
          objectives: [{ met: true }],
        },
        {
          name: "writer",
          state: "completed",
          tasks: { completed: 2, failed: 0 },
          refusals: 0,
          usage: { cpuMs: 10, wallMs: 14, toolCalls: 2 },
          objectives: [{ met: true }, { met: true }, { met: true }],
        },
      ],
    });
    expect(done.agents[0]?.objectives[0]?.evidence[0]?.content).toMatchObject({
      met: true,
      steps: { passwd: { outcome: "refused", code: "permission_denied" } },
      refusals: [{ step: "passwd", code: "permission_denied", permission: "fs.read:/etc/passwd" }, { step: "again" }],
    });
    expect(await findOpenSessions(place.machine)).toEqual([]);
    const left = await place.machine.view((state) => ({
      budgets: state.budgets.size,
      agents: state.agents.size,
      tasks: state.tasks.size,
      grants: state.grants.size,
    }));
    expect(left).toEqual({ budgets: 1, agents: 0, tasks: 0, grants: 1 });
  });

  test("registers a definition again only when its file changed", async () => {
    const place = await world();
    await supervise(place, await start(place, crewOf([curious])));
    await supervise(place, await start(place, crewOf([curious])));
    await supervise(
      place,
      await start(
        place,
        crewOf([{ ...curious, security: "{ capabilities_required: [], resource_limits: { timeout: 2h } }" }]),
      ),
    );
    const registered = (await place.entries()).filter(hasEvent("definition.registered"));
    expect(registered).toHaveLength(2);
  });

  test("spawns in waves and by priority, and never more at once than the cap", async () => {
    const place = await world();
    const crew = crewOf(
      [
        counter("low", { priority: "low" }),
        counter("urgent", { priority: "critical" }),
        counter("last", { dependencies: "{ required: { urgent: its numbers, low: too } }" }),
      ],
      "concurrency: 1",
    );
    expect(crew.waves).toEqual([["urgent", "low"], ["last"]]);
    expect(await supervise(place, await start(place, crew))).toBe("completed");
    expect(await lives(place)).toBe("+urgent -urgent +low -low +last -last");
    const waves = (await place.entries()).flatMap(({ operation }) =>
      operation.type === "session.advance" ? [operation.wave] : [],
    );
    expect(waves).toEqual([1, 2]);
  });

  test("runs agents side by side up to the cap", async () => {
    let arrived = 0;
    let open = (): void => {};
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    // Each waits for the other to have begun: only side by side can they end.
    const place = await world((call) => {
      arrived += 1;
      if (arrived === 2) open();
      void both.then(() => place.settle(call.effect, { outcome: "succeeded", code: "0", result: {} }));
      return undefined;
    });
    expect(await supervise(place, await start(place, crewOf([counter("a"), counter("b")], "concurrency: 2")))).toBe(
      "completed",
    );
    expect(await lives(place)).toMatch(/^\+a \+b/u);
  });

  test.each([
    ["suspend-dependents", "+bad +other", ["bad failed", "other completed", "after skipped", "finally skipped"]],
    ["continue", "+bad +other", ["bad failed", "other completed", "after completed", "finally completed"]],
  ])("goes on after a failure by its policy %s", async (failure, begin, states) => {
    const place = await world(async (call) => (call.label === "bad-step" ? failed : await carryOut(call)));
    const crew = crewOf(
      [
        counter("bad"),
        counter("other"),
        counter("after", { dependencies: "{ required: { bad: needed } }" }),
        counter("finally", { dependencies: "{ required: { after: needed } }" }),
      ],
      `failure: ${failure}`,
    );
    const open = await start(place, crew);
    expect(await supervise(place, open)).toBe("failed");
    expect(await lives(place)).toContain(begin);
    expect((await summary(place, open)).agents.map(({ name, state }) => `${name} ${state}`)).toEqual(states);
  });

  test("ends what lives and spawns nothing more by its policy stop", async () => {
    // The slow agent's step is never performed, so that only its termination can end it.
    const place = await world(async (call) =>
      call.label === "bad-step" ? failed : call.label === "slow-step" ? undefined : await carryOut(call),
    );
    const open = await start(
      place,
      crewOf(
        [counter("bad"), counter("slow", { priority: "low" }), counter("third", { priority: "low" })],
        "failure: stop\nconcurrency: 2",
      ),
    );
    expect(await supervise(place, open)).toBe("failed");
    expect((await summary(place, open)).agents.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "bad failed",
      "slow failed",
      "third skipped",
    ]);
  });

  test("spawns an agent that failed again, as often as the crew says", async () => {
    const place = await world(async (call) =>
      call.label === "shaky-step" && call.before < 2 ? failed : await carryOut(call),
    );
    const open = await start(place, crewOf([counter("shaky")], "restarts: 2"));
    expect(await supervise(place, open)).toBe("completed");
    expect(await lives(place)).toBe("+shaky -shaky +shaky -shaky +shaky -shaky");
    expect((await summary(place, open)).agents).toMatchObject([
      { state: "completed", tasks: { completed: 1, failed: 0 }, usage: { toolCalls: 3 } },
    ]);
  });

  test("does not spawn again an agent that did its work and missed its objective", async () => {
    const place = await world();
    const objectives =
      "[{ description: There are a hundred files, validation: { cel: 'steps[\"blind-step\"].result.files == 100' } }]";
    const open = await start(
      place,
      crewOf(
        [counter("blind", { objectives }), counter("after", { dependencies: "{ required: { blind: needed } }" })],
        "restarts: 3",
      ),
    );
    expect(await supervise(place, open)).toBe("failed");
    expect(await lives(place)).toBe("+blind -blind");
    expect((await summary(place, open)).agents).toMatchObject([
      { state: "failed", tasks: { completed: 1 }, objectives: [{ met: false }] },
      { state: "skipped" },
    ]);
  });

  test("waits for an optional dependency without needing its success, and does without one the crew lacks", async () => {
    const place = await world(async (call) => (call.label === "bad-step" ? failed : await carryOut(call)));
    const open = await start(
      place,
      crewOf([counter("bad"), counter("after", { dependencies: "{ optional: [{ bad: nicer }, { absent: nicer }] }" })]),
    );
    expect(await supervise(place, open)).toBe("failed");
    expect(await lives(place)).toBe("+bad -bad +after -after");
    expect((await summary(place, open)).agents.map(({ state }) => state)).toEqual(["failed", "completed"]);
  });
});

describe("a summary", () => {
  test("says of each failed attempt which call failed, with what code and last words", async () => {
    const broken: Performed = {
      outcome: "failed",
      code: "3",
      result: { $failure: { message: "Cannot use the result", diagnostics: "first\nno such folder\n" } },
    };
    const place = await world(async (call) =>
      call.label === "shaky-step" && call.before < 2 ? broken : await carryOut(call),
    );
    const tasks =
      "{ default: [{ name: work, description: Works, attempts: 3, backoff: { first: 1s, max: 1s }, steps: [{ name: shaky-step, tool: count, with: { root: '${workspace}' } }] }] }";
    const open = await start(place, crewOf([counter("shaky", { tasks }), counter("steady")]));
    const ending = supervise(place, open);
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await place.until(
        ({ outcome }) =>
          "events" in outcome &&
          outcome.events.some((event) => event.type === "task.failed" && (event.retryAtMs ?? 0) > place.clock.nowMs()),
      );
      place.clock.set(place.clock.nowMs() + 1000);
    }
    expect(await ending).toBe("completed");
    const failure = {
      task: "work",
      reason: "other",
      message: "step shaky-step failed: 3",
      call: {
        tool: "count",
        step: "shaky-step",
        outcome: "failed",
        code: "3",
        message: "Cannot use the result",
        lastLines: ["first", "no such folder"],
      },
    };
    const { agents } = await summary(place, open);
    expect(agents).toMatchObject([
      { name: "shaky", failures: [failure, failure] },
      { name: "steady", failures: [] },
    ]);
    const kinds = (await place.entries()).map(({ operation }) => operation.type);
    expect(
      agents[0]?.failures.map(({ position, call }) => [kinds[position - 1], kinds[(call?.position ?? 0) - 1]]),
    ).toEqual([
      ["task.fail", "effect.settle"],
      ["task.fail", "effect.settle"],
    ]);
  });

  test("names no call when a task failed because its request was refused", async () => {
    const place = await world();
    const tasks =
      "{ default: [{ name: work, description: Works, attempts: 1, steps: [{ name: out, tool: peek, with: { path: /etc/passwd } }] }] }";
    const open = await start(place, crewOf([counter("nosy", { tasks })]));
    expect(await supervise(place, open)).toBe("failed");
    expect((await summary(place, open)).agents).toMatchObject([
      { failures: [{ reason: "permission-denied", message: "step out was refused: permission_denied", call: null }] },
    ]);
  });
});

describe("a task", () => {
  test("is tried again after its backoff, doubled, and not before", async () => {
    const place = await world(async (call) => (call.before < 2 ? failed : await carryOut(call)));
    const tasks =
      "{ default: [{ name: work, description: Works, attempts: 3, backoff: { first: 10s, max: 1m }, steps: [{ name: s, tool: count, with: { root: '${workspace}' } }] }] }";
    const open = await start(place, crewOf([counter("patient", { tasks })]));
    const ending = supervise(place, open);
    const waits: number[] = [];
    for (const attempt of [1, 2]) {
      const entry = await place.until(
        ({ outcome }) =>
          "events" in outcome &&
          outcome.events.some(
            (event) =>
              event.type === "task.failed" &&
              waits.length === attempt - 1 &&
              (event.retryAtMs ?? 0) > place.clock.nowMs(),
          ),
      );
      const retryAtMs =
        "events" in entry.outcome
          ? (entry.outcome.events.flatMap((event) => (event.type === "task.failed" ? [event.retryAtMs ?? 0] : []))[0] ??
            0)
          : 0;
      waits.push(retryAtMs - place.clock.nowMs());
      expect(place.performed).toHaveLength(attempt);
      place.clock.set(retryAtMs);
    }
    expect(await ending).toBe("completed");
    expect(waits).toEqual([10_000, 20_000]);
    expect(place.performed).toHaveLength(3);
  });

  test("does not repeat in a later attempt a step that succeeded in an earlier one", async () => {
    const place = await world(async (call) =>
      call.label === "second" && call.before === 0 ? failed : await carryOut(call),
    );
    const tasks =
      "{ default: [{ name: work, description: Works, backoff: { first: 0s, max: 0s }, steps: [{ name: first, tool: count, with: { root: '${workspace}' } }, { name: second, tool: count, with: { root: '${workspace}' } }] }] }";
    expect(await supervise(place, await start(place, crewOf([counter("careful", { tasks })])))).toBe("completed");
    expect(place.performed).toEqual(["first", "second", "second"]);
  });

  test("is left out when its condition is false, and its steps when theirs are", async () => {
    const place = await world();
    const tasks =
      "{ default: [{ name: work, description: Works, steps: [{ name: a, tool: count, with: { root: '${workspace}' } }, { name: b, tool: count, with: { root: '${workspace}' }, when: 'steps.a.result.files > 100' }, { name: c, tool: count, with: { root: '${workspace}' }, when: '\"md\" in steps.a.result.languages' }] }, { name: more, description: Works on, dependencies: [work], when: 'steps.a.result.total.bytes == 0', steps: [{ name: d, tool: count, with: { root: '${workspace}' } }] }] }";
    const objectives =
      "[{ description: The other task is left out, validation: { cel: 'tasks.more.status == \"skipped\"' } }]";
    expect(await supervise(place, await start(place, crewOf([counter("choosy", { tasks, objectives })])))).toBe(
      "completed",
    );
    expect(place.performed).toEqual(["a", "c"]);
  });

  test("fails without another try when a condition cannot be decided or a hole cannot be filled", async () => {
    const place = await world();
    const step = (name: string, more: string): string =>
      `{ name: ${name}, tool: count, with: { root: '\${workspace}' }${more} }`;
    const tasks = (second: string): string =>
      `{ default: [{ name: work, description: Works, steps: [${step("a", "")}, ${second}] }] }`;
    const undecided = counter("undecided", { tasks: tasks(step("b", ", when: 'steps.a.result.nothing == 1'")) });
    const unfilled = counter("unfilled", {
      tasks: tasks("{ name: c, tool: count, with: { root: '${steps.a.result.nothing}' } }"),
    });
    const open = await start(place, crewOf([undecided, unfilled]));
    expect(await supervise(place, open)).toBe("failed");
    expect(place.performed).toEqual(["a", "a"]);
    const messages = await Promise.all(
      (await place.entries()).flatMap(({ operation }) =>
        operation.type === "task.fail" && operation.message !== null ? [place.machine.payload(operation.message)] : [],
      ),
    );
    expect(messages.map((message) => new TextDecoder().decode(message)).sort()).toEqual([
      "Cannot fill ${steps.a.result.nothing}: the step has no such result",
      "the condition of step b cannot be decided: fact_missing",
    ]);
  });

  test("is timed out when its effect does not end", async () => {
    const place = await world(() => undefined);
    const open = await start(place, crewOf([counter("stuck")]));
    const ending = supervise(place, open);
    await place.until(hasEvent("effect.requested"));
    place.clock.set(place.clock.nowMs() + 300_001);
    expect(await ending).toBe("failed");
    expect((await place.entries()).some(hasEvent("task.timed-out"))).toBe(true);
  });

  test("fails and is not tried again when the outcome of its effect is unknown, which stays owed", async () => {
    const place = await world(async (call) =>
      call.tool === "send" ? { outcome: "unknown", code: null, result: null } : await carryOut(call),
    );
    const tasks =
      "{ default: [{ name: work, description: Works, steps: [{ name: tell, tool: send, with: { text: hello } }] }] }";
    const open = await start(place, crewOf([counter("teller", { tasks })]));
    expect(await supervise(place, open)).toBe("failed");
    expect(place.performed).toEqual(["tell"]);
    expect((await summary(place, open)).owed).toMatchObject([{ agent: "teller", tool: "send" }]);
  });

  test("fails when a step that was to be refused is allowed", async () => {
    const place = await world();
    const tasks =
      "{ default: [{ name: work, description: Works, steps: [{ name: look, tool: count, with: { root: '${workspace}' }, expect: refusal }] }] }";
    const open = await start(place, crewOf([counter("lucky", { tasks })]));
    expect(await supervise(place, open)).toBe("failed");
    expect((await summary(place, open)).agents).toMatchObject([
      { state: "failed", tasks: { failed: 1 }, objectives: [{ met: false }] },
    ]);
  });

  test("is cancelled when one that it waits for failed, while others go on", async () => {
    const place = await world(async (call) => (call.label === "a" ? failed : await carryOut(call)));
    const one = (name: string, step: string, after = ""): string =>
      `{ name: ${name}, description: Works, attempts: 1${after}, steps: [{ name: ${step}, tool: count, with: { root: '\${workspace}' } }] }`;
    const tasks = `{ default: [${one("first", "a")}, ${one("second", "b", ", dependencies: [first]")}, ${one("third", "c")}] }`;
    const objectives =
      '[{ description: The third is done, validation: { cel: \'tasks.third.status == "completed" && tasks.second.status == "cancelled"\' } }]';
    const open = await start(place, crewOf([counter("partly", { tasks, objectives })]));
    expect(await supervise(place, open)).toBe("failed");
    expect(place.performed).toEqual(["a", "c"]);
    expect((await summary(place, open)).agents).toMatchObject([
      { tasks: { completed: 1, failed: 2 }, objectives: [{ met: true }] },
    ]);
  });
});

describe("an objective", () => {
  test("is not met when the deliverable was corrupted before it was judged, and the agent did not end well", async () => {
    const place = await world(async (call) => {
      const answer = await carryOut(call);
      if (call.tool === "write") await writeFile(String(call.given["path"]), "files 4, says an intruder");
      return answer;
    });
    const open = await start(place, crewOf([writer]));
    expect(await supervise(place, open)).toBe("failed");
    const done = await summary(place, open);
    expect(done.agents[0]).toMatchObject({
      state: "failed",
      tasks: { completed: 2, failed: 0 },
      objectives: [{ met: false }, { met: true }, { met: true }],
    });
    expect(done.agents[0]?.objectives[0]?.evidence[1]?.content).toMatchObject({
      met: false,
      why: 'it does not contain "files 3"',
      excerpt: "files 4, says an intruder",
    });
  });

  test("with a command is not met when the command ends otherwise", async () => {
    const place = await world(async (call) =>
      call.tool === null
        ? { outcome: "failed", code: "1", result: { exit: { code: 1 }, stdout: { text: "no" } } }
        : await carryOut(call),
    );
    const open = await start(place, crewOf([writer]));
    expect(await supervise(place, open)).toBe("failed");
    expect((await summary(place, open)).agents[0]?.objectives[2]).toMatchObject({
      met: false,
      evidence: [{ content: { argv: ["true"], exit: "1", stdout: "no", why: "it ended with 1, wanted 0" } }],
    });
  });
});

describe("somebody else", () => {
  test("suspends an agent, which asks for nothing until it is resumed", async () => {
    const place = await world((call) => (call.before === 0 && call.label === "first" ? undefined : carryOut(call)));
    const tasks =
      "{ default: [{ name: work, description: Works, steps: [{ name: first, tool: count, with: { root: '${workspace}' } }, { name: second, tool: count, with: { root: '${workspace}' } }] }] }";
    const open = await start(place, crewOf([counter("held", { tasks })]));
    const ending = supervise(place, open);
    const asked = await place.until(hasEvent("effect.requested"));
    const { agent, effect } = await place.machine.view((state) => ({
      agent: [...state.agents.keys()][0],
      effect: [...state.effects.keys()][0],
    }));
    if (agent === undefined || effect === undefined) throw new Error("no agent lives");
    await place.machine.submit({ type: "agent.suspend", agent, reason: "administrative" }, { caller: place.operator });
    await place.settle(effect, { outcome: "succeeded", code: "0", result: {} });
    const resumed = await place.machine.submit({ type: "agent.resume", agent }, { caller: place.operator });
    expect(await ending).toBe("completed");
    const between = (await place.entries()).filter(
      ({ position, operation }) =>
        position > asked.position && position < (resumed.position ?? 0) && operation.type === "effect.request",
    );
    expect(between).toEqual([]);
    expect(place.performed).toEqual(["first", "second"]);
  });

  test("ends an agent, and the session goes on with what is left", async () => {
    const place = await world(async (call) => (call.label === "victim-step" ? undefined : await carryOut(call)));
    const open = await start(
      place,
      crewOf([counter("victim"), counter("other", { dependencies: "{ optional: { victim: first } }" })]),
    );
    const ending = supervise(place, open);
    await place.until(hasEvent("effect.requested"));
    const agent = await place.machine.view((state) => [...state.agents.keys()][0]);
    if (agent === undefined) throw new Error("no agent lives");
    await place.machine.submit(
      { type: "agent.terminate", agent, reason: "killed", exitCode: -9 },
      { caller: place.operator },
    );
    expect(await ending).toBe("failed");
    expect(await lives(place)).toBe("+victim -victim +other -other");
  });

  test("stops the supervisor while a command is judged; the next one waits for the same run of it", async () => {
    const stop = new AbortController();
    const place = await world(async (call) => (call.tool === null ? undefined : await carryOut(call)));
    const open = await start(place, crewOf([writer]));
    const first = supervise(place, open, { signal: stop.signal });
    await place.until(
      ({ operation, outcome }) =>
        operation.type === "effect.request" && operation.kind === "code" && "events" in outcome,
    );
    stop.abort();
    expect(await first).toBe("stopped");
    const second = supervise(place, await resume(place));
    const effect = await place.machine.view((state) => [...state.effects.keys()][0]);
    if (effect === undefined) throw new Error("no command runs");
    await place.settle(effect, {
      outcome: "succeeded",
      code: "0",
      result: { exit: { code: 0 }, stdout: { text: "" } },
    });
    expect(await second).toBe("completed");
    expect(place.performed.filter((label) => label.startsWith("check-"))).toHaveLength(1);
  });

  test("stops the supervisor; the session stays open and another one finishes it without repeating a step", async () => {
    const stop = new AbortController();
    const place = await world(async (call) => {
      const answer = await carryOut(call);
      if (call.label === "count") stop.abort();
      return answer;
    });
    const open = await start(place, crewOf([writer]));
    expect(await supervise(place, open, { signal: stop.signal })).toBe("stopped");
    expect(await supervise(place, await resume(place))).toBe("completed");
    expect(place.performed.filter((label) => label === "count" || label === "write")).toEqual(["count", "write"]);
  });
});
