/**
 * What a checking tool found, and the one shape of the file that it is written in: `findings/TOOL.json`, schema
 * `repo-care.findings/1`. The same tree gives the same bytes; every list is bounded, every count is whole.
 */
import { type ShownPath, shownPath, toBytes } from "../byte-path.ts";
import type { ScannedTree, SkipReason } from "./scan-tree.ts";

/** How much a finding matters: `high` is to be mended, `medium` to be looked at, `low` is for knowing. */
export type Severity = "high" | "medium" | "low";

/**
 * One finding as a tool makes it. `path`, `message` and `excerpt` are byte texts. The message is the tool's own words; what
 * stands in a file belongs into the excerpt, which the report shows as code.
 */
export interface Found {
  readonly path: string;
  readonly line: number; // from 1; 0 when it is about the whole file
  readonly column: number; // from 1, in characters; 0 when it is about the whole line
  readonly rule: string; // kebab-case
  readonly severity: Severity;
  readonly message: string;
  readonly excerpt?: string;
}

/** One finding as it is written. */
export interface WrittenFinding extends ShownPath {
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly excerpt?: string;
}

/** Something that the tool lists beside its findings, such as links that lead out. Cells are ordinary texts. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** How many findings there are, whatever is listed. */
export interface Counts {
  readonly total: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly byRule: readonly { readonly rule: string; readonly severity: Severity; readonly count: number }[];
}

/** The content of `findings/TOOL.json`. */
export interface FindingsFile {
  readonly schema: "repo-care.findings/1";
  readonly tool: string;
  readonly version: string;
  readonly title: string; // of the tool's page in the report
  readonly about: string; // one line under it
  readonly root: string;
  /** `listed` is `files + outOfScope + skipped`; `allowed` are findings that a comment in the file allows. */
  readonly scanned: Readonly<Record<"listed" | "files" | "bytes" | "outOfScope" | "skipped" | "allowed", number>>;
  /** The first of the skipped paths, in the order of paths. */
  readonly skipped: readonly (ShownPath & { readonly reason: SkipReason })[];
  readonly counts: Counts;
  readonly findings: readonly WrittenFinding[];
  readonly truncated: boolean; // true when `findings` or `counts` does not hold all of them
  readonly tables: readonly (Table & { readonly left: number })[]; // rows that are left out
}

/** Findings named in one file: nobody reads more, and the report must hold those of every tool. */
const findingsMax = 2000;
/**
 * Characters of JSON for the lists: paths may be long, and control characters grow in JSON. The files of ten tools together
 * stay below the 16 MiB of a deliverable that an objective may look into, since the report holds them all.
 */
const findingsJsonMax = 768 * 1024;
const skippedJsonMax = 64 * 1024;
const tableJsonMax = 64 * 1024;
/** Findings taken from one file: a file with more has another trouble, and would eat the time for all others. */
export const findingsOfFileMax: number = 1000;
/** Bytes of one message or excerpt. */
const textBytesMax = 500;
const skippedMax = 200;
const rowsMax = 200;
const tablesMax = 4;
const cellCharsMax = 300;

const rank: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

/** Gathers findings. Memory holds twice what a file names; which ones are named does not depend on the order they come in. */
export class Findings {
  #kept: Found[] = [];
  #total = 0;
  #overflowed = false;
  #allowed = 0;
  readonly #byRule = new Map<string, { readonly rule: string; readonly severity: Severity; count: number }>();

  /** Takes one finding. */
  add(found: Found): void {
    this.#total += 1;
    const key = `${found.rule}\0${found.severity}`;
    const sum = this.#byRule.get(key) ?? { rule: found.rule, severity: found.severity, count: 0 };
    sum.count += 1;
    this.#byRule.set(key, sum);
    // A slice would keep the whole text that it was cut from.
    const { excerpt } = found;
    this.#kept.push({
      ...found,
      message: copied(found.message),
      ...(excerpt === undefined ? {} : { excerpt: copied(excerpt) }),
    });
    if (this.#kept.length >= findingsMax * 2) this.#kept = this.#kept.toSorted(byWeight).slice(0, findingsMax);
  }

  /** Says that a file has more findings than are taken from one. */
  overflow(path: string): void {
    this.#overflowed = true;
    const message = `This file has more than ${findingsOfFileMax} findings: the others are not counted`;
    this.add({ path, line: 0, column: 0, rule: "too-many-findings", severity: "medium", message });
  }

  /** Counts those that comments in a file allow. */
  allow(count: number): void {
    this.#allowed += count;
  }

  /**
   * Puts the file together.
   * @returns the content of `findings/TOOL.json`
   */
  file(
    tree: ScannedTree,
    tool: Pick<FindingsFile, "tool" | "version" | "title" | "about" | "root"> & { readonly tables?: readonly Table[] },
  ): FindingsFile {
    const { tables = [], ...named } = tool;
    const weightiest = this.#kept.toSorted(byWeight).slice(0, findingsMax);
    // Chosen by weight, written in the order of their places.
    const findings = fitting(weightiest, { jsonMax: findingsJsonMax, shown: written }).toSorted(byPlace);
    const { skipped, ...scanned } = tree;
    const shownSkip = ({ path, reason }: ScannedTree["skipped"][number]) => ({ ...shownPath(path), reason });
    return {
      schema: "repo-care.findings/1",
      ...named,
      scanned: { ...scanned, skipped: skipped.length, allowed: this.#allowed },
      skipped: fitting(skipped.slice(0, skippedMax), { jsonMax: skippedJsonMax, shown: shownSkip }).map(shownSkip),
      counts: this.#counts(),
      findings: findings.map(written),
      truncated: this.#overflowed || findings.length < this.#total,
      tables: tables.slice(0, tablesMax).map(bounded),
    };
  }

  #counts(): Counts {
    const byRule = [...this.#byRule.values()].toSorted((left, right) => {
      return (
        rank[left.severity] - rank[right.severity] || right.count - left.count || (left.rule < right.rule ? -1 : 1)
      );
    });
    const of = (severity: Severity): number =>
      byRule.reduce((sum, each) => sum + (each.severity === severity ? each.count : 0), 0);
    return { total: this.#total, high: of("high"), medium: of("medium"), low: of("low"), byRule };
  }
}

/** The first items whose JSON fits together. */
function fitting<Item>(
  items: readonly Item[],
  { jsonMax, shown }: { readonly jsonMax: number; readonly shown: (item: Item) => unknown },
): readonly Item[] {
  let length = 0;
  const end = items.findIndex((item) => {
    length += JSON.stringify(shown(item)).length;
    return length > jsonMax;
  });
  return end < 0 ? items : items.slice(0, end);
}

function written({ path, line, column, rule, severity, message, excerpt }: Found): WrittenFinding {
  return {
    ...shownPath(path),
    line,
    column,
    rule,
    severity,
    message: shownPath(message).path,
    ...(excerpt === undefined ? {} : { excerpt: shownPath(excerpt).path }),
  };
}

function byWeight(left: Found, right: Found): number {
  return rank[left.severity] - rank[right.severity] || byPlace(left, right);
}

function byPlace(left: Found, right: Found): number {
  return (
    compared(left.path, right.path) ||
    left.line - right.line ||
    left.column - right.column ||
    compared(left.rule, right.rule) ||
    compared(left.message, right.message)
  );
}

function compared(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A text of its own, cut where it is too long and never inside a character. */
function copied(byteText: string): string {
  const bytes = toBytes(byteText);
  if (bytes.length <= textBytesMax) return bytes.toString("latin1");
  let end = textBytesMax;
  while (end > textBytesMax - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("latin1", 0, end)}...`;
}

function bounded({ title, columns, rows }: Table): Table & { readonly left: number } {
  const short = rows.slice(0, rowsMax).map((row) => row.map((cell) => cell.slice(0, cellCharsMax)));
  const kept = fitting(short, { jsonMax: tableJsonMax, shown: (row) => row });
  return { title, columns, rows: kept, left: rows.length - kept.length };
}
