/** Plays rows of seeds, and says how to play one of them alone. */
import { Counts } from "./counts.ts";
import { simulate, type SimulationOptions } from "./simulate.ts";

/** What came of a row of seeds. */
export interface Played {
  readonly counts: Counts;
  readonly seeds: number;
  readonly entries: number;
  readonly steps: number;
}

/**
 * The seeds to play: those asked for, unless somebody wants one alone.
 *
 * @returns `TOKA_SIM_SEED`, or every `step`th from a first one on
 */
export function seedsFrom(first: number, of: { readonly count: number; readonly step: number }): readonly number[] {
  const alone = process.env["TOKA_SIM_SEED"];
  if (alone !== undefined) return [Number(alone)];
  return Array.from({ length: of.count }, (_, index) => first + index * of.step);
}

/**
 * Plays seeds one after another.
 *
 * @returns what happened in all of them
 * @throws Error at the first that breaks a law, with the line that plays it alone
 */
export async function play(
  seeds: readonly number[],
  { file, ...options }: SimulationOptions & { readonly file: string },
): Promise<Played> {
  const counts = new Counts();
  const sums = { entries: 0, steps: 0 };
  for (const seed of seeds) {
    try {
      const report = await simulate(seed, options);
      counts.join(report.counts);
      sums.entries += report.entries;
      sums.steps += report.steps;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const line = `to play it alone: TOKA_SIM_SEED=${seed} npx vitest run ${file}`;
      // At once: a long row of others may be under way beside it.
      process.stderr.write(`${reason}\n${line}\n`);
      throw new Error(`Cannot go on: ${reason}\n${line}`, { cause: thrown });
    }
  }
  return { counts, seeds: seeds.length, ...sums };
}

/** What a row of some thousand seeds must have met, each at least so often in a thousand seeds. */
export const wantedFaults: Readonly<Record<string, number>> = {
  "life ends: killed": 300,
  "life ends: in order": 300,
  "life ends: by trouble": 100,
  "power lost": 200,
  "kill behind a call": 50,
  "kill inside a call": 20,
  "unsynced bytes at loss of power": 30,
  "unsynced names at loss of power": 5,
  "no room": 50,
  "sync fails": 50,
  "read fails": 20,
  "rename fails": 5,
  "folder sync fails": 5,
  "slow call": 100,
  "clock steps back": 30,
  "clock jumps": 30,
  "clock jumps by more than a day": 10,
  "two writers": 100,
  "settlement repeated": 30,
  "program started": 300,
  "program over its deadline": 20,
  "effect owed at the end": 5,
  "told outcome_unknown": 200,
};

/**
 * What was met too seldom to believe in.
 *
 * @returns a line each
 */
export function missedFaults({ counts, seeds }: Played): readonly string[] {
  return Object.entries(wantedFaults).flatMap(([what, perThousand]) => {
    const wanted = Math.floor((perThousand * seeds) / 1000);
    return counts.of(what) >= wanted ? [] : [`${what}: ${counts.of(what)} times, wanted ${wanted}`];
  });
}

/**
 * A table of what happened: faults, then for each operation how many of those asked for were accepted.
 *
 * @returns lines of text
 */
export function tableOf({ counts, seeds, entries, steps }: Played): string {
  const all = counts.list();
  const lines = [`${seeds} seeds, ${entries} entries, ${steps} steps`];
  for (const [what, times] of all)
    if (!/: (asked|accepted|refused)$/.test(what)) lines.push(`${what.padEnd(34)} ${String(times).padStart(8)}`);
  for (const [what, asked] of all) {
    if (!what.endsWith(": asked")) continue;
    const type = what.slice(0, -": asked".length);
    const accepted = counts.of(`${type}: accepted`);
    lines.push(`${type.padEnd(34)} ${String(accepted).padStart(8)} of ${String(asked).padStart(8)} accepted`);
  }
  return `${lines.join("\n")}\n`;
}
