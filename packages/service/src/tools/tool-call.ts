/**
 * One call of a tool by a caller, as it is asked for and answered.
 */
import type { Refusal } from "@toka/kernel";

/** One call of a tool. */
export interface RunToolRequest {
  readonly tool: string;
  readonly arguments: { readonly [name: string]: unknown };
}

/** What became of a call. */
export type ToolOutcome =
  | {
      readonly type: "settled";
      /** `succeeded`, `failed`, `timed-out`, `limit` and the like. */
      readonly outcome: string;
      readonly position: number;
      /** Files that changed in the tree. */
      readonly changed: number;
      /** What the tool printed, or what is to be said of it when it did not succeed: JSON as text; null when there is nothing. */
      readonly result: string | null;
    }
  | { readonly type: "refused"; readonly refusal: Refusal; readonly position: number | null }
  | { readonly type: "stopped"; readonly outcome: string; readonly message: string; readonly position: number };
