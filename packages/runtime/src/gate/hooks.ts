/** Where a test may stop the gate: each point lies just before or after something becomes durable. */

/** The points, in the order in which one effect passes them. */
export type GatePoint =
  | "after-request-seen"
  | "after-start"
  | "after-perform"
  | "before-settle"
  | "after-settle"
  | "mid-apply"
  | "after-apply"
  | "after-discard";

/** Called at each point; what it throws ends that effect's work as a crash would, with nothing tidied. */
export interface GateHooks {
  at(point: GatePoint, effect: string): void | Promise<void>;
}

/** Hooks of a process that is not under test. */
export const noHooks: GateHooks = { at: () => undefined };
