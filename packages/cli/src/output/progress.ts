/**
 * Live progress: one line an agent, redrawn in place on a terminal, or a plain line for each change anywhere else.
 */
import type { Writable } from "node:stream";

import type { AgentProgress } from "@toka/service";

import { showBar } from "./amounts.ts";
import { showOnOneLine } from "./plain.ts";

/** Shows progress until it is closed. */
export interface ProgressView {
  /** Takes in what changed of one agent. */
  readonly update: (progress: AgentProgress) => void;
  /** Prints one line that stays. */
  readonly note: (line: string) => void;
  /** Draws the last state and leaves it standing. */
  readonly close: () => void;
}

/** Where and how progress is drawn. */
export interface ProgressOptions {
  readonly stream: Writable;
  readonly terminal: boolean;
  readonly columns: () => number;
}

const barWidth = 20;
const nameWidth = 20;
const stateWidth = 12;

/**
 * Makes a view of a session's progress.
 *
 * @param options - the stream, whether it is a terminal, and how wide that is
 * @returns the view
 */
export function createProgressView(options: ProgressOptions): ProgressView {
  return options.terminal ? liveView(options) : plainView(options);
}

/**
 * One agent on one line.
 *
 * @param progress - of the agent
 * @returns name, state, task and budget bar
 */
export function progressLine(progress: AgentProgress): string {
  const task = progress.task === null ? "" : ` ${showOnOneLine(progress.task)}`;
  const percent = `${Math.round(progress.budgetUsed * 100)}%`.padStart(4);
  const name = showOnOneLine(progress.name, nameWidth).padEnd(nameWidth);
  return `${name} ${progress.state.padEnd(stateWidth)} ${showBar(progress.budgetUsed, barWidth)} ${percent}${task}`;
}

function plainView({ stream }: ProgressOptions): ProgressView {
  const shown = new Map<string, string>();
  return {
    update: (progress) => {
      // A line for every change of state or task; the budget alone would print too many.
      const key = `${progress.state} ${progress.task ?? ""}`;
      if (shown.get(progress.name) === key) return;
      shown.set(progress.name, key);
      stream.write(`${progressLine(progress).trimEnd()}\n`);
    },
    note: (line) => stream.write(`${showOnOneLine(line)}\n`),
    close: () => {},
  };
}

function liveView({ stream, columns }: ProgressOptions): ProgressView {
  const agents = new Map<string, AgentProgress>();
  let drawn = 0;
  let scheduled = false;
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`);
  const draw = (): void => {
    scheduled = false;
    const lines = [...agents.values()].map((progress) => showOnOneLine(progressLine(progress), Math.max(20, columns() - 1)));
    stream.write(`${erase()}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  return {
    update: (progress) => {
      agents.set(progress.name, progress);
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        if (scheduled) draw();
      });
    },
    note: (line) => {
      stream.write(`${erase()}${showOnOneLine(line)}\n`);
      drawn = 0;
      draw();
    },
    close: draw,
  };
}
