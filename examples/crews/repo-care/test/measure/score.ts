/** How well findings agree with labels: what was found, missed and falsely alarmed. Pure. */

/** What stands on one line: a rule that is to be found, or a hard negative, which looks like one and is none. */
export type Label =
  | { readonly path: string; readonly line: number; readonly rule: string }
  | { readonly path: string; readonly line: number; readonly negative: string };

/** What a tool reported on one line. */
export interface Reported {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
}

/** The outcome; lists are in the order of places. */
export interface Score {
  readonly labels: number; // that are to be found
  readonly negatives: number; // hard ones
  readonly hits: number;
  readonly misses: readonly Reported[];
  readonly falseAlarms: readonly Reported[];
}

/**
 * Compares findings with labels. Each label is met by one finding of its rule on its line; everything else is a false
 * alarm, whether a hard negative stands there or nothing at all.
 * @returns the score
 */
export function scoreOf(labels: readonly Label[], reported: readonly Reported[]): Score {
  const wanted = labels.filter((label): label is Reported => "rule" in label);
  const open = new Map<string, number>();
  for (const label of wanted) open.set(keyOf(label), (open.get(keyOf(label)) ?? 0) + 1);
  const falseAlarms = reported.filter((each) => {
    const left = open.get(keyOf(each)) ?? 0;
    open.set(keyOf(each), left - 1);
    return left <= 0;
  });
  const misses = wanted.filter((label) => {
    const left = open.get(keyOf(label)) ?? 0;
    open.set(keyOf(label), left - 1);
    return left > 0;
  });
  return {
    labels: wanted.length,
    negatives: labels.length - wanted.length,
    hits: wanted.length - misses.length,
    misses: misses.toSorted(byPlace),
    falseAlarms: falseAlarms.toSorted(byPlace),
  };
}

/**
 * Writes a score for the guide.
 * @returns a table of one row, and the misses and false alarms one by one
 */
export function scoreText({ labels, negatives, hits, misses, falseAlarms }: Score): string {
  const cells = [labels, negatives, hits, misses.length, falseAlarms.length].map(String);
  const rates = [percent(hits, hits + falseAlarms.length), percent(hits, labels)];
  const lines = [
    "| labels | hard negatives | found | missed | false alarms | precision | recall |",
    "|---:|---:|---:|---:|---:|---:|---:|",
    `| ${[...cells, ...rates].join(" | ")} |`,
    "",
    ...misses.map(({ path, line, rule }) => `- missed: \`${path}:${line}\` ${rule}`),
    ...falseAlarms.map(({ path, line, rule }) => `- false alarm: \`${path}:${line}\` ${rule}`),
  ];
  return lines.join("\n").trimEnd();
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${((part / whole) * 100).toFixed(1)} %`;
}

function keyOf({ path, line, rule }: Reported): string {
  return `${path}\0${line}\0${rule}`;
}

function byPlace(left: Reported, right: Reported): number {
  if (left.path !== right.path) return left.path < right.path ? -1 : 1;
  return left.line - right.line || (left.rule < right.rule ? -1 : left.rule > right.rule ? 1 : 0);
}
