/** The files `findings/TOOL.json` that the checking tools write, read for the report: as many as there are. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Decoder, count, counts, flag, list, oneOf, optional, record, text } from "./decode.ts";
import { readInput } from "./input-file.ts";
import { ToolProblem } from "../invocation.ts";
import type { WrittenPath } from "./words.ts";

/** How much a finding matters. */
export type Severity = "high" | "medium" | "low";

/** What one checking tool found. */
export interface Check {
  readonly tool: string;
  readonly version: string;
  readonly title: string;
  readonly about: string;
  readonly root: string;
  readonly scanned: Readonly<Record<"listed" | "files" | "bytes" | "outOfScope" | "skipped" | "allowed", number>>;
  readonly skipped: readonly (WrittenPath & { readonly reason: string })[];
  readonly counts: Readonly<Record<Severity | "total", number>> & {
    readonly byRule: readonly { readonly rule: string; readonly severity: Severity; readonly count: number }[];
  };
  readonly findings: readonly CheckFinding[];
  readonly truncated: boolean;
  readonly tables: readonly CheckTable[];
}

/** One finding. */
export interface CheckFinding extends WrittenPath {
  readonly line: number; // 0 when it is about the whole file
  readonly column: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly excerpt?: string | undefined;
}

/** Something that a tool lists beside its findings. */
export interface CheckTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly left: number; // rows that are left out
}

/** Tools that one report shows. */
const checksMax = 50;
const path = { path: text, pathBytes: optional(text) };
const severity = oneOf("high", "medium", "low");

const check: Decoder<Check> = record({
  schema: oneOf("repo-care.findings/1"),
  tool: text,
  version: text,
  title: text,
  about: text,
  root: text,
  scanned: counts("listed", "files", "bytes", "outOfScope", "skipped", "allowed"),
  skipped: list(record({ ...path, reason: text })),
  counts: record({
    total: count,
    high: count,
    medium: count,
    low: count,
    byRule: list(record({ rule: text, severity, count })),
  }),
  findings: list(
    record({ ...path, line: count, column: count, rule: text, severity, message: text, excerpt: optional(text) }),
  ),
  truncated: flag,
  tables: list(record({ title: text, columns: list(text), rows: list(list(text)), left: count })),
});

/**
 * Reads what the checking tools wrote into the folder `findings`.
 * @returns one check a tool, in the order of their names; none when there is no such folder
 * @throws ToolProblem when a file is too large or of another shape, is about another folder, or when there are too many
 */
export function readChecks(folder: string, root: string): readonly Check[] {
  const names = namesIn(join(folder, "findings"))
    .filter((name) => /^[a-z][a-z0-9-]*\.json$/u.test(name))
    .toSorted();
  if (names.length > checksMax)
    throw new ToolProblem(`Cannot read findings: there are ${names.length} files, at most ${checksMax} are read`);
  return names.map((name) => {
    const read = readInput(folder, { name: `findings/${name}`, decoder: check });
    if (`${read.tool}.json` !== name)
      throw new ToolProblem(`Cannot read findings/${name}: it is what ${read.tool} found`);
    if (read.root !== root)
      throw new ToolProblem(
        `Cannot make one report: the catalogue is about ${root}, findings/${name} about ${read.root}`,
      );
    return read;
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (problem) {
    if (problem instanceof Error && "code" in problem && problem.code === "ENOENT") return [];
    throw problem;
  }
}
