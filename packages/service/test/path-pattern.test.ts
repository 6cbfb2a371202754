/** Which paths a pattern means. */
import { expect, test } from "vitest";

import { pathPattern } from "../src/undo/path-pattern.ts";

test.each([
  ["/w/a", ["/w/a", "/w/a/b"], ["/w/ab", "/w"]],
  ["/w/a/", ["/w/a", "/w/a/b"], ["/w/ab"]],
  ["/", ["/a", "/a/b"], []],
  ["/w/*.md", ["/w/a.md", "/w/.md", "/w/a\nb.md"], ["/w/d/a.md", "/w/a.mdx"]],
  ["/w/**/*.md", ["/w/a.md", "/w/.git/d/a.md"], ["/v/a.md"]],
  ["/w/**", ["/w/a", "/w/.b/c"], ["/v/a", "/w"]],
  ["/w/?.[a]+(b)", ["/w/x.[a]+(b)"], ["/w/x.a", "/w//.[a]+(b)"]],
  ["/w/**/x/*", ["/w/x/a", "/w/a/b/x/c"], ["/w/x", "/w/ax/b"]],
])("pattern %s means %j and not %j", (pattern, meant, others) => {
  const fits = pathPattern(pattern);
  expect(meant.filter((path) => !fits(path))).toEqual([]);
  expect(others.filter(fits)).toEqual([]);
});

test("pattern with too many wildcards is refused", () => {
  expect(() => pathPattern(`/${"*a".repeat(17)}`)).toThrow("17 wildcards, at most 16");
});
