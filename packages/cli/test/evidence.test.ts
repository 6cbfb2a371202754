import { expect, test } from "vitest";

import { evidenceLine } from "../src/output/evidence.ts";

test.each([
  [
    "a file by its size and digest",
    { check: "content", met: true, path: "/w/report.md", present: true, bytes: 4500, sha256: "2b1f0c9a77d1aaaabbbb" },
    "entry 7: /w/report.md has 4.4 KiB, sha256 2b1f0c9a77d1",
  ],
  [
    "a file that is not there by the reason",
    { check: "file", met: false, why: "there is no file /w/a", path: "/w/a", present: false },
    "entry 7: there is no file /w/a: /w/a",
  ],
  [
    "a command by how it ended",
    { check: "command", met: true, argv: ["grep", "-q", "x"], exit: "0" },
    "entry 7: grep -q x ended with 0",
  ],
  ["a condition by its words", { check: "cel", met: true, expression: "a == b", refusals: [] }, "entry 7: a == b"],
  [
    "refusals by what was refused and where",
    {
      check: "cel",
      met: true,
      expression: "x",
      refusals: [{ position: 3, code: "permission_denied", permission: "net.connect:*" }],
    },
    "entry 7: refused net.connect:* by entry 3",
  ],
  ["anything else as it is", { odd: 1 }, 'entry 7: label-1: {"odd":1}'],
  ["nothing as nothing", null, "entry 7: label-1: null"],
  ["an escape without its effect", { check: "cel", expression: "\u001b[2J" }, "entry 7: \\x1b[2J"],
])("evidenceLine tells %s", (_name, content, wanted) => {
  expect(evidenceLine({ label: "label-1", position: 7, content })).toBe(wanted);
});

test("evidenceLine stays on one line of bounded length when the evidence is long", () => {
  const line = evidenceLine({ label: "l", position: 1, content: { check: "cel", expression: "x\n".repeat(500) } });
  expect([...line]).toHaveLength(160);
  expect(line).not.toContain("\n");
});
