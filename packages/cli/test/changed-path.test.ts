/** Changed paths on a terminal and in a pipe. */
import { expect, test } from "vitest";

import { diffLines, fromWorkspace, showStates } from "../src/output/changed-path.ts";

const digest = `sha256:${"A".repeat(43)}`;
const file = (size: number, mode = 0o644) => ({ type: "file", digest, size, mode }) as const;
const other = { ...file(9), digest: `sha256:${"B".repeat(43)}` };

test.each([
  ["/w/a/b", "/w", "a/b"],
  ["/w", "/w", "/w"],
  ["/word/a", "/w", "/word/a"],
  ["/a", "/", "a"],
])("path %s from the workspace %s is %s", (path, workspace, shown) => {
  expect(fromWorkspace(path, workspace)).toBe(shown);
});

test.each([
  [null, file(3), "3 bytes"],
  [file(3), null, "3 bytes"],
  [file(3), other, "3 → 9 bytes"],
  [file(3), file(3, 0o600), "mode 644 → 600"],
  [file(3), { ...other, mode: 0o755 }, "3 → 9 bytes, mode 644 → 755"],
  [{ type: "directory", mode: 0o755 }, { type: "directory", mode: 0o700 }, "folder, mode 755 → 700"],
  [file(3), { type: "symlink", target: "a\u001b[31m\nb" }, "3 bytes → link to a\\x1b[31m\\nb"],
] as const)("states %j and %j are shown as %s", (before, after, shown) => {
  expect(showStates({ before, after })).toBe(shown);
});

test("diff has colours on a terminal alone, and lets no file move the cursor", () => {
  const compared = { path: "n\nx", before: file(3), after: other, diff: "@@ -1 +1 @@\n-\u001b[2Jold\r\n+new\n" };
  const plain = diffLines(compared, { colours: false });
  expect(plain).toEqual(['--- a/"n\\nx"', '+++ b/"n\\nx"', "@@ -1 +1 @@", "-\\x1b[2Jold\\x0d", "+new"]);
  const coloured = diffLines(compared, { colours: true });
  expect(coloured.slice(2)).toEqual([
    "\u001b[36m@@ -1 +1 @@\u001b[0m",
    "\u001b[31m-\\x1b[2Jold\\x0d\u001b[0m",
    "\u001b[32m+new\u001b[0m",
  ]);
});

test("diff of bytes that are no text is one line with sizes and digests", () => {
  const [line] = diffLines({ path: "b", before: null, after: file(3), diff: null }, { colours: false });
  expect(line).toBe(`/dev/null b/b: nothing → 3 bytes, mode 644, ${digest}`);
});
