/** Refusals of timers and of the tick. */
import { fixedLimits } from "../../src/index.ts";
import { inhabited } from "../furnished.ts";
import { host, one, someContent, type Draft } from "../world.ts";
import { fields, noRoomFor, stranger, type Scene, type Table } from "./table.ts";

function setting({ agent, atMs }: { readonly agent: string; readonly atMs: number }): Draft {
  return { type: "timer.set", agent, schedule: { type: "once", atMs }, content: someContent };
}

/** One table for each operation of this area. */
export const timerTables: readonly Table[] = [
  {
    operation: "timer.set",
    scene: () => {
      const { world, worker } = inhabited();
      return { world, draft: setting({ agent: worker.agent, atMs: world.timeMs + 1_000_000 }), by: worker };
    },
    rows: [
      fields("agent_unknown", { agent: "agent-900-0" }),
      stranger("agent_not_controlled", ["agent.control:other", "agent.message:*"]),
      fields("timer_never_fires", { schedule: { type: "once", atMs: 5 } }, [
        ["limit_reached"],
        "none is set in the past",
      ]),
      {
        code: "limit_reached",
        breaks: ({ world, draft, by }) => {
          for (let count = 0; count < fixedLimits.openTimersMax; count += 1) world.must(draft, by);
        },
      },
      noRoomFor("timersMax"),
      noRoomFor("signalsPerMinuteMax"),
      noRoomFor("signalBytesPerMinuteMax"),
    ],
  },
  {
    operation: "timer.set",
    when: "it goes by the calendar",
    scene: () => {
      const { world, worker } = inhabited();
      const schedule = { type: "cron", expression: "0 0 29 2 *" };
      return { world, draft: { ...setting({ agent: worker.agent, atMs: 0 }), schedule }, by: worker };
    },
    rows: [fields("timer_never_fires", { schedule: { type: "cron", expression: "0 0 30 2 *" } })],
  },
  {
    operation: "timer.cancel",
    scene: () => {
      const { world, worker } = inhabited();
      const set = setting({ agent: worker.agent, atMs: world.timeMs + 1_000 });
      const { timer } = one(world.must(set), "timer.set");
      return { world, draft: { type: "timer.cancel", timer }, by: worker };
    },
    rows: [fields("timer_unknown", { timer: "timer-900-0" }), stranger("timer_unknown", ["agent.control:other"])],
  },
  {
    operation: "clock.tick",
    scene: (): Scene => {
      const { world, worker } = inhabited();
      world.must(setting({ agent: worker.agent, atMs: world.timeMs + 1_000 }));
      world.timeMs += 1_000;
      return { world, draft: { type: "clock.tick" }, by: host };
    },
    rows: [{ code: "timer_not_due", breaks: ({ world, draft }) => void world.must(draft, host) }],
  },
];
