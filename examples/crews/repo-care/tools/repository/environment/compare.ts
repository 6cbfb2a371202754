/** Which of the versions that a repository names contradict each other, and which the machine does not meet. */
import { foldersUp, parentOf } from "../tree/tree.ts";
import type { Problem } from "../findings/problems.ts";
import { toByteText } from "../catalogue/byte-text.ts";
import type { Machine } from "./machine.ts";
import type { Choice, Need, Needs, Thing } from "./needs.ts";
import { agree, chosenRange } from "./version-words.ts";

/** Names as people write them. */
const names: Readonly<Record<Thing, string>> = {
  node: "Node",
  npm: "npm",
  pnpm: "pnpm",
  yarn: "Yarn",
  python: "Python",
  go: "Go",
  rust: "Rust",
  cmake: "CMake",
};

/** Needs of one folder that others are compared with. */
const comparedMax = 10;

/** What one folder says about one thing. */
interface Said {
  readonly needs: Need[];
  readonly files: Choice[];
}

/**
 * Finds versions that no version meets together: each choice against what its folder, or the nearest one above, needs; and
 * where nothing is needed, against what a version manager would read there.
 * @returns the findings
 */
export function contradictions({ needs, choices }: Needs): readonly Problem[] {
  const folders = new Map<string, Said>();
  const at = (one: Need): Said => {
    const key = `${one.thing}\0${parentOf(one.path)}`;
    const said = folders.get(key) ?? { needs: [], files: [] };
    folders.set(key, said);
    return said;
  };
  const found: Problem[] = [];
  for (const need of needs) {
    const { needs: before } = at(need);
    const other = before.find((each) => !agree(each.range, need.range));
    if (other === undefined && before.length < comparedMax) before.push(need);
    else if (other !== undefined) found.push(contradiction(need, other));
  }
  const files = choices.filter((choice) => choice.kind === "file");
  for (const choice of [...files, ...choices.filter((each) => each.kind === "other")]) {
    const other = referencesOf(folders, choice).find((each) => !agree(each.range, choice.range));
    if (other !== undefined) found.push(contradiction(choice, other));
    else if (choice.kind === "file") at(choice).files.push(choice);
  }
  return found;
}

/** What a choice must agree with. */
function referencesOf(folders: ReadonlyMap<string, Said>, choice: Choice): readonly Need[] {
  // Workflows stand in a folder of their own and are about the whole repository.
  const start = choice.path.startsWith(".github/") ? "" : parentOf(choice.path);
  for (const folder of foldersUp(start)) {
    const said = folders.get(`${choice.thing}\0${folder}`);
    if (said === undefined) continue;
    // Where a need is stated, a workflow may try several versions that a version manager does not name.
    if (choice.kind === "file") return [...said.needs, ...said.files.slice(0, 1)];
    return said.needs.length > 0 ? said.needs : said.files.slice(0, 1);
  }
  return [];
}

function contradiction(one: Need, other: Need): Problem {
  const where = shortly(other.path);
  return {
    path: one.path,
    line: one.line,
    rule: "version-contradiction",
    severity: "medium",
    message: `No version of ${names[one.thing]} is this and what ${where} says, ${toByteText(other.text.slice(0, 100))}`,
    excerpt: one.text,
  };
}

function shortly(path: string): string {
  return path.length <= 100 ? path : `...${path.slice(-100)}`;
}

/**
 * Finds needs that the machine does not meet. What the machine does not show is no finding.
 * @returns the findings
 */
export function unmet({ needs }: Needs, machine: Machine): readonly Problem[] {
  return needs.flatMap((need) => {
    const version = machine.versionOf(need.thing);
    const range = version === undefined ? undefined : chosenRange(version);
    if (version === undefined || range === undefined || agree(need.range, range)) return [];
    return [
      {
        path: need.path,
        line: need.line,
        rule: "machine-version",
        severity: "medium",
        message: `The machine has ${names[need.thing]} ${version}`,
        excerpt: need.text,
      } as const,
    ];
  });
}

/** Rows of the table of needs. */
const rowsMax = 200;

/**
 * Lists what is needed, and what the machine shows of it.
 * @returns the rows of a table: name, range, place, what was found
 */
export function needRows({ needs }: Needs, machine: Machine): readonly (readonly string[])[] {
  return needs.slice(0, rowsMax).map((need) => {
    const place = `${Buffer.from(need.path, "latin1").toString("utf8")}:${need.line}`;
    const version = machine.versionOf(need.thing);
    const seen =
      version ?? (machine.has(need.thing) ? "there, its version is not visible" : "not visible in the sandbox");
    return [names[need.thing], need.text, place, seen];
  });
}
