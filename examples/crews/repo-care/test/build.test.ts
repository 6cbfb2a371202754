/** The build-validator: ranges and versions, patterns, what git says is made by a build, and manifests that are made to hold it up. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readGoFile } from "../tools/repository/build/go-file.ts";
import { meet, meets, readRequirement } from "../tools/repository/build/npm-ranges.ts";
import { lockedName, meetsPython, readPythonRequirement } from "../tools/repository/build/python-versions.ts";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { globMatcher } from "../tools/repository/tree/glob.ts";
import { ignoredBelow } from "../tools/repository/tree/ignored.ts";
import { isForeign, resolved } from "../tools/repository/tree/tree.ts";
import { commit, git, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { readJson, resultOf } from "./run-tool.ts";

function validated(root: string): FindingsFile {
  const output = join(temporaryFolder(), "out");
  resultOf("build-validator", { root, output });
  return readJson(join(output, "findings/build-validator.json"));
}

const said = (file: FindingsFile): readonly string[] =>
  file.findings.map(({ path, line, rule, excerpt }) => `${path}:${line} ${rule} ${excerpt ?? ""}`.trim());

describe("requirements of npm", () => {
  test.each([
    ["^1.2.0", { kind: "range", range: "^1.2.0" }],
    ["1.x || >=2.5.0", { kind: "range", range: "1.x || >=2.5.0" }],
    ["", { kind: "range", range: "" }],
    ["latest", { kind: "elsewhere" }],
    ["v1-legacy", { kind: "elsewhere" }],
    ["ada/box", { kind: "elsewhere" }],
    ["git+ssh://git@example.org/a/b.git#semver:^1", { kind: "elsewhere" }],
    ["https://example.org/a.tgz", { kind: "elsewhere" }],
    ["file:../a", { kind: "place", place: "../a" }],
    ["./a", { kind: "place", place: "./a" }],
    ["workspace:^", { kind: "workspace" }],
    ["catalog:", { kind: "workspace" }],
    ["npm:@a/b@^2", { kind: "alias", name: "@a/b", range: "^2" }],
    ["npm:b", { kind: "alias", name: "b", range: undefined }],
    ["^1.x.y.z", { kind: "invalid" }],
    ["1.0.0.0", { kind: "invalid" }],
    [`>=1 ${"|| >=1 ".repeat(1000)}`, { kind: "elsewhere" }],
  ])("are read: %.40s", (text, wanted) => {
    expect(readRequirement(text)).toEqual(wanted);
  });

  test("are met by what npm would install", () => {
    expect([meets("7.1.0-beta.3", "^7.1.0-beta.2"), meets("7.2.0-beta.3", "^7.1.0-beta.2")]).toEqual([true, false]);
    expect([meets("1.0.0-rc.1", "*"), meets("no version", "^1.0.0")]).toEqual([true, true]);
    expect([meet("^1.2.0", ">=1.4.0"), meet("^1.2.0", "^2.0.0")]).toEqual([true, false]);
  });
});

describe("versions of Python", () => {
  test.each([
    ["2.32.3", ">=2.31,<3", true],
    ["3.0", ">=2.31,<3", false],
    ["13.9.4", "~= 13.7", true],
    ["14.0", "~=13.7", false],
    ["13.7.9", "~=13.7.1", true],
    ["13.8", "~=13.7.1", false],
    ["23.2.0", "==23.*", true],
    ["24.0", "==23.*", false],
    ["1.0", "==1.0.0", true],
    ["1.0.post1", ">1.0", true],
    ["1.0rc1", "<1.0", false],
    ["1.0rc1", "<1.0.1", true],
    ["1.0.dev1", ">=1.0a1", false],
    ["1!1.0", ">=2.0", true],
    ["2.5.1", "^2.5", true],
    ["3.0", "^2.5", false],
    ["0.28", "^0.27", false],
    ["0.27.9", "^0.27", true],
    ["1.2.9", "~1.2", true],
    ["1.3", "~1.2", false],
    ["3.0", "^1.0 || ^3.0", true],
    ["2.0", "!=2.0", false],
    ["2.1", "!=2.0.*", true],
    ["1.0", "*", true],
    ["1.0", "", true],
    ["1.0", "three", undefined],
    ["unknown", ">=1", undefined],
  ])("%s meets %s: %s", (version, required, wanted) => {
    expect(meetsPython(version, required)).toBe(wanted);
  });

  test("come in the order of the standard", () => {
    const order = ["1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2"];
    order.push(
      "1.0b2.post345.dev456",
      "1.0b2.post345",
      "1.0rc1.dev456",
      "1.0rc1",
      "1.0",
      "1.0.post456.dev34",
      "1.0.post456",
    );
    order.push("1.0.15", "1.1.dev1");
    const rest = order.slice(1);
    rest.forEach((version, index) => {
      expect(meetsPython(version, `>=${rest[index - 1] ?? order[0]}`), version).toBe(true);
      if (index > 0) expect(meetsPython(rest[index - 1] ?? "", `>=${version}`), version).toBe(false);
    });
  });

  test.each([
    ["requests[socks, http2] >= 2, <3 ; python_version < '3.11'", { name: "requests", versions: ">= 2, <3" }],
    ["Weather_Box.Plot", { name: "weather-box-plot", versions: "" }],
    ["a (>=1)", { name: "a", versions: ">=1" }],
    ["a @ https://example.org/a.whl", { name: "a", versions: undefined }],
    ["-e .", undefined],
  ])("are read from a requirement: %s", (text, wanted) => {
    expect(readPythonRequirement(text)).toEqual(wanted);
    expect(lockedName("A__b.-C")).toBe("a-b-c");
  });
});

describe("go.mod", () => {
  test.each([
    ["module a\ngo 1.22 // why\nrequire (\n  b v1\n)\nreplace b => ./b\n", 4],
    ['module "a"\nretract [v1, v2]\n', 2],
    ["", 0],
  ])("is read: %j", (text, count) => {
    const read = readGoFile(text);
    expect("directives" in read ? read.directives.length : read).toBe(count);
  });

  test.each([
    ["module a b", 1],
    ["module a\nneed b", 2],
    ["require (\n  b\n)", 2],
    ["require (\n b v1\n", 3],
    ["replace a ./b v1", 1],
    ["toString (\n)", 1],
    ["__proto__ a", 1],
  ])("is refused with its line: %j", (text, line) => {
    expect(readGoFile(text)).toMatchObject({ line });
  });
});

describe("patterns", () => {
  test.each([
    ["packages/*", "packages/a", true],
    ["packages/*", "packages/a/b", false],
    ["packages/**", "packages/a/b", true],
    ["packages/**", "packages", true],
    ["./packages/{a,b}-*", "packages/b-x", true],
    ["**/x", "x", true],
    ["**/x", "a/b/x", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*", "a", true],
    ["a*b*c", "aXbYbZc", true],
    ["{".repeat(200), "a", false],
    ["{a,b}".repeat(20), "a", false],
  ])("%.20s meets %s: %s", (pattern, path, wanted) => {
    expect(globMatcher(pattern)(path)).toBe(wanted);
  });

  test("meet what a pattern of the same meaning meets, for any of a, b, slash and wildcards", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 4 });
    const some = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.array(some, { minLength: 1, maxLength: 3 }),
        (parts, path) => {
          const plain = parts.map((each) => (/^\*\*+$/u.test(each) ? "*" : each));
          const form = plain.map((each) => each.replaceAll("?", "[^/]").replaceAll("*", "[^/]*")).join("/");
          expect(globMatcher(plain.join("/"))(path.join("/"))).toBe(new RegExp(`^${form}$`, "u").test(path.join("/")));
        },
      ),
    );
  });

  test("come to an end when every split could be the one", () => {
    expect(globMatcher(`${"*a".repeat(400)}b`)("a".repeat(4000))).toBe(false);
    expect(globMatcher(`${"**/".repeat(60)}b`)("a/".repeat(2000))).toBe(false);
  });
});

test.each([
  ["a", "b", "a/b"],
  ["a", "../b", "b"],
  ["a", "../../b", undefined],
  ["", ".", ""],
  ["a", "./b/", "a/b"],
  ["a", "/b", undefined],
  ["a", "ä", "a/Ã¤"],
  ["a", "b\0", undefined],
])("in %j the path %j is %j", (folder, written, wanted) => {
  expect(resolved(folder, written)).toBe(wanted);
});

test.each([
  ["node_modules/a/package.json", true],
  ["test/fixtures/a/package.json", true],
  ["a/testdata/go.mod", true],
  ["vendor/a/go.mod", true],
  ["fixtures", false],
  ["src/package.json", false],
])("%s is another's, or input of tests: %s", (path, wanted) => {
  expect(isForeign(path)).toBe(wanted);
});

describe("git", () => {
  test("says which paths it ignores, those beside one that it refuses as well", async () => {
    const root = repository();
    put(root, ".gitignore", "dist/\n*.gen\n!keep.gen\nlink\n");
    put(root, "a/.gitignore", "/made\n");
    symlinkSync("/tmp", join(root, "link"));
    const paths = [
      "dist/a.js",
      "b.gen",
      "keep.gen",
      "link/inside",
      "a/made/x",
      "made/x",
      "src/a.js",
      "-v",
      "\xc3\xa4.gen",
      "\xff.gen",
    ];
    expect([...(await ignoredBelow(root, paths))].toSorted()).toEqual([
      "a/made/x",
      "b.gen",
      "dist/a.js",
      "\xc3\xa4.gen",
      "\xff.gen",
    ]);
  });

  test("is not asked outside of a repository: what is missing there is missing", () => {
    const root = temporaryFolder();
    put(root, "package.json", '{ "name": "a", "main": "dist/a.js" }');
    put(root, ".gitignore", "dist/\n");
    expect(said(validated(root))).toEqual(["package.json:1 missing-entry dist/a.js"]);
    git(root, "init", "--quiet");
    const file = validated(root);
    expect(said(file)).toEqual([]);
    expect(file.tables).toMatchObject([{ rows: [["package.json", "1", "dist/a.js"]] }]);
  });
});

describe("the build-validator", () => {
  test("finds the same in the same tree, and what a comment allows is counted", () => {
    const root = repository();
    put(root, "Cargo.toml", '[workspace]\nmembers = ["gone", "away"] # toka:allow missing-workspace\n');
    put(root, "deleted.js", "1");
    put(root, "package.json", '{ "main": "deleted.js", "scripts": { "a": "node ä.js && cd /x && node b.js" } }');
    commit(root);
    shell(root, "rm deleted.js");
    const file = validated(root);
    expect(said(file)).toEqual(["package.json:1 missing-entry deleted.js", "package.json:1 missing-script-file ä.js"]);
    expect(file.scanned.allowed).toBe(2);
    expect(validated(root)).toEqual(file);
  });

  test("follows no link, reads no file of others, and names what is too large or no text", () => {
    const root = repository();
    const outside = temporaryFolder();
    put(outside, "package.json", '{ "main": "stolen.js" }');
    symlinkSync(join(outside, "package.json"), join(root, "package.json"));
    symlinkSync(outside, join(root, "folder"));
    symlinkSync(".", join(root, "circle"));
    put(root, "a/package.json", '{ "main": "../folder/none.js", "bin": "../circle/none.js", "files": ["../../.."] }');
    put(root, "b/package.json", "\0");
    put(root, "c/package.json", `{ "name": "c" }${" ".repeat(10 * 1024 ** 2)}`);
    put(root, "d/package.json", Buffer.from('{ "main": "\xff\xfe.js" }', "latin1"));
    put(root, "node_modules/e/package.json", "{");
    git(root, "add", "--all");
    const file = validated(root);
    expect(file.skipped).toEqual([
      { path: "b/package.json", reason: "binary" },
      { path: "c/package.json", reason: "too large" },
      { path: "package.json", reason: "link" },
    ]);
    expect(said(file)).toEqual(["d/package.json:1 missing-entry ��.js"]);
    const { listed, files, outOfScope, skipped } = file.scanned;
    expect(listed).toBe(files + outOfScope + skipped);
  });

  // Each of these would take minutes, or all memory, where work grew faster than the file.
  test("comes to an end on manifests that are made to hold it up", () => {
    const root = repository();
    const many = (count: number, one: (index: number) => string, between = ","): string =>
      Array.from({ length: count }, (_, index) => one(index)).join(between);
    put(root, "a/package.json", "[".repeat(500_000));
    put(root, "b/package.json", `{${many(20_000, (n) => `"k${n}":{"__proto__":1,"__proto__":2}`)}}`);
    put(
      root,
      "c/package.json",
      `{"version":"${"9".repeat(5000)}","dependencies":{"x":"${">=1 || ".repeat(3000)}"},"workspaces":["${"{a,b}".repeat(20)}","${"**/".repeat(60)}x"]}`,
    );
    put(
      root,
      "d/package.json",
      `{"scripts":{"a":"${"$(".repeat(4000)}","b":"${"`".repeat(4001)}","__proto__":"node none.js"}}`,
    );
    put(root, "e/package.json", `{"scripts":{${many(5000, (n) => `"s${n}":"node none${n}.js"`)}}}`);
    put(root, "f/package-lock.json", `{"packages":[${many(1_000_001, () => "[]")}]}`);
    put(root, "f/package.json", "{}");
    put(
      root,
      "g/Cargo.toml",
      `[package]\nname = "g"\n[features]\n${many(10_000, (n) => `f${n} = ["g${n}", "dep:x"]`, "\n")}`,
    );
    put(
      root,
      "g/Cargo.lock",
      many(60_000, (n) => `[[package]]\nname = "p${n}"\nversion = "1.0.0"`, "\n"),
    );
    put(root, "h/go.mod", `module h\n${"require a v1\n".repeat(50_000)}`);
    put(
      root,
      "i/pyproject.toml",
      `[project]\nname = "i"\ndependencies = [${many(5000, (n) => `"a${n}>=${"1.".repeat(20)}1"`)}]`,
    );
    put(root, "j/pnpm-workspace.yaml", `packages:\n${many(10_000, (n) => `  - '${n}/**'`, "\n")}`);
    for (let n = 0; n < 400; n += 1)
      put(
        root,
        `m/p${n}/package.json`,
        `{"name":"q${n % 200}","dependencies":{${many(30, (k) => `"x${k}":"^${n}.0.0"`)}}}`,
      );
    put(root, "m/package.json", `{"workspaces":[${many(300, () => '"p*"')}]}`);
    git(root, "add", "--all");
    const file = validated(root);
    expect(file.scanned).toMatchObject({ skipped: 0, listed: file.scanned.files });
    expect(file.truncated).toBe(true);
    const unreadable = file.findings.filter((each) => each.rule === "manifest-unparsable").map((each) => each.path);
    expect(unreadable).toEqual(["a/package.json", "f/package-lock.json"]);
  });
});
