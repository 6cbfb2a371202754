/** The calendar and cron expressions, held against the language's own calendar, minute by minute. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calendarDay } from "../src/timer/calendar.ts";
import { countOfCron, nextOfCron, readCron, type Cron } from "../src/timer/cron.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

function cron(text: string): Cron {
  const read = readCron(text);
  if (read === undefined) throw new Error(`Cannot read the expression: ${text}`);
  return read;
}

function next(text: string, after: string): string | null {
  const found = nextOfCron(cron(text), Date.parse(after));
  return found === null ? null : new Date(found).toISOString();
}

describe("calendarDay", () => {
  test("is the calendar that the language has, on every day up to the year 2405 and on the last ones", () => {
    const last = Math.floor(281_474_976_710_656 / dayMs);
    for (const [from, to] of [
      [0, 159_000],
      [last - 1_000, last],
    ] as const) {
      for (let day = from; day <= to; day += 1) {
        const date = new Date(day * dayMs);
        const [year, month, dayOfMonth, weekday] = [
          date.getUTCFullYear(),
          date.getUTCMonth() + 1,
          date.getUTCDate(),
          date.getUTCDay(),
        ];
        const found = calendarDay(day);
        if (found.year !== year || found.month !== month || found.day !== dayOfMonth || found.weekday !== weekday) {
          expect(found).toEqual({ year, month, day: dayOfMonth, weekday });
        }
      }
    }
  });
});

describe("readCron", () => {
  test.each([
    ...[
      "",
      "* * * *",
      "* * * * * *",
      " * * * * *",
      "*  * * * *",
      "60 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "* * 32 * *",
    ],
    ...[
      "* * * 0 *",
      "* * * 13 *",
      "* * * * 8",
      "5-1 * * * *",
      "*/0 * * * *",
      "5/2 * * * *",
      "*-5 * * * *",
      "1, * * * *",
    ],
    ...["a * * * *", "* * * MONDAY *", "* * * MON *", "* * * * JAN", "-1 * * * *", "1.5 * * * *", "0x1 * * * *"],
    ...["@daily", "* * L * *", "* * ? * *", "* * * * 1#2", `${"1,".repeat(200)}1 * * * *`],
  ])("refuses %j", (text) => {
    expect(readCron(text)).toBeUndefined();
  });

  test("reads names in either case, ranges, steps and lists, and Sunday as 0 and 7", () => {
    const read = cron("1-10/4,30 */12 1 jan,MAR-MAY 5-7");
    expect(read.minutes).toEqual([1, 5, 9, 30]);
    expect(read.hours).toEqual([0, 12]);
    expect([...read.months]).toEqual([1, 3, 4, 5]);
    expect([...read.weekdays].toSorted((left, right) => left - right)).toEqual([0, 5, 6]);
  });
});

describe("nextOfCron", () => {
  test.each([
    ["* * * * *", "2026-11-25T06:30:00.000Z", "2026-11-25T06:31:00.000Z"],
    ["* * * * *", "2026-11-25T06:29:59.999Z", "2026-11-25T06:30:00.000Z"],
    ["0 0 1 1 *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00.000Z"],
    ["30 6 * * MON-FRI", "2026-11-27T06:30:00Z", "2026-11-30T06:30:00.000Z"],
    ["0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00.000Z"],
    ["0 0 13 * FRI", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00.000Z"],
    ["0 0 */28 2 MON", "2094-02-02T00:00:00Z", "2100-02-01T00:00:00.000Z"],
    ["59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00.000Z"],
  ])("of %s after %s is %s", (text, after, wanted) => {
    expect(next(text, after)).toBe(wanted);
  });

  test.each(["0 0 30 2 *", "0 0 31 4,6,9,11 *"])("of %s is never", (text) => {
    expect(next(text, "2026-01-01T00:00:00Z")).toBeNull();
  });
});

/** A field, and what it stands for by rules of its own: an expression is not taken from what the reader makes of it. */
function field(
  min: number,
  max: number,
): fc.Arbitrary<{ readonly text: string; readonly has: (n: number) => boolean }> {
  const number = fc.integer({ min, max });
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ text: "*", has: () => true }) },
    number.map((one) => ({ text: `${one}`, has: (n: number) => n === one })),
    fc.integer({ min: 1, max }).map((step) => ({ text: `*/${step}`, has: (n: number) => (n - min) % step === 0 })),
    fc.tuple(number, number).map(([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${from}-${to}`, has: (n: number) => n >= from && n <= to };
    }),
    fc.tuple(number, number).map(([a, b]) => ({ text: `${a},${b}`, has: (n: number) => n === a || n === b })),
  );
}

const drawn = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6));
const moments = fc.integer({ min: Date.UTC(1999, 11, 1), max: Date.UTC(2101, 2, 1) });

/** The same by looking at one minute after the other. */
function comesRound([minute, hour, day, month, weekday]: typeof drawn extends fc.Arbitrary<infer T> ? T : never): (
  atMs: number,
) => boolean {
  const either = !day.text.startsWith("*") && !weekday.text.startsWith("*");
  return (atMs) => {
    const date = new Date(atMs);
    const onDay = [day.has(date.getUTCDate()), weekday.has(date.getUTCDay())];
    return (
      minute.has(date.getUTCMinutes()) &&
      hour.has(date.getUTCHours()) &&
      month.has(date.getUTCMonth() + 1) &&
      (either ? onDay.includes(true) : !onDay.includes(false))
    );
  };
}

describe("an expression", () => {
  test("comes round exactly when looking at every minute says so, and is counted so", () => {
    let found = 0;
    const property = fc.property(drawn, moments, (fields, startMs) => {
      const read = cron(fields.map(({ text }) => text).join(" "));
      const holds = comesRound(fields);
      const endMs = startMs + 40 * dayMs;
      const wanted: number[] = [];
      for (let at = Math.floor(startMs / minuteMs) * minuteMs + minuteMs; at <= endMs; at += minuteMs) {
        if (holds(at)) wanted.push(at);
      }
      expect(countOfCron(read, { afterMs: startMs, untilMs: endMs })).toBe(wanted.length);
      let after = startMs;
      for (const moment of wanted.slice(0, 50)) {
        expect(nextOfCron(read, after)).toBe(moment);
        after = moment;
      }
      if (wanted.length === 0) expect(nextOfCron(read, startMs) ?? endMs + 1).toBeGreaterThan(endMs);
      found += wanted.length;
    });
    fc.assert(property, { seed: 20_261_125, numRuns: 40 });
    expect(found).toBeGreaterThan(1_000);
  });
});
