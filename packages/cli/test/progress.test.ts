import { PassThrough } from "node:stream";

import { describe, expect, test } from "vitest";

import { createProgressView } from "../src/output/progress.ts";

function textOf(stream: PassThrough): string {
  const data: unknown = stream.read();
  return data instanceof Buffer ? data.toString("utf8") : "";
}

const agent = { name: "file-catalogue", state: "running", task: "catalogue", budgetUsed: 0.5 };

describe("progress anywhere but on a terminal", () => {
  test("prints a line when state or task changes and none when only the budget does", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    view.update(agent);
    view.update({ ...agent, budgetUsed: 0.6 });
    view.update({ ...agent, state: "completed", task: null });
    expect(textOf(stream).split("\n")).toEqual([
      "file-catalogue       running      [##########..........]  50% catalogue",
      "file-catalogue       completed    [##########..........]  50%",
      "",
    ]);
  });

  test("never prints an escape when a name carries one", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: false, columns: () => 80 });
    view.update({ ...agent, name: "\u001b[2Jx", task: "\u001b]0;t\u0007" });
    view.note("\u001b[2J");
    expect(textOf(stream)).not.toContain("\u001b");
  });
});

describe("progress on a terminal", () => {
  test("draws one line an agent and redraws it in place", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: true, columns: () => 40 });
    view.update(agent);
    view.update({ ...agent, name: "curious" });
    view.close();
    const first = textOf(stream).split("\n");
    expect(first).toHaveLength(3);
    expect(first.every((line) => line.length <= 39)).toBe(true);
    view.update({ ...agent, state: "completed" });
    view.close();
    expect(textOf(stream)).toMatch(/^\u001b\[2A\u001b\[Jfile-catalogue +completed/u);
  });

  test("puts a note above the lines of the agents", () => {
    const stream = new PassThrough();
    const view = createProgressView({ stream, terminal: true, columns: () => 80 });
    view.update(agent);
    view.close();
    textOf(stream);
    view.note("a note");
    expect(textOf(stream)).toMatch(/^\u001b\[1A\u001b\[Ja note\nfile-catalogue/u);
  });
});
