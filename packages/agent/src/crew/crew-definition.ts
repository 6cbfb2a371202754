/** A crew after reading: its agents, who waits for whom, and the rules that they run under. */
import type { Amounts, FailurePolicy } from "@toka/kernel";
import type { AgentDefinition } from "../definition/agent-definition.ts";

/** A folder of agent files that runs as one session. */
export interface CrewDefinition {
  readonly name: string;
  readonly description: string;
  /** Agents live at once, a hard cap. */
  readonly concurrencyMax: number;
  readonly onFailure: FailurePolicy;
  /** How often each agent is spawned again after it failed. */
  readonly restartsMax: number;
  /** What the whole crew may use. */
  readonly allotment: Amounts;
  /** Folder of the crew's own tools relative to the crew folder, or null. */
  readonly toolsFolder: string | null;
  readonly agents: readonly AgentDefinition[];
  /** Names of agents by wave: each waits only for agents of earlier waves. */
  readonly waves: readonly (readonly string[])[];
  /** The longest chain of agents that wait for each other. */
  readonly criticalPath: readonly string[];
  /** The files it was read from, by path relative to the crew folder: what a resumed session is read from again. */
  readonly files: CrewFiles;
}

/** Files of a crew folder by relative path: `crew.yaml` and `agents/*.yaml`. */
export type CrewFiles = ReadonlyMap<string, Uint8Array>;

/** Agents live at once when the crew file does not say; the original's cap was 10, of agents that did nothing. */
export const defaultConcurrency = 4;
