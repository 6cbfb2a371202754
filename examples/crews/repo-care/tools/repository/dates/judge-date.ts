/** What is wrong with a date, seen from a given day. Pure: nothing here knows what day it is. */
import type { Severity } from "../findings/findings.ts";
import type { WrittenDate } from "./find-dates.ts";

/** A day as a number: days since 1970-01-01. */
export type Day = number;

/** What is wrong. */
export interface Verdict {
  readonly rule: "future-date" | "impossible-date" | "ambiguous-date";
  readonly severity: Severity;
  readonly message: string;
}

/** What a date is judged by. */
export interface Surroundings {
  readonly today: Day;
  /** Days after today that are no future yet. */
  readonly futureDaysMax: number;
  /** The line, and the heading of the table that it belongs to. */
  readonly context: () => string;
}

const dayMs = 86_400_000;
/** What says that a date is meant to lie in the future. */
const expected =
  /expir|\buntil\b|\bvalid|not[-_ ]?after|\bdeadline|\bdue\b|\beol\b|end[-_ ]of[-_ ](?:life|support)|\bsupport|\bsunset|\bschedul|\bplan(?:s|ned)?\b|\btarget\b(?!\/)|\bmilestone|\broadmap|\bnext\b|\bupcoming|\bwill\b|\brenew|\beffective\b|\bestimated|\beta\b/iu;

/** What says that a day is wrong on purpose. */
const wrongOnPurpose =
  /\binvalid|\bimpossible|\billegal|\bmalformed|\bno (?:such )?da(?:y|te)\b|\bnot a (?:valid )?da(?:y|te)\b|\bis_err\b|\brais(?:es|ing)\b|\btothrow\b|\bthrows\b|\breject/iu;

/**
 * Judges one date. An impossible day is one in no calendar, however the date is read; `NN/NN/YYYY` is read as the original does,
 * month first, unless only the other reading is a day.
 * @returns what is wrong, or undefined
 */
export function judgeDate(date: WrittenDate, { today, futureDaysMax, context }: Surroundings): Verdict | undefined {
  const readings = readingsOf(date);
  const [first] = readings;
  if (first === undefined) {
    if (wrongOnPurpose.test(context())) return undefined;
    return { rule: "impossible-date", severity: "medium", message: "This day is in no calendar" };
  }
  const ahead = Math.min(...readings) - today;
  if (ahead > futureDaysMax) {
    if (!date.claimed && expected.test(context())) return undefined;
    const message = `This day lies ${ahead} ${ahead === 1 ? "day" : "days"} in the future`;
    return { rule: "future-date", severity: date.claimed ? "high" : "medium", message };
  }
  if (readings.length < 2) return undefined;
  const lateReading = Math.max(...readings) - today > futureDaysMax;
  const message = lateReading
    ? "Month first or day first? One of both readings lies in the future"
    : "Month first or day first? Both readings are days";
  return { rule: "ambiguous-date", severity: "low", message };
}

/** The different days that a date can mean. */
function readingsOf({ form, numbers: [year, second, third] }: WrittenDate): readonly Day[] {
  const monthFirst = dayOf({ year, month: second, day: third });
  const dayFirst = form === "MM/DD/YYYY" ? dayOf({ year, month: third, day: second }) : undefined;
  return [...new Set([monthFirst, dayFirst].filter((each) => each !== undefined))];
}

/**
 * Finds the day of a date in the Gregorian calendar.
 * @returns the day, or undefined when there is no such day
 */
export function dayOf({ year, month, day }: Readonly<Record<"year" | "month" | "day", number>>): Day | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return Math.floor(Date.UTC(year, month - 1, day) / dayMs);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
