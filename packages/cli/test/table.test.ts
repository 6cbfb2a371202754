/** Rows and trees, as they are shown. */
import { describe, expect, test } from "vitest";

import { growTree, tableLines, treeLines } from "../src/output/table.ts";

const heads = ["ID", "NAME"];

describe("a table", () => {
  test("has columns under heads when a person looks", () => {
    expect(
      tableLines(
        [
          ["1", "ann"],
          ["22", "b"],
        ],
        { heads, terminal: true },
      ),
    ).toEqual(["ID  NAME", "1   ann", "22  b"]);
  });

  test("has fields between tabs and no heads when a program reads", () => {
    expect(tableLines([["1", "ann"]], { heads, terminal: false })).toEqual(["1\tann"]);
  });

  test.each([true, false])("keeps one line and one field for a hostile cell when terminal is %s", (terminal) => {
    const lines = tableLines([["1", "a\tb\nc\u001b[2J"]], { heads, terminal });
    expect(lines).toHaveLength(terminal ? 2 : 1);
    const last = lines.at(-1) ?? "";
    expect(last).toContain("\\x1b[2J");
    expect(last.split("\t")).toHaveLength(terminal ? 1 : 2);
  });

  test("is nothing when there are no rows", () => {
    expect(tableLines([], { heads, terminal: true })).toEqual([]);
  });
});

describe("a tree", () => {
  test("hangs each row below its parent, and what has none here at the top", () => {
    const rows = [
      { id: "a", parent: null },
      { id: "b", parent: "a" },
      { id: "c", parent: "b" },
      { id: "d", parent: "a" },
      { id: "e", parent: "gone" },
    ];
    expect(treeLines(growTree(rows, (row) => [row.id, `  of ${row.id}`]))).toEqual([
      "a",
      "  of a",
      "├─ b",
      "│  │    of b",
      "│  └─ c",
      "│       of c",
      "└─ d",
      "     of d",
      "e",
      "  of e",
    ]);
  });
});
