/** What a permission looks like, and which is wider than which. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allPermissions, covers, excess, permissionProblem } from "../src/index.ts";

describe("a permission", () => {
  test.each([
    "fs.read:/",
    "fs.read:/**",
    "fs.read:/a/b",
    "fs.write:/a b/ü/**",
    "fs.read:/a/..b/...",
    "net.connect:*",
    "net.connect:example.com:443",
    "net.connect:*.example.com:443",
    "net.connect:localhost:1",
    "net.connect:127.0.0.1:65535",
    "net.connect:[::1]:80",
    "proc.exec:git",
    "proc.exec:g++",
    "tool.call:file-*",
    "tool.call:*",
    "agent.control:worker",
    "vault.admin:*",
    "vault.read:log",
  ])("is canonical when it reads %s", (permission) => {
    expect(permissionProblem(permission)).toBeUndefined();
  });

  test.each([
    "",
    "fs.read",
    "fs.read:",
    "fs.read:a",
    "fs.read:/a/",
    "fs.read://a",
    "fs.read:/a//b",
    "fs.read:/a/./b",
    "fs.read:/a/../b",
    "fs.read:/..",
    "fs.read:/a*",
    "fs.read:/*",
    "fs.read:/a/**/b*",
    "fs.read:/a/*/**",
    "fs.read:/a\0b",
    "fs.read:/\ud800",
    `fs.read:/${"a".repeat(4_096)}`,
    "fs.readall:/a",
    "constructor:/a",
    "net.connect:example.com",
    "net.connect:example.com:0",
    "net.connect:example.com:65536",
    "net.connect:example.com:0443",
    "net.connect:Example.com:443",
    "net.connect:example.com.:443",
    "net.connect:exa mple.com:443",
    "net.connect:*:443",
    "net.connect:*.0.0.1:443",
    "net.connect:0x7f.1:443",
    "net.connect:127.1:443",
    "net.connect:2130706433:443",
    "net.connect:127.0.0.01:443",
    "net.connect:127.0.0.256:443",
    "net.connect:*.*.com:443",
    "proc.exec:",
    "proc.exec:a b",
    "proc.exec:../git",
    "proc.exec:git:x",
    "tool.call:f*e",
    "tool.call:**",
  ])("is refused when it reads %j", (permission) => {
    expect(permissionProblem(permission)).toBeTypeOf("string");
  });
});

describe("one permission covers another", () => {
  test.each([
    ["fs.read:/**", "fs.read:/"],
    ["fs.read:/**", "fs.read:/a"],
    ["fs.read:/**", "fs.read:/a/**"],
    ["fs.read:/a/**", "fs.read:/a"],
    ["fs.read:/a/**", "fs.read:/a/b/c"],
    ["fs.read:/a/**", "fs.read:/a/b/**"],
    ["net.connect:*", "net.connect:a.example.com:443"],
    ["net.connect:*", "net.connect:*.example.com:443"],
    ["net.connect:*.example.com:443", "net.connect:a.example.com:443"],
    ["net.connect:*.example.com:443", "net.connect:a.b.example.com:443"],
    ["net.connect:*.example.com:443", "net.connect:*.b.example.com:443"],
    ["tool.call:*", "tool.call:reader"],
    ["tool.call:file-*", "tool.call:file-"],
    ["tool.call:file-*", "tool.call:file-reader"],
    ["tool.call:file-*", "tool.call:file-r*"],
  ])("%s covers %s", (held, wanted) => {
    expect(covers(held, wanted)).toBe(true);
    expect(covers(wanted, held)).toBe(false);
  });

  test.each([
    ["fs.read:/a/**", "fs.read:/ab"],
    ["fs.read:/a/**", "fs.read:/"],
    ["fs.read:/a/**", "fs.write:/a/b"],
    ["fs.read:/a/b/**", "fs.read:/a"],
    ["fs.read:/a", "fs.read:/a/b"],
    ["fs.read:/a*b", "fs.read:/aab"],
    ["fs.read:/a", "fs.read:/a/**"],
    ["net.connect:*.example.com:443", "net.connect:example.com:443"],
    ["net.connect:*.example.com:443", "net.connect:aexample.com:443"],
    ["net.connect:*.example.com:443", "net.connect:a.example.com:80"],
    ["net.connect:*.example.com:443", "net.connect:*"],
    ["net.connect:a.example.com:443", "net.connect:*.example.com:443"],
    ["tool.call:file-*", "tool.call:file"],
    ["tool.call:reader", "tool.call:read"],
    ["agent.spawn:*", "agent.control:worker"],
  ])("%s does not cover %s", (held, wanted) => {
    expect(covers(held, wanted)).toBe(false);
  });

  test("the widest of every action covers all of that action and no other", () => {
    for (const held of allPermissions) {
      const action = held.slice(0, held.indexOf(":"));
      expect(excess([held], allPermissions)).toEqual(allPermissions.filter((one) => !one.startsWith(`${action}:`)));
    }
  });

  const parts = fc.array(fc.constantFrom("a", "b", "ab"), { maxLength: 3 });
  const path = parts.map((names) => `/${names.join("/")}`);
  const folder = parts.map((names) => `${names.map((name) => `/${name}`).join("")}/**`);
  const resource = fc.oneof(path, folder).map((text) => `fs.read:${text}`);
  const name = fc.tuple(fc.constantFrom("a", "ab", "abc", "b"), fc.constantFrom("", "*"));
  const named = name.map(([text, star]) => `tool.call:${text}${star}`);
  const host = fc
    .tuple(fc.constantFrom("", "*."), fc.constantFrom("x.org", "a.x.org", "b.a.x.org"), fc.constantFrom(":80", ":443"))
    .map((all) => `net.connect:${all.join("")}`);
  const permission = fc.oneof(resource, named, host, fc.constantFrom(...allPermissions));

  test("as a partial order: itself, at most one way, and along a line", () => {
    fc.assert(
      fc.property(permission, permission, permission, (a, b, c) => {
        expect(permissionProblem(a)).toBeUndefined();
        expect(covers(a, a)).toBe(true);
        if (a !== b && covers(a, b)) expect(covers(b, a)).toBe(false);
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
        // Two that have something in common lie one inside the other: what touching rests on.
        if (covers(a, c) && covers(b, c)) expect(covers(a, b) || covers(b, a)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("exactly when every single thing that it allows is allowed", () => {
    const things = ["/", "/a", "/b", "/ab", "/a/a", "/a/b", "/a/ab", "/a/b/a", "/a/b/b", "/ab/a", "/a/b/a/b"];
    const single = things.map((thing) => `fs.read:${thing}`);
    fc.assert(
      fc.property(resource, resource, (held, wanted) => {
        const allowed = single.filter((one) => covers(wanted, one));
        if (covers(held, wanted)) expect(excess([held], allowed)).toEqual([]);
        else if (wanted.endsWith("/**")) expect(excess([held], [wanted])).toEqual([wanted]);
        else expect(covers(held, wanted)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
