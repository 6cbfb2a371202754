/** Which part of a log is verified at once: all of it, or one of two halves. */

/** Entries and payloads after some, up to some. */
export interface Stretch {
  /** The entry before its first; 0 for the beginning of the log. */
  readonly after: number;
  /** Its last entry; infinite for whatever the log ends with. */
  readonly until: number;
  /** Id of the last payload that entries before it name first. */
  readonly payloadsAfter: number;
  /** Id of the last payload that its own entries name first. */
  readonly payloadsUntil: number;
}

/** All of a log. */
export const wholeLog: Stretch = { after: 0, until: Infinity, payloadsAfter: 0, payloadsUntil: Infinity };
