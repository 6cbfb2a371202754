/** The part of an agent's definition that the kernel reads, and therefore keeps inline in the log. */
import type { Amounts } from "./budget/amounts.ts";
import type { Permission } from "./authority/permission.ts";
import type { Predicate } from "./predicate/predicate.ts";

/** A definition's inline part, at most 16 KiB as JSON. */
export interface DefinitionPart {
  /** A name, by which agents of it are spawned and it is rolled back. */
  readonly name: string;
  /** A label for people; the kernel knows versions by their ids. */
  readonly version: string;
  /** What its agents can do, in words of their makers, the first ones first; for finding them, never for allowing anything. */
  readonly capabilities?: readonly string[];
  /** The field that its agents work in. */
  readonly domain?: string;
  /** The most that an agent of this definition can be granted. */
  readonly permissions: readonly Permission[];
  /** What an agent of it asks for; spawning decides what it gets. */
  readonly allotment: Amounts;
  /** Names of the tools that its agents may call. */
  readonly tools: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly limits: DefinitionLimits;
  readonly tasks: readonly TaskPart[];
  readonly objectives: readonly ObjectivePart[];
}

/** The declared states of an agent and the ways between them. */
export interface Lifecycle {
  readonly initial: string;
  readonly states: readonly string[];
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly when?: Predicate }[];
}

/** How much an agent of the definition may have going at once. */
export interface DefinitionLimits {
  /** Running tasks. */
  readonly openTasksMax: number;
  /** Effects requested and not settled. */
  readonly openEffectsMax: number;
}

/** How soon a task matters. The kernel records it; the driver orders by it. */
export type Priority = "critical" | "high" | "medium" | "low";

/** A declared task. */
export interface TaskPart {
  /** Unique in the definition; an agent does each key once in its life. */
  readonly key: string;
  readonly priority: Priority;
  /** Keys of tasks that must be completed, or skipped by their own condition, before this one starts. */
  readonly after: readonly string[];
  /** Must hold for the task to start. */
  readonly when?: Predicate;
  /** How often it may be started, at least 1. */
  readonly attemptsMax: number;
  /** Wait before attempt n + 1: `firstMs` doubled n - 1 times, at most `maxMs`. */
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  /** A span, from the start of an attempt, after which the task can be timed out. */
  readonly timeoutMs: number;
  readonly steps: readonly StepPart[];
}

/** A declared step of a task: one call of one tool. */
export interface StepPart {
  /** Unique in the task. */
  readonly label: string;
  readonly tool: string;
  /** Where it is definitely false, the step is not part of the task. */
  readonly when?: Predicate;
  /** What completes the step: that the call succeeded, or that the kernel refused it. */
  readonly expect: "success" | "refusal";
}

/** A declared objective. */
export interface ObjectivePart {
  readonly key: string;
  readonly method: JudgeMethod;
  /** Where present, the recorded verdict must be what this comes to. */
  readonly predicate?: Predicate;
}

/** How an objective is judged. */
export type JudgeMethod = "file" | "content" | "command" | "cel";
