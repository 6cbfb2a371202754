import type { UpSummary } from "@toka/service";
import { expect, test } from "vitest";

import { summaryLines } from "../src/output/summary.ts";

type Agent = UpSummary["agents"][number];

function summaryOf(failures: Agent["failures"]): UpSummary {
  const agent: Agent = {
    name: "counter",
    title: "Counts",
    domain: null,
    state: "failed",
    tasks: { completed: 0, failed: 1 },
    refusals: 0,
    usage: {},
    objectives: [],
    failures,
  };
  return {
    ok: false,
    entries: 9,
    verify: { ok: true },
    session: "session-1-0",
    owed: [],
    deliverables: [],
    agents: [agent],
  };
}

const call = {
  tool: "count",
  step: "read",
  outcome: "failed",
  code: "3",
  message: "Cannot use the result: the program ended with code 3",
  lastLines: ["first", "no \u001b[2Jsuch\u009b folder"],
  position: 41,
};

test("summary shows which call a task failed over and its last words, and no escape of the guest's", () => {
  const failure = { task: "count", reason: "other", message: "step read failed: 3", position: 42, call };
  const lines = summaryLines(summaryOf([failure]));
  expect(lines.slice(2, 6)).toEqual([
    "  failed  task count, entry 42: step read failed: 3",
    "          came to: failed (3): Cannot use the result: the program ended with code 3",
    "            | first",
    String.raw`            | no \x1b[2Jsuch\x9b folder`,
  ]);
});

test("summary shows the reason alone when a task failed over no call, and cuts what is long", () => {
  const message = "x".repeat(1000);
  const lines = summaryLines(
    summaryOf([
      { task: "count", reason: "timed-out", message: null, position: 42, call: null },
      { task: "count", reason: "other", message: null, position: 43, call: { ...call, message, lastLines: [message] } },
    ]),
  );
  expect(lines[2]).toBe("  failed  task count, entry 42: timed-out");
  expect(lines[3]).toBe("  failed  task count, entry 43: other");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(300);
});
