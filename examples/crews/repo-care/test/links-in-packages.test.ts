/**
 * The link-checker over repositories that people published: packages that this one is built with, as they came, each made a
 * repository with three troubles of our own in it. Every other finding was looked at by a person, and is a fact about the
 * package: most of them lead to files that the package leaves out. A new version of a package may bring a new one: look at it.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { commit, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { crewFolder, readJson, resultOf } from "./run-tool.ts";

const packages = join(crewFolder, "../../../node_modules");
const planted = "# Planted\n\n[a](planted-none.md) [b](#planted-none) [c](Planted.md)\n";
const ours = ["planted.md missing-anchor 3", "planted.md missing-file 3", "planted.md wrong-case 3"];

/** What is found beyond what was planted: page, rule and lines. */
const known: Readonly<Record<string, readonly string[]>> = {
  ajv: ["README.md missing-file 31 191"],
  commander: [
    "Readme.md missing-file 10 59 76 103 216 258 284 313 340 348 369 394 421 421 421 421 468 527 559 561 576 617 635 653 671 709 729 752 759 791 945 954 995 1009 1069 1136 1158 1159 1160 1161 1162 1168",
  ],
  "fast-json-stringify": ["README.md anchor-case 130", "README.md missing-anchor 192"],
  fastify: [
    "PROJECT_CHARTER.md missing-file 46 116 122",
    "README.md missing-file 274",
    "docs/Guides/Index.md missing-file 10",
    "docs/Reference/TypeScript.md missing-anchor 1697 1707 1710 1711 1713 1714 1715 1716 1718 1719 1721 1723 1726",
    "docs/Reference/TypeScript.md undefined-reference 1166 1488 1541 1542",
  ],
  fastq: ["README.md missing-anchor 22"],
  pino: [
    "README.md missing-file 1 92",
    "docs/api.md anchor-case 1053",
    "docs/diagnostics.md missing-file 3",
    "docs/redaction.md missing-anchor 92",
  ],
  "smol-toml": ["README.md missing-anchor 145 257 259"],
  "thread-stream": [],
};

test.each(Object.keys(known))("%s has the planted troubles and what is known of it", (name) => {
  const root = repository();
  cpSync(join(packages, name), root, { recursive: true });
  rmSync(join(root, "node_modules"), { recursive: true, force: true });
  put(root, "planted.md", planted);
  commit(root);
  const output = join(temporaryFolder(), "out");
  resultOf("link-checker", { root, output });
  const { findings, scanned, truncated } = readJson<FindingsFile>(join(output, "findings/link-checker.json"));
  expect(truncated).toBe(false);
  expect(scanned).toMatchObject({
    listed: Number(shell(root, "git ls-files -z | tr -cd '\\0' | wc -c")),
    files: Number(shell(root, "git ls-files -z | grep -zic '\\.md$'")),
    skipped: 0,
  });
  const lines = Map.groupBy(findings, ({ path, rule }) => `${path} ${rule}`);
  const found = [...lines].map(([key, all]) => `${key} ${all.map(({ line }) => line).join(" ")}`).toSorted();
  expect(found.filter((each) => !ours.includes(each))).toEqual(known[name]);
  expect(found.filter((each) => ours.includes(each))).toEqual(ours);
});
