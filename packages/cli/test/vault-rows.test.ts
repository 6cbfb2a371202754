/** Which row a word means. */
import { describe, expect, test } from "vitest";

import { findRow } from "../src/commands/vault-rows.ts";

const rows = [
  { id: "agent-4-0", name: "curious" },
  { id: "agent-9-0", name: "cataloguer" },
  { id: "agent-12-0", name: "agent-4-0" },
  { id: "agent-40-0", name: "twin" },
  { id: "agent-41-0", name: "twin" },
];

function found(given: string): string {
  return findRow(given, { rows, what: "agent" }).id;
}

describe("a row", () => {
  test.each([
    ["its id, before another's name", "agent-4-0", "agent-4-0"],
    ["its name", "curious", "agent-4-0"],
    ["the entry that made it", "agent-9", "agent-9-0"],
    ["the beginning of its name, when no other begins so", "cur", "agent-4-0"],
  ])("is found by %s", (_how, given, id) => {
    expect(found(given)).toBe(id);
  });

  test("is not guessed when several are meant", () => {
    expect(() => found("twin")).toThrow("agent-40-0, agent-41-0; give one of these ids");
    expect(() => found("c")).toThrow("agent-4-0, agent-9-0; give one of these ids");
  });

  test("is named when the word is nearly right", () => {
    expect(() => found("curoius")).toThrow('did you mean "curious"?');
    expect(() => found("nobody")).toThrow("Cannot find the agent nobody");
  });
});
