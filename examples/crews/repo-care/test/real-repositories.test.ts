/**
 * The checking tools over repositories that people published: the packages that this one is built with, as they came, each
 * made a repository with some troubles of our own in it. What is found beyond these is a false alarm or a fact about the
 * package; every one was looked at, and what is left is listed. A new version of a package may bring a new one: look at it.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { commit, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { crewFolder, readJson, resultOf } from "./run-tool.ts";

const packages = join(crewFolder, "../../../node_modules");
const today = "2026-11-25";
const planted = `deploy key AK${"IA"}QYLPMN5HHHFPZAM2\nCreated: 2031-02-01\n`;

/** The tools, and what they are given beside folders: the day and the machine are the same wherever this runs. */
const tools = {
  "secret-scanner": {},
  "date-validator": { today, fix: true },
  "build-validator": {},
  "environment-validator": {
    machine: [
      "node=24.15.0",
      "npm=11.0.0",
      "awk",
      "basename",
      "cat",
      "curl",
      "cut",
      "dirname",
      "git",
      "grep",
      "head",
      "jq",
      "ls",
      "mktemp",
      "rm",
      "sed",
      "sh",
      "sort",
      "tail",
      "tee",
      "tr",
      "wc",
      "xargs",
    ],
  },
};

/** Lines of the manifest with scripts whose files are not in the package. */
function unpublished(...lines: readonly number[]): readonly string[] {
  return lines.map((line) => `package.json:${line} missing-script-file`);
}

/** What is found beyond what was planted, for each package: path, line and rule. */
const known: Readonly<Record<string, readonly string[]>> = {
  "@pinojs/redact": [],
  "@types/node": [],
  // Scripts for those who work on the package, which name files that are not published: so it is with the next two.
  ajv: unpublished(22, 24, 26, 31, 32, 33),
  commander: unpublished(26, 27, 33),
  fastify: [],
  // A variable that nothing in the package tells about, and three programs of its scripts for releases.
  pino: [
    "inc-version.sh:26 missing-program",
    "lib/transport-stream.js:22 undocumented-variable",
    "package.json:17 missing-program",
    "package.json:18 missing-program",
  ],
  "smol-toml": [],
  // The last is `bundle`, of Ruby, for the documentation.
  yaml: [...unpublished(43, 44, 48, 50, 53, 55, 57, 58, 59), "package.json:56 missing-program"],
  zod: [],
};

test.each(Object.keys(known))("%s has the planted troubles and no others, and every file is accounted for", (name) => {
  const root = repository();
  cpSync(join(packages, name), root, { recursive: true });
  rmSync(join(root, "node_modules"), { recursive: true, force: true });
  put(root, "planted.txt", planted);
  put(root, "planted/package.json", '{ "main": "gone.js", "engines": { "node": ">=99" } }\n');
  put(root, "planted/main.js", "process.env.PLANTED_SETTING;\n");
  commit(root);
  const output = join(temporaryFolder(), "out");
  const listed = Number(shell(root, "git ls-files -z | tr -cd '\\0' | wc -c"));
  const found = Object.entries(tools).flatMap(([tool, given]) => {
    resultOf(tool, { root, output, ...given });
    const file = readJson<FindingsFile>(join(output, "findings", `${tool}.json`));
    expect(file.scanned.listed).toBe(listed);
    expect(file.scanned.files + file.scanned.outOfScope + file.scanned.skipped).toBe(listed);
    return file.findings.map(({ path, line, rule }) => `${path}:${line} ${rule}`);
  });
  const ours = [
    "planted.txt:1 aws-access-key",
    "planted.txt:2 future-date",
    "planted/package.json:1 missing-entry",
    "planted/main.js:1 undocumented-variable",
    "planted/package.json:1 machine-version",
  ];
  expect(found.filter((each) => !ours.includes(each))).toEqual(known[name]);
  expect(found.filter((each) => ours.includes(each))).toEqual(ours);
});
