/** From what a program was seen to do to a grant: what each fact needs, and the law that a grant is enough and never too much. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fact, FactKind } from "../../src/sandbox/job.ts";
import { learnGrant, learntPermissionsMax, type StandingNow } from "../../src/sandbox/learn-grant.ts";

const tree: Readonly<Record<string, StandingNow>> = {
  "/w": "folder",
  "/w/a": "file",
  "/w/b*": "file",
  "/w/link": "other",
  "/w/pipe": "other",
  "/w/d": "folder",
  "/w/d/c": "file",
  "/w/d/e": "folder",
  "/w/d/e/f": "file",
  "/w/.toka": "folder",
  "/w/.toka/key": "file",
};
const claims = ["fs.read:/w/**", "fs.write:/w/**"];

function fact(kind: FactKind, path: string): Fact {
  return { kind, path, folder: path };
}

function learn(facts: readonly Fact[], under: readonly string[] = claims): ReturnType<typeof learnGrant> {
  return learnGrant({
    facts: [fact("folder", "/w"), ...facts],
    claims: under,
    isHidden: (path) => path === "/w/.toka" || path.startsWith("/w/.toka/"),
    standing: (path) => tree[path] ?? "missing",
    isPermission: (text) => !text.replace(/\/\*\*$/u, "").includes("*"),
  });
}

const rows: readonly (readonly [string, readonly Fact[], readonly string[]])[] = [
  ["a file is looked at", [fact("see", "/w/a")], ["fs.read:/w/a"]],
  ["a file outside the grant is looked at", [fact("see", "/usr/bin/cat"), fact("list", "/")], []],
  ["what is hidden is looked at", [fact("see", "/w/.toka"), fact("list", "/w/.toka")], []],
  ["the folder it starts in is looked at", [fact("see", "/w")], []],
  ["a folder is looked at", [fact("see", "/w/d")], ["fs.read:/w/d/**"]],
  ["a folder on the way to a file is looked at", [fact("see", "/w/d"), fact("see", "/w/d/c")], ["fs.read:/w/d/c"]],
  ["a folder is listed", [fact("list", "/w/d"), fact("see", "/w/d/c")], ["fs.read:/w/d/**"]],
  ["a link is followed", [fact("link", "/w/link"), fact("see", "/w/d/c")], ["fs.read:/w/**"]],
  ["a pipe is looked at", [fact("see", "/w/pipe")], ["fs.read:/w/**"]],
  ["a file is written", [fact("write", "/w/a"), fact("see", "/w/a")], ["fs.write:/w/a"]],
  ["a file is made by opening it", [fact("create", "/w/new"), fact("see", "/w/new")], ["fs.write:/w/new"]],
  ["a file is opened for reading, and would have been made", [fact("either", "/w/a")], ["fs.read:/w/a"]],
  ["a lock is made by opening it for reading", [fact("either", "/w/lock")], ["fs.write:/w/lock"]],
  ["a name is made in a folder", [fact("entry", "/w/d"), fact("create", "/w/d/n")], ["fs.write:/w/d/**"]],
  [
    "a folder is made and filled",
    [fact("entry", "/w"), fact("entry", "/w/n"), fact("list", "/w/n")],
    ["fs.write:/w/**"],
  ],
  ["the mode of a folder is set", [fact("write", "/w/d/e")], ["fs.write:/w/d/**"]],
  ["the mode of the whole tree is set", [fact("write", "/w")], ["fs.write:/w/**"]],
  ["it is told that it may write a file", [fact("may", "/w/a")], ["fs.write:/w/a"]],
  ["it is told that it may write in a folder", [fact("may", "/w/d")], ["fs.write:/w/d/**"]],
  [
    "writing covers reading, and reading no writing",
    [fact("entry", "/w/d"), fact("list", "/w")],
    ["fs.read:/w/**", "fs.write:/w/d/**"],
  ],
  ["a name is none that a permission can say", [fact("see", "/w/b*")], ["fs.read:/w/**"]],
  ["a name is not UTF-8", [{ kind: "see", path: undefined, folder: "/w/d" }], ["fs.read:/w/d/**"]],
  ["a file of such a name is made", [{ kind: "create", path: undefined, folder: "/w/d" }], ["fs.write:/w/d/**"]],
];

describe("a grant that is learnt", () => {
  test.each(rows)("is what is needed when %s", (_name, facts, permissions) => {
    expect(learn(facts).permissions).toEqual(permissions);
  });

  test("stays within narrower claims when more would be needed", () => {
    expect(learn([fact("link", "/w/link"), fact("see", "/w/a")], ["fs.read:/w/a"]).permissions).toEqual([
      "fs.read:/w/a",
    ]);
    expect(learn([fact("write", "/w/d")], ["fs.write:/w/d/**"]).permissions).toEqual(["fs.write:/w/d/**"]);
  });

  test("names the programs once, in order", () => {
    const { programs } = learn([fact("exec", "/usr/bin/git"), fact("exec", "/bin/a"), fact("exec", "/bin/a")]);
    expect(programs).toEqual(["/bin/a", "/usr/bin/git"]);
  });

  test("has folders in place of many files when a grant has no room for each, and says so", () => {
    const many = (folder: string, count: number): readonly string[] =>
      Array.from({ length: count }, (_, index) => `${folder}/${index}`);
    const files = [...many("/w/many", 300), ...many("/w/few", 20)];
    const { permissions, widened } = learnGrant({
      facts: files.map((path) => fact("see", path)),
      claims,
      isHidden: () => false,
      standing: () => "file",
      isPermission: () => true,
    });
    expect(widened).toEqual(["/w/many"]);
    expect(permissions).toEqual(
      [...many("/w/few", 20).map((path) => `fs.read:${path}`), "fs.read:/w/many/**"].toSorted(),
    );
  });

  test("has room for it all, lies within the claims and covers every file, whatever was seen", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), { minLength: 1, maxLength: 4 })
      .map((names) => `/w/${names.join("/")}`);
    const kinds: readonly FactKind[] = ["see", "list", "link", "may", "write", "create", "either", "entry"];
    const facts = fc.array(fc.record({ kind: fc.constantFrom(...kinds), path }), { maxLength: 600 });
    const under = fc.subarray(["fs.read:/w/**", "fs.write:/w/a/**", "fs.write:/w/b/**", "fs.read:/w/c/d"], {
      minLength: 1,
    });
    fc.assert(
      fc.property(
        facts,
        under,
        fc.func(fc.constantFrom<StandingNow>("file", "folder", "other")),
        (seen, held, standing) => {
          const stands = new Map(seen.map((one) => [one.path, standing(one.path)]));
          const { permissions } = learnGrant({
            facts: seen.map((one) => fact(one.kind, one.path)),
            claims: held,
            isHidden: () => false,
            standing: (at) => stands.get(at) ?? "folder",
            isPermission: () => true,
          });
          expect(permissions.length).toBeLessThanOrEqual(learntPermissionsMax);
          for (const permission of permissions) expect(held.some((claim) => allows(claim, permission))).toBe(true);
          for (const { kind, path: at } of seen) {
            if (kind !== "see" || stands.get(at) !== "file" || !held.some((claim) => allows(claim, `fs.read:${at}`)))
              continue;
            expect(permissions.some((permission) => allows(permission, `fs.read:${at}`))).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Written apart from the code under test: writing allows reading, and `/**` allows the folder and all below it. */
function allows(wide: string, narrow: string): boolean {
  const [, mine = "", here = ""] = /^fs\.(\w+):(.*)$/su.exec(wide) ?? [];
  const [, yours = "", there = ""] = /^fs\.(\w+):(.*)$/su.exec(narrow) ?? [];
  if (mine === "read" && yours === "write") return false;
  if (!here.endsWith("/**")) return here === there;
  const top = here.slice(0, -3);
  return there === top || there.startsWith(`${top}/`);
}
