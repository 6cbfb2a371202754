import { PassThrough } from "node:stream";

import type { AgentProgress } from "@toka/service";
import { describe, expect, test } from "vitest";

import { createProgressView } from "../src/output/progress.ts";

function textOf(stream: PassThrough): string {
  const data: unknown = stream.read();
  return data instanceof Buffer ? data.toString("utf8") : "";
}

const agent: AgentProgress = {
  name: "file-catalogue",
  title: "Catalogues",
  state: "running",
  restarts: 0,
  restartsMax: 1,
  task: { key: "catalogue", description: "", attempt: 1, attemptsMax: 2, waits: false, step: "read" },
  awaits: null,
  tasksDone: 1,
  tasksTotal: 3,
  budget: { kind: "wallMs", used: 50, allotment: 100 },
};
const over: AgentProgress = { ...agent, state: "completed", task: null, tasksDone: 3, budget: null };

describe("progress anywhere but on a terminal", () => {
  test("prints a line when state, task or step changes and none when only the budget does", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    view.update([agent]);
    view.update([{ ...agent, budget: { kind: "wallMs", used: 60, allotment: 100 } }]);
    view.update([over]);
    expect(textOf(stream).split("\n")).toEqual([
      "file-catalogue        running    [##########..........]  50% of wallMs    1/3 catalogue > read",
      "file-catalogue        completed                                           3/3 tasks",
      "",
    ]);
  });

  test("says that a failed task is tried again, at which attempt of how many, and in which life", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    const again = { key: "catalogue", description: "", attempt: 2, attemptsMax: 2, waits: true, step: null };
    view.update([{ ...agent, task: again }]);
    view.update([{ ...agent, task: { ...again, waits: false, step: "read" }, restarts: 1 }]);
    const lines = textOf(stream).split("\n");
    expect(lines[0]).toMatch(/ 1\/3 catalogue, failed, waits for attempt 2 of 2$/u);
    expect(lines[1]).toMatch(/ 1\/3 catalogue > read, attempt 2 of 2, restart 1 of 1$/u);
  });

  test("says what waits for an approval", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    const awaits = { effect: "effect-17-0" as never, tool: "rule", deadlineMs: 1_800_000_000_000 };
    view.update([{ ...agent, state: "awaiting", awaits }]);
    expect(textOf(stream)).toMatch(
      /^file-catalogue +awaiting .* 1\/3 catalogue > read, waits for an approval of effect-17-0\n$/u,
    );
  });

  test("never prints an escape when a name carries one", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    view.update([
      {
        ...agent,
        name: "\u001b[2Jx",
        task: {
          key: "\u001b]0;t\u0007",
          description: "",
          attempt: 2,
          attemptsMax: 2,
          waits: false,
          step: "\u001b[m",
        },
      },
    ]);
    view.note("\u001b[2J");
    expect(textOf(stream)).not.toContain("\u001b");
  });
});

describe("progress on a terminal", () => {
  test("draws one line an agent and redraws it in place", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: true, columns: () => 40 });
    view.update([agent, { ...agent, name: "curious" }]);
    view.close();
    const first = textOf(stream).split("\n");
    expect(first).toHaveLength(3);
    expect(first.every((line) => line.length <= 39)).toBe(true);
    view.update([over, { ...agent, name: "curious" }]);
    view.close();
    expect(textOf(stream)).toMatch(/^\u001b\[2A\u001b\[Jfile-catalogue +completed/u);
  });

  test("puts a note above the lines of the agents", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: true, columns: () => 80 });
    view.update([agent]);
    view.close();
    textOf(stream);
    view.note("a note");
    expect(textOf(stream)).toMatch(/^\u001b\[1A\u001b\[Ja note\nfile-catalogue/u);
  });
});
