/** Timers: they never fire early, and no firing is lost without being counted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fixedLimits, nextTimerMs, type KernelEvent, type TimerSchedule } from "../src/index.ts";
import { furnished, inhabited } from "./furnished.ts";
import { host, one, someContent, type Draft, type World } from "./world.ts";

function setting(agent: string, schedule: TimerSchedule): Draft {
  return { type: "timer.set", agent, schedule, content: someContent };
}

type Fired = Extract<KernelEvent, { type: "timer.fired" }>;

function tick(world: World, atMs: number): readonly Fired[] {
  world.timeMs = atMs;
  const outcome = world.ask({ type: "clock.tick" }, host);
  return "events" in outcome ? outcome.events.filter((event): event is Fired => event.type === "timer.fired") : [];
}

describe("a timer", () => {
  test("fires at its moment and not before, and its message waits for its agent", () => {
    const { world, worker } = inhabited();
    const atMs = world.timeMs + 5_000;
    const { timer } = one(world.must(setting(worker.agent, { type: "once", atMs }), worker), "timer.set");
    expect(nextTimerMs(world.state)).toBe(atMs);
    expect(tick(world, atMs - 1)).toEqual([]);
    expect(tick(world, atMs)).toMatchObject([{ timer, dueMs: atMs, again: 0, nextMs: null }]);
    const [message] = world.state.lookup.messagesTo(worker.principal);
    expect(message).toMatchObject({ timer, from: worker.principal, sender: "worker", sentAtMs: atMs });
    expect(nextTimerMs(world.state)).toBeNull();
  });

  test("that was due several times sends one message and counts the others", () => {
    const { world, worker } = inhabited();
    const fromMs = world.timeMs + 1_000;
    const set = setting(worker.agent, { type: "interval", everyMs: 1_000, fromMs });
    world.must(set, worker);
    expect(tick(world, fromMs + 3_500)).toMatchObject([{ dueMs: fromMs, again: 3, nextMs: fromMs + 4_000 }]);
    expect([...world.state.timers.values()]).toMatchObject([{ fired: 1, missed: 3 }]);
  });

  test("whose series began in the past goes on with it", () => {
    const { world, worker } = inhabited();
    const fromMs = world.timeMs - 2_500;
    world.must(setting(worker.agent, { type: "interval", everyMs: 1_000, fromMs }), worker);
    expect(nextTimerMs(world.state)).toBe(fromMs + 3_000);
  });

  test("is counted as missed where too much waits for its agent", () => {
    const { world, worker } = inhabited();
    for (let count = 0; count < fixedLimits.openMessagesMax - 1; count += 1) {
      world.must({ type: "message.send", agent: worker.agent, topic: null, content: someContent });
    }
    for (const everyMs of [1_000, 2_000]) {
      world.must(setting(worker.agent, { type: "interval", everyMs, fromMs: world.timeMs + 10_000 }), worker);
    }
    const messages = tick(world, world.timeMs + 20_000).map(({ message }) => message);
    expect(messages).toEqual([expect.stringMatching(/^message-/), null]);
    expect([...world.state.timers.values()].map(({ fired }) => fired)).toEqual([1, 0]);
    expect(world.state.lookup.messagesTo(worker.principal)).toHaveLength(fixedLimits.openMessagesMax);
  });

  test("ends with its agent", () => {
    const { world, worker } = inhabited();
    world.must(setting(worker.agent, { type: "interval", everyMs: 1_000, fromMs: null }), worker);
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "killed", exitCode: 0 });
    expect(world.state.timers.size).toBe(0);
  });

  test("fires with 63 others at most, the longest due first, and the rest at the next tick", () => {
    const world = furnished({ limits: { agentsMax: 20 } });
    const atMs = world.timeMs + 1_000_000;
    for (let agents = 0; agents < 5; agents += 1) {
      const worker = world.spawn({ allotment: {} });
      for (let timers = 0; timers < fixedLimits.openTimersMax; timers += 1) {
        world.must(setting(worker.agent, { type: "once", atMs: atMs - timers }), worker);
      }
    }
    const first = tick(world, atMs);
    const second = tick(world, atMs);
    expect([first.length, second.length]).toEqual([64, 16]);
    const due = [...first, ...second].map(({ dueMs }) => dueMs);
    expect(due).toEqual(due.toSorted((left, right) => left - right));
    expect(world.ask({ type: "clock.tick" }, host)).toMatchObject({ refusal: { code: "timer_not_due", nextMs: null } });
  });
});

const schedules: fc.Arbitrary<{ readonly everyMs: number; readonly offsetMs: number } | string> = fc.oneof(
  fc.record({
    everyMs: fc.integer({ min: 1_000, max: 400_000 }),
    offsetMs: fc.integer({ min: -300_000, max: 300_000 }),
  }),
  fc.constantFrom("* * * * *", "*/7 * * * *", "3-9 * * * *", "0 * * * *", "59 23 * * *"),
);

describe("over any time, looked at now and then", () => {
  test("no timer fires early, and its firings and those missed are all that were due", () => {
    let firings = 0;
    const steps = fc.array(fc.integer({ min: 1, max: 500_000 }), { minLength: 5, maxLength: 40 });
    const property = fc.property(fc.array(schedules, { minLength: 1, maxLength: 6 }), steps, (chosen, passes) => {
      const { world, worker } = inhabited();
      const setAt = new Map<string, { readonly schedule: TimerSchedule; readonly ms: number }>();
      for (const one of chosen) {
        const fromMs = typeof one === "string" ? 0 : world.timeMs + one.offsetMs;
        const schedule: TimerSchedule =
          typeof one === "string"
            ? { type: "cron", expression: one }
            : { type: "interval", everyMs: one.everyMs, fromMs };
        const [event] = world.must(setting(worker.agent, schedule), worker);
        if (event?.type === "timer.set") setAt.set(event.timer, { schedule, ms: world.timeMs });
      }
      for (const passMs of passes) {
        const nowMs = world.timeMs + passMs;
        const due = nextTimerMs(world.state) ?? Number.POSITIVE_INFINITY;
        const fired = tick(world, nowMs);
        expect(fired.length > 0).toBe(due <= nowMs);
        for (const { dueMs, nextMs } of fired) {
          expect(dueMs).toBeLessThanOrEqual(nowMs);
          expect(nextMs).toBeGreaterThan(nowMs);
        }
        firings += fired.length;
        for (const timer of world.state.timers.values()) {
          const set = setAt.get(timer.id);
          const wanted = set === undefined ? -1 : occurrences(set.schedule, { afterMs: set.ms, untilMs: nowMs });
          expect(timer.fired + timer.missed).toBe(wanted);
        }
      }
    });
    fc.assert(property, { seed: 20_261_125, numRuns: 60 });
    expect(firings).toBeGreaterThan(1_000);
  });
});

/** How often something was due: by looking at each minute, or at each of its moments. */
function occurrences(
  schedule: TimerSchedule,
  { afterMs, untilMs }: { readonly afterMs: number; readonly untilMs: number },
): number {
  if (schedule.type === "once") return schedule.atMs > afterMs && schedule.atMs <= untilMs ? 1 : 0;
  let count = 0;
  if (schedule.type === "interval") {
    for (let at = schedule.fromMs ?? afterMs; at <= untilMs; at += schedule.everyMs) if (at > afterMs) count += 1;
    return count;
  }
  for (let at = Math.ceil((afterMs + 1) / 60_000) * 60_000; at <= untilMs; at += 60_000) {
    const [minute, hour] = [new Date(at).getUTCMinutes(), new Date(at).getUTCHours()];
    if (simple[schedule.expression]?.(minute, hour) === true) count += 1;
  }
  return count;
}

const simple: { readonly [expression: string]: (minute: number, hour: number) => boolean } = {
  "* * * * *": () => true,
  "*/7 * * * *": (minute) => minute % 7 === 0,
  "3-9 * * * *": (minute) => minute >= 3 && minute <= 9,
  "0 * * * *": (minute) => minute === 0,
  "59 23 * * *": (minute, hour) => minute === 59 && hour === 23,
};
