/**
 * Cron expressions of five fields (minute, hour, day of the month, month, weekday), in UTC: when one comes round, and how often.
 *
 * A field is `*`, a number, a range `a-b`, one of these with a step `/n` (not a single number), or a list of such. Months and weekdays
 * have their English three letters, too; Sunday is 0 and 7. Where day of the month and weekday are both given, either will do; a field
 * that begins with a star is not given.
 * Source: crontab(5) of Vixie cron.
 */
import { calendarDay, type CalendarDay } from "./calendar.ts";

/** An expression, read. */
export interface Cron {
  /** Ascending, 0..59. */
  readonly minutes: readonly number[];
  /** Ascending, 0..23. */
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** One of day and weekday is enough. */
  readonly eitherDay: boolean;
}

/**
 * Reads an expression.
 *
 * @param text five fields with single spaces between them
 * @returns it, or undefined when it is none
 */
export function readCron(text: string): Cron | undefined {
  if (text.length > cronCharsMax) return undefined;
  const fields = text.split(" ");
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const minutes = readField(minute, { min: 0, max: 59 });
  const hours = readField(hour, { min: 0, max: 23 });
  const days = readField(day, { min: 1, max: 31 });
  const months = readField(month, { min: 1, max: 12, names: monthNames });
  const weekdays = readField(weekday, { min: 0, max: 7, names: weekdayNames });
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return undefined;
  return {
    minutes: [...minutes].sort(ascending),
    hours: [...hours].sort(ascending),
    days,
    months,
    weekdays: new Set([...weekdays].map((one) => one % 7)),
    eitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
  };
}

/**
 * The first moment after another at which an expression comes round.
 *
 * @param cron the expression
 * @param afterMs 0 or more; the moment itself does not count
 * @returns ms since 1970, or null when it does not come round within 40 years, and so never
 */
export function nextOfCron(cron: Cron, afterMs: number): number | null {
  const after = Math.floor(afterMs / minuteMs) + 1;
  const firstDay = Math.floor(after / dayMinutes);
  for (let day = firstDay; day < firstDay + searchDaysMax; day += 1) {
    if (!isDay(cron, calendarDay(day))) continue;
    const found = minuteOfDay(cron, day === firstDay ? after % dayMinutes : 0);
    if (found !== undefined) return (day * dayMinutes + found) * minuteMs;
  }
  return null;
}

/**
 * How often an expression comes round in a span.
 *
 * @param cron the expression
 * @param span from a moment, itself not counted, to another, itself counted
 * @returns a whole number, by days and not by minutes
 */
export function countOfCron(cron: Cron, span: { readonly afterMs: number; readonly untilMs: number }): number {
  const first = Math.floor(span.afterMs / minuteMs) + 1;
  const last = Math.floor(span.untilMs / minuteMs);
  const [firstDay, lastDay] = [Math.floor(first / dayMinutes), Math.floor(last / dayMinutes)];
  const wholeDay = cron.hours.length * cron.minutes.length;
  let count = 0;
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (!isDay(cron, calendarDay(day))) continue;
    const from = day === firstDay ? first % dayMinutes : 0;
    const to = day === lastDay ? last % dayMinutes : dayMinutes - 1;
    count += from === 0 && to === dayMinutes - 1 ? wholeDay : minutesBetween(cron, { from, to });
  }
  return count;
}

interface FieldBounds {
  readonly min: number;
  readonly max: number;
  /** Three letters for `min`, `min + 1` and so on. */
  readonly names?: readonly string[];
}

function readField(text: string, bounds: FieldBounds): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const parts = itemPattern.exec(item);
    if (parts === null) return undefined;
    const [, from, to, step] = parts;
    const whole = from === "*";
    const first = whole ? bounds.min : numberOf(from, bounds);
    // A star in the weekday's place ends with Saturday, not with a second Sunday.
    const star = bounds.names === weekdayNames ? 6 : bounds.max;
    const last = whole ? star : numberOf(to ?? from, bounds);
    if (first === undefined || last === undefined || first > last) return undefined;
    if (whole ? to !== undefined : step !== undefined && to === undefined) return undefined;
    const by = step === undefined ? 1 : Number(step);
    if (by < 1 || by > bounds.max) return undefined;
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return values;
}

function numberOf(text: string | undefined, { min, max, names = [] }: FieldBounds): number | undefined {
  if (text === undefined) return undefined;
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + min : Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

function isDay({ days, months, weekdays, eitherDay }: Cron, { month, day, weekday }: CalendarDay): boolean {
  if (!months.has(month)) return false;
  return eitherDay ? days.has(day) || weekdays.has(weekday) : days.has(day) && weekdays.has(weekday);
}

function minuteOfDay({ hours, minutes }: Cron, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 60 + 59 < from) continue;
    for (const minute of minutes) {
      if (hour * 60 + minute >= from) return hour * 60 + minute;
    }
  }
  return undefined;
}

function minutesBetween(
  { hours, minutes }: Cron,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  let count = 0;
  for (const hour of hours) {
    for (const minute of minutes) {
      if (hour * 60 + minute >= from && hour * 60 + minute <= to) count += 1;
    }
  }
  return count;
}

function ascending(left: number, right: number): number {
  return left - right;
}

const cronCharsMax = 256;
const minuteMs = 60_000;
const dayMinutes = 1_440;
// 1 February is a Monday after at most 12 years, and 29 February comes after at most 8: who has not come in 40 never will.
const searchDaysMax = 14_640;
const itemPattern = /^(\*|[0-9]{1,2}|[A-Za-z]{3})(?:-([0-9]{1,2}|[A-Za-z]{3}))?(?:\/([0-9]{1,2}))?$/;
const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
