/** Commits over time, in as many columns as an eye can take: months, or quarters or years when there are too many. */
import type { History } from "./inputs.ts";

/** One column. */
export interface Period {
  readonly label: string; // 2026-03, 2026 Q1 or 2026
  readonly commits: number;
  readonly added: number;
  readonly deleted: number;
}

/** All columns, oldest first, without gaps. */
export interface Timeline {
  readonly unit: "month" | "quarter" | "year";
  readonly periods: readonly Period[];
  /** Commits older than the first column. */
  readonly commitsBefore: number;
}

/** Columns that fit the width of a page. */
const periodsMax = 48;

/**
 * Arranges the months of a history.
 * @returns the timeline; empty when there is no commit with a date
 */
export function timelineOf(months: History["months"]): Timeline {
  const dated = months.flatMap((month) => {
    const found = /^(\d{4})-(\d{2})$/u.exec(month.month);
    return found === null ? [] : [{ ...month, index: Number(found[1]) * 12 + Number(found[2]) - 1 }];
  });
  const first = dated[0];
  const last = dated.at(-1);
  if (first === undefined || last === undefined) return { unit: "month", periods: [], commitsBefore: 0 };
  const span = last.index - first.index + 1;
  const [unit, length] =
    span <= periodsMax
      ? (["month", 1] as const)
      : span <= periodsMax * 3
        ? (["quarter", 3] as const)
        : (["year", 12] as const);
  const lastSlot = Math.floor(last.index / length);
  const firstSlot = Math.max(Math.floor(first.index / length), lastSlot - periodsMax + 1);
  const periods = Array.from({ length: lastSlot - firstSlot + 1 }, (_, place) => {
    return { label: labelOf(firstSlot + place, unit), commits: 0, added: 0, deleted: 0 };
  });
  let commitsBefore = 0;
  for (const { index, commits, added, deleted } of dated) {
    const period = periods[Math.floor(index / length) - firstSlot];
    if (period === undefined) {
      commitsBefore += commits;
      continue;
    }
    period.commits += commits;
    period.added += added;
    period.deleted += deleted;
  }
  return { unit, periods, commitsBefore };
}

function labelOf(slot: number, unit: Timeline["unit"]): string {
  if (unit === "year") return String(slot);
  if (unit === "quarter") return `${Math.floor(slot / 4)} Q${(slot % 4) + 1}`;
  return `${Math.floor(slot / 12)}-${String((slot % 12) + 1).padStart(2, "0")}`;
}
