/**
 * The calendar that timers need: the proleptic Gregorian one in UTC, in whole numbers, without a clock of its own.
 *
 * Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms (days_from_civil, civil_from_days).
 */

/** A day of the calendar. */
export interface CalendarDay {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
  /** 0..6, Sunday is 0. */
  readonly weekday: number;
}

/**
 * The day that lies a number of days after 1 January 1970.
 *
 * @param days 0 or more
 * @returns its date
 */
export function calendarDay(days: number): CalendarDay {
  // Years are reckoned from March, so that the leap day is the last of a year, in eras of 400 years.
  const sinceMarch = days + daysBefore1970;
  const era = Math.floor(sinceMarch / eraDays);
  const dayOfEra = sinceMarch - era * eraDays;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    // 1 January 1970 was a Thursday.
    weekday: (days + 4) % 7,
  };
}

// From 1 March of the year 0 to 1 January 1970.
const daysBefore1970 = 719_468;
const eraDays = 146_097;
