/** The environment-validator: which variables code asks for, which programs scripts start, and which versions agree. */
import { chmodSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describedMachine, thisMachine } from "../tools/repository/environment/machine.ts";
import { type Language, masked } from "../tools/repository/environment/mask.ts";
import { programsIn } from "../tools/repository/environment/programs.ts";
import { isKnown, usesIn } from "../tools/repository/environment/uses.ts";
import { agree, chosenRange, fromRange, pythonRange } from "../tools/repository/environment/version-words.ts";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { commit, put, repository, temporaryFolder } from "./fixture.ts";
import { callTool, readJson, resultOf } from "./run-tool.ts";

const languages = ["javascript", "python", "rust", "go"] as const;

function validated(root: string, machine: readonly string[] = ["node=22.11.0", "sh"]): FindingsFile {
  const output = join(temporaryFolder(), "out");
  resultOf("environment-validator", { root, output, machine });
  return readJson(join(output, "findings/environment-validator.json"));
}

const said = (file: FindingsFile): readonly string[] =>
  file.findings.map(({ path, line, rule, excerpt }) => `${path}:${line} ${rule} ${excerpt ?? ""}`);

describe("a mask", () => {
  test.each<[Language, string, string]>([
    ["javascript", "a // b\nc", "a     \nc"],
    ["javascript", "a /* b\n*/ c", "a     \n   c"],
    ["javascript", "a('b\\'c') // d", "a('____')     "],
    ["javascript", "`a${b + `c${d}`}e` + f", "`_${b + `_${d}`}_` + f"],
    ["javascript", "`${ {a: '}'} }` + b", "`${ {a: '_'} }` + b"],
    ["javascript", "a = /b'[/]'/g; c = 'd'", "a = /______/g; c = '_'"],
    ["javascript", "a = b / c; d = 'e' / f", "a = b / c; d = '_' / f"],
    ["javascript", "return /'/; 'a'", "return /_/; '_'"],
    ["javascript", "it's\n'a'", "it'_\n'_'"],
    ["python", "a = 'b' # c\n'''d\n'e'\n''' + \"f\"", "a = '_'    \n'''_\n___\n''' + \"_\""],
    [
      "rust",
      'fn a<\'b>() { \'c\'; "d\n"; r#"e"f"# } /* /* g */ */',
      'fn a<\'b>() { \'_\'; "_\n"; r#"___"# }              ',
    ],
    ["go", 'a := `b"\n` + "c" // d', 'a := `__\n` + "_"     '],
  ])("of %s hides comments and texts: %j", (language, text, wanted) => {
    expect(masked(text, language).replaceAll("\x01", "_")).toBe(wanted);
  });

  test("is as long as the text and keeps its lines, whatever the text is", () => {
    const pieces = [
      "'",
      '"',
      "`",
      "${",
      "}",
      "{",
      "/",
      "*",
      "\\",
      "\n",
      "#",
      'r#"',
      "'''",
      "a",
      " ",
      "(",
      ")",
      "[",
      "]",
      "return ",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...languages),
        fc.array(fc.constantFrom(...pieces), { maxLength: 40 }),
        (language, some) => {
          const text = some.join("");
          const code = masked(text, language);
          expect(code.length).toBe(text.length);
          expect([...code.matchAll(/\n/gu)].map((match) => match.index)).toEqual(
            [...text.matchAll(/\n/gu)].map((match) => match.index),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  // Quadratic work on any of these would take minutes.
  test.each([
    "'",
    "`",
    "`${",
    "/",
    "/*",
    "//",
    "a/",
    "\\",
    "{",
    'r#"',
    "'a",
    "process.env.",
    "process.env['a",
    "{a, ",
    "= process.env ",
    "'a' in process.env",
    "env::var(",
    "os.environ[",
  ])("is made in time that grows with the length: %j thirty thousand times", (piece) => {
    const text = piece.repeat(30_000);
    for (const language of languages) expect(Array.isArray(usesIn(text, language))).toBe(true);
  });
});

describe("variables", () => {
  test.each<[Language, string, readonly string[]]>([
    ["javascript", "process.env.A + process.env['B'] + process.env?.C", ["A", "B", "C"]],
    ["javascript", "const { A, B: b = x.C, D = 'E' } = process.env", ["A", "B", "D"]],
    ["javascript", "process.env.A = 1; process.env['B'] = 2; delete process.env.C; process.env.D === 1", ["D"]],
    ["javascript", "'A' in process.env && !(\"B\" in process.env)", ["A", "B"]],
    ["javascript", "a.process.env.B; env.C; process.environment.D; $process.env.E", []],
    ["javascript", "import.meta.env.A; Deno.env.get('B'); Bun.env.C", ["A", "B", "C"]],
    ["javascript", "({ ...process.env }).A; f({ a: process.env })", []],
    [
      "python",
      "os.environ['A']; os.environ.get(\"B\", 1); os.getenv('C'); getenv('D'); environ['E']",
      ["A", "B", "C", "D", "E"],
    ],
    ["python", "os.environ['A'] = 1; del os.environ['B']; x.environ['C']; os.environ['D'] == 1", ["D"]],
    ["rust", 'env::var("A"); std::env::var_os("B"); env!("C"); option_env!("D"); myenv!("E")', ["A", "B", "C", "D"]],
    ["go", 'os.Getenv("A"); os.LookupEnv(`B`); os.Setenv("C", d); x.os.Getenv("E")', ["A", "B"]],
  ])("of %s are seen: %s", (language, text, wanted) => {
    expect(
      usesIn(text, language)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(wanted);
  });

  test("are known when the system or a program sets them, or nobody names settings so", () => {
    for (const name of ["PATH", "GITHUB_SHA", "LC_ALL", "npm_package_version", "CARGO_PKG_NAME", "lower", "a-b", "DEV"])
      expect(isKnown(name), name).toBe(true);
    for (const name of ["API_KEY", "DATABASE_URL", "PATHS"]) expect(isKnown(name), name).toBe(false);
  });
});

describe("programs", () => {
  test.each([
    ["jq . a | tee b", ["jq", "tee"]],
    ["cd a && echo b; [ -f c ] || exit 1", []],
    ["sudo -E env A=b nohup systemctl x", ["sudo", "env", "nohup", "systemctl"]],
    ["xargs -0 rm < a; xargs -n 1 b", ["xargs", "rm"]],
    ["command -v helm && helm x; helm y", []],
    ['have() { command -v "$1" >/dev/null; }\nif have flock; then flock 9; fi', []],
    ["f() { rsync a b; }; f", ["rsync"]],
    ['"$a" b; ./c.sh; /usr/bin/d; *.e; "$(aws x)"', ["aws"]],
    ["case a in b) kubectl x ;; esac", ["kubectl"]],
    [`${"sudo ".repeat(100_000)}a`, ["sudo"]],
  ])("are found: %.50s", (text, wanted) => {
    expect(programsIn(text).map(({ name }) => name)).toEqual(wanted);
  });
});

describe("versions", () => {
  test.each([
    ["18", "18.x.x"],
    ["v18.19.0", "18.19.0"],
    ["go1.22", "1.22.x"],
    ["20.x", ">=20.0.0 <21.0.0-0"],
    [">=18 <20", ">=18.0.0 <20.0.0-0"],
    ["3.12", "3.12.x"],
    ["lts/*", undefined],
    ["stable", undefined],
    ["nightly-2024-05-01", undefined],
    ["3.13-dev", undefined],
    ["", undefined],
    ["9".repeat(500), undefined],
  ])("that were chosen are read: %.30s", (text, wanted) => {
    expect(chosenRange(text)).toBe(wanted);
  });

  test.each([
    [">=3.10,<4", "3.9", false],
    [">=3.10,<4", "3.11.2", true],
    ["~=3.11", "3.12", true],
    ["~=3.11.2", "3.12", false],
    ["==3.11.*", "3.11.9", true],
    ["^3.11", "4.0", false],
    [">=3.8,!=3.9.1", "3.9", true],
  ])("of Python agree or not: %s and %s", (required, chosen, wanted) => {
    expect(agree(pythonRange(required) ?? "none", chosenRange(chosen) ?? "none")).toBe(wanted);
    expect([pythonRange("three"), fromRange("1.76"), fromRange("x")]).toEqual([undefined, ">=1.76.0", undefined]);
  });
});

describe("a machine", () => {
  test("is what a list says, and nothing else", () => {
    const machine = describedMachine(["node=22.11.0", "python=3.12.3", "git"]);
    expect([machine.has("node"), machine.has("python3"), machine.has("git"), machine.has("jq")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([machine.versionOf("node"), machine.versionOf("rust")]).toEqual(["22.11.0", undefined]);
  });

  test("is what this one shows, and runs none of it", () => {
    const folder = temporaryFolder();
    const canary = join(folder, "canary");
    const names = ["node", "npm", "pnpm", "yarn", "python3", "go", "rustc", "cargo", "cmake"];
    for (const name of names) {
      put(folder, `bin/${name}`, `#!/bin/sh\n: > ${canary}\n`);
      chmodSync(join(folder, "bin", name), 0o755);
    }
    const path = process.env["PATH"];
    process.env["PATH"] = `${join(folder, "bin")}:${path}`;
    try {
      const machine = thisMachine();
      expect([machine.has("sh"), machine.has("cargo"), machine.has("no-such-program")]).toEqual([true, true, false]);
      const things = ["npm", "pnpm", "yarn", "python", "go", "rust", "cmake"] as const;
      expect(things.map((thing) => machine.versionOf(thing))).toEqual(things.map(() => undefined));
      expect(machine.versionOf("node")).toBe(process.versions.node);
    } finally {
      process.env["PATH"] = path;
    }
    expect(existsSync(canary)).toBe(false);
  });
});

describe("the environment-validator", () => {
  test("compares each folder with what it or the nearest above says, and where nothing is needed, the files with each other", () => {
    const root = repository();
    put(root, "package.json", '{ "engines": { "node": ">=20" } }');
    put(root, "a/.nvmrc", "18\n");
    put(root, "b/package.json", '{ "engines": { "node": "^18" } }');
    put(root, "b/c/.node-version", "v18.1.0\n");
    put(root, "b/Dockerfile", "ARG A=16\nFROM node:${A}-slim AS x\nFROM x\nFROM me/node:4\n");
    put(root, "d/.python-version", "3.11\n3.12\n");
    put(root, "d/.tool-versions", "python 3.12.1\n# python 2.7\n");
    put(
      root,
      "e/pyproject.toml",
      '[project]\nrequires-python = ">=3.12"\n[tool.poetry.dependencies]\npython = "~3.11" # toka:allow\n',
    );
    put(root, "f/.github/workflows/x.yml", "jobs: { a: { container: 'node:8' } }\n");
    commit(root);
    const file = validated(root, ["node=19.0.0", "python=3.13"]);
    expect(said(file)).toEqual([
      "a/.nvmrc:1 version-contradiction 18",
      "b/Dockerfile:2 version-contradiction 16",
      "b/package.json:1 machine-version ^18",
      "d/.tool-versions:1 version-contradiction 3.12.1",
      "package.json:1 machine-version >=20",
    ]);
    expect(file.scanned.allowed).toBe(2);
    expect(file.tables[0]?.rows).toEqual([
      ["Node", "^18", "b/package.json:1", "19.0.0"],
      ["Python", ">=3.12", "e/pyproject.toml:2", "3.13"],
      ["Python", "~3.11", "e/pyproject.toml:4", "3.13"],
      ["Node", ">=20", "package.json:1", "19.0.0"],
    ]);
    expect(validated(root, ["node=19.0.0", "python=3.13"])).toEqual(file);
  });

  test("names variables and programs once, leaves out the repository's own, and counts what a comment allows", () => {
    const root = repository();
    put(
      root,
      "package.json",
      '{ "name": "own", "bin": { "own-cli": "x.js" }, "scripts": { "a": "docker build . && vite build" } }',
    );
    put(
      root,
      "run.sh",
      '#!/bin/sh\nown-cli; own; jq "$SETTING"; jq "$OTHER" # toka:allow undocumented-variable\nzstd x # toka:allow missing-program\n',
    );
    put(root, "a.js", "process.env.SETTING; process.env.HOME; process.env.ALLOWED; // toka:allow\n");
    put(root, "test/b.js", "process.env.TEST_ONLY");
    put(root, "node_modules/c.js", "process.env.THEIRS");
    put(root, "big.js", `process.env.BIG${" ".repeat(1024 ** 2)}`);
    symlinkSync("/etc/passwd", join(root, "link.js"));
    symlinkSync(".", join(root, "circle"));
    commit(root);
    const file = validated(root);
    expect(said(file)).toEqual(["package.json:1 missing-program docker", "run.sh:2 missing-program jq"]);
    expect(file.skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "big.js: too large",
      "circle: link",
      "link.js: link",
    ]);
    expect(file.scanned.allowed).toBe(4);
    put(root, ".env.example", "SETTING=\nUNUSED=1\n# COMMENTED=1\n");
    expect(said(validated(root))).toContain(".env.example:2 unused-variable UNUSED");
  });

  test("comes to an end on files that are made to hold it up", () => {
    const root = repository();
    const lines = (count: number, one: (index: number) => string): string =>
      Array.from({ length: count }, (_, index) => one(index)).join("\n");
    put(
      root,
      "a.sh",
      lines(10_000, (n) => `prog${n} $VAR${n}`),
    );
    put(
      root,
      ".env.example",
      lines(10_000, (n) => `NAME_${n}=1`),
    );
    put(
      root,
      "go.mod",
      lines(50_000, () => "go 1.22"),
    );
    put(root, "package.json", `{"engines":{"node":"${">=1 || ".repeat(20)}>=2"}}`);
    put(root, "Dockerfile", `ARG A=$A\n${lines(2000, (n) => `FROM node:\${A}${n % 25} AS s${n}`)}`);
    put(
      root,
      ".github/workflows/a.yml",
      `jobs:\n a:\n  strategy: { matrix: { v: [${lines(3000, (n) => `${n % 30},`)}] }\n  steps:\n${lines(500, () => "   - uses: actions/setup-node@v4\n     with: { node-version: '${{ matrix.v }}' }")}`,
    );
    commit(root);
    const { truncated, counts, scanned } = validated(root);
    expect(scanned.skipped).toBe(0);
    expect(truncated).toBe(true);
    expect(counts.total).toBeLessThan(6000);
  });

  test("refuses a machine that is no list of texts", () => {
    const root = repository();
    const ran = callTool("environment-validator", { root, output: temporaryFolder(), machine: [1] });
    expect(ran).toMatchObject({
      code: 1,
      stderr: 'Cannot use the argument "machine": found [1], wanted a list of texts\n',
    });
  });
});
