/** The port that alerts leave by. */
import type { Alert } from "./alert.ts";

/** What came of one try. */
export type Delivery =
  | { readonly type: "delivered" }
  /** This alert will never do there, and is passed over. */
  | { readonly type: "refused"; readonly reason: string }
  /** It may do later: it is tried again. */
  | { readonly type: "failed"; readonly reason: string };

/** Somewhere that alerts go. */
export interface AlertSink {
  readonly name: string;
  /**
   * Tries once to deliver an alert, within the sink's own timeout. It never rejects.
   *
   * @param alert - the same alert may come again with the same key: after a try of which nobody knows what came of it
   * @returns what came of it
   */
  deliver(alert: Alert, options: { readonly signal: AbortSignal }): Promise<Delivery>;
}
