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
  pino: [],
  "smol-toml": [],
  yaml: unpublished(43, 44, 48, 50, 53, 55, 57, 58, 59),
  zod: [],
};

test.each(Object.keys(known))("%s has the planted troubles and no others, and every file is accounted for", (name) => {
  const root = repository();
  cpSync(join(packages, name), root, { recursive: true });
  rmSync(join(root, "node_modules"), { recursive: true, force: true });
  put(root, "planted.txt", planted);
  put(root, "planted/package.json", '{ "main": "gone.js", "dependencies": { "a": "^1.x.y.z" } }\n');
  commit(root);
  const output = join(temporaryFolder(), "out");
  const listed = Number(shell(root, "git ls-files -z | tr -cd '\\0' | wc -c"));
  const found = ["secret-scanner", "date-validator", "build-validator"].flatMap((tool) => {
    resultOf(tool, { root, output, ...(tool === "date-validator" ? { today, fix: true } : {}) });
    const file = readJson<FindingsFile>(join(output, "findings", `${tool}.json`));
    expect(file.scanned.listed).toBe(listed);
    expect(file.scanned.files + file.scanned.outOfScope + file.scanned.skipped).toBe(listed);
    return file.findings.map(({ path, line, rule }) => `${path}:${line} ${rule}`);
  });
  const ours = [
    "planted.txt:1 aws-access-key",
    "planted.txt:2 future-date",
    "planted/package.json:1 invalid-version",
    "planted/package.json:1 missing-entry",
  ];
  expect(found.filter((each) => !ours.includes(each))).toEqual(known[name]);
  expect(found.filter((each) => ours.includes(each))).toEqual(ours);
});
