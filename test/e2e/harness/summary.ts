/**
 * The summary that `toka up --json` prints, as its readers see it.
 */
import { expect } from "vitest";

import type { Ended } from "./scene.ts";

/** One agent in a summary. */
export interface AgentLine {
  readonly name: string;
  readonly state: string;
  readonly tasks: { readonly completed: number; readonly failed: number };
  readonly refusals: number;
  readonly usage: Readonly<Record<string, number>>;
  readonly objectives: readonly {
    readonly description: string;
    readonly met: boolean;
    readonly evidence: readonly { readonly position: number; readonly content: Readonly<Record<string, unknown>> }[];
  }[];
}

/** A summary. */
export interface Summary {
  readonly ok: boolean;
  readonly entries: number;
  readonly verify: { readonly ok: boolean; readonly firstBad?: { readonly position: number; readonly reason: string } };
  readonly session: string;
  readonly owed: readonly { readonly effect: string; readonly agent: string; readonly tool: string | null }[];
  readonly deliverables: readonly string[];
  readonly agents: readonly AgentLine[];
}

/**
 * Reads the summary of a run with `--json`.
 *
 * @param ended - the run
 * @param code - the exit code that it must have
 * @returns the summary
 * @throws an assertion error, with everything the run said, when there is none
 */
export function summaryOf(ended: Ended, code: number): Summary {
  const said = `${ended.stderr}${ended.stdout}`;
  expect(ended.code, said).toBe(code);
  const lines = ended.stdout.split("\n");
  expect(lines, said).toHaveLength(2);
  return JSON.parse(lines[0] ?? "") as Summary;
}

/**
 * Finds one agent in a summary.
 *
 * @param summary - of a session
 * @param name - of the agent
 * @returns its line
 * @throws an error when there is none
 */
export function agentIn(summary: Summary, name: string): AgentLine {
  const agent = summary.agents.find((one) => one.name === name);
  if (agent === undefined) throw new Error(`Cannot find agent ${name} in the summary`);
  return agent;
}
