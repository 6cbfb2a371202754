/** An agent file after reading: one normal form, whatever shape the file had, with every name checked. */
import type { Amounts, Priority } from "@toka/kernel";
import type { Position } from "@toka/runtime";
import type { Condition } from "../cel/condition.ts";
import type { Json } from "./template.ts";

/** One agent of a crew. */
export interface AgentDefinition {
  readonly file: string;
  /** The file's text, registered with the definition. */
  readonly source: string;
  readonly at: Position;
  readonly name: string;
  readonly version: string;
  /** The name shown to people. */
  readonly title: string;
  readonly domain: string | null;
  readonly priority: Priority;
  readonly capabilities: readonly string[];
  readonly objectives: readonly ObjectiveDefinition[];
  readonly tasks: readonly TaskDefinition[];
  readonly dependencies: readonly DependencyDefinition[];
  /** Permissions at most, with `${workspace}` and `${output}` still to be filled in. */
  readonly permissions: readonly { readonly text: string; readonly at: Position }[];
  /** What the agent asks for, from its resource limits. */
  readonly allotment: Amounts;
}

/** Another agent of the crew that must be over before this one starts. */
export interface DependencyDefinition {
  readonly name: string;
  readonly reason: string | null;
  /** Required: it must have ended well. Optional: it must be over, if the crew has it at all. */
  readonly required: boolean;
  readonly at: Position;
}

/** One task with its steps. */
export interface TaskDefinition {
  readonly key: string;
  readonly description: string;
  readonly priority: Priority;
  readonly after: readonly string[];
  readonly when: Condition | null;
  readonly attemptsMax: number;
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  readonly timeoutMs: number;
  readonly steps: readonly StepDefinition[];
  /** What is said in the entry that completes it, in order. */
  readonly says: readonly SayDefinition[];
}

/** Something said. Its texts may hold `${...}`. */
export type SayDefinition = MessageDefinition | ObservationDefinition;

/** A message. */
export interface MessageDefinition {
  readonly type: "message";
  /** Unique in the agent. */
  readonly label: string;
  /** Name of an agent of the crew; null for a topic. */
  readonly to: string | null;
  /** Null for an agent. */
  readonly topic: string | null;
  readonly text: string;
  readonly at: Position;
}

/** An observation. */
export interface ObservationDefinition {
  readonly type: "observation";
  readonly label: string;
  readonly kind: string;
  readonly confidencePermille: number;
  readonly metadata: { readonly [name: string]: Json };
  readonly text: string;
  readonly at: Position;
}

/** One tool call. */
export interface StepDefinition {
  /** Unique in the agent. */
  readonly label: string;
  readonly tool: string;
  /** Arguments whose texts may hold `${...}`. */
  readonly arguments: { readonly [name: string]: Json };
  readonly when: Condition | null;
  readonly expect: "success" | "refusal";
  readonly toolAt: Position;
  readonly argumentsAt: Position;
  readonly argumentAt: ReadonlyMap<string, Position>;
}

/** One objective with what must hold for it to be met: all of its checks. */
export interface ObjectiveDefinition {
  readonly key: string;
  readonly description: string;
  /** Path template of the file delivered; a relative path lies below the output folder. */
  readonly deliverable: string | null;
  readonly checks: readonly Check[];
}

/** One check of an objective's validation. Path templates may be relative: then they lie below the output folder. */
export type Check =
  | { readonly type: "file"; readonly path: string; readonly minBytes: number }
  | ContentCheck
  | { readonly type: "command"; readonly argv: readonly string[]; readonly exit: number; readonly timeoutMs: number }
  | { readonly type: "cel"; readonly condition: Condition };

/** A check of what a file says. */
export interface ContentCheck {
  readonly type: "content";
  readonly path: string;
  /** Texts that must stand in it. */
  readonly contains: readonly string[];
  /** JSON pointers and the scalar each must lead to; a text may hold `${...}`. */
  readonly json: readonly { readonly pointer: string; readonly value: Json }[];
  readonly lines: { readonly min: number | null; readonly max: number | null } | null;
  /** Digest in hexadecimal, may be `${...}`. */
  readonly sha256: string | null;
}
