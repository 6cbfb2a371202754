/**
 * Live progress: one line an agent, redrawn in place on a terminal, or a plain line for each change anywhere else.
 */
import type { Writable } from "node:stream";

import type { AgentProgress } from "@toka/service";

import { showBar } from "./amounts.ts";
import { showOnOneLine } from "./plain.ts";

/** Shows progress until it is closed. */
export interface ProgressView {
  /** Takes in where the agents of a session stand. */
  readonly update: (agents: readonly AgentProgress[]) => void;
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
const nameWidth = 21; // the longest name of the crew that comes with Toka
const stateWidth = 10;
const kindWidth = 13;

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
 * @returns name, state, budget bar and task
 */
export function progressLine(progress: AgentProgress): string {
  const { budget, name, state } = progress;
  const share = budget === null ? 0 : budget.used / budget.allotment;
  const kind = budget === null ? "" : ` of ${budget.kind}`;
  const bar = budget === null ? " ".repeat(barWidth + 2) : showBar(share, barWidth);
  const percent = budget === null ? "    " : `${Math.round(share * 100)}%`.padStart(4);
  const head = `${showOnOneLine(name, nameWidth).padEnd(nameWidth)} ${state.padEnd(stateWidth)} ${bar} ${percent}${kind.padEnd(kindWidth)}`;
  return `${head} ${taskOf(progress)}`.trimEnd();
}

function taskOf({ task, awaits, tasksDone, tasksTotal, restarts, restartsMax }: AgentProgress): string {
  const again = restarts === 0 ? "" : `, restart ${restarts} of ${restartsMax}`;
  if (task === null) return `${tasksDone}/${tasksTotal} tasks${again}`;
  const step = task.step === null ? "" : ` > ${showOnOneLine(task.step)}`;
  const retry = task.waits ? ", failed, waits for" : ",";
  const attempt = task.attempt > 1 ? `${retry} attempt ${task.attempt} of ${task.attemptsMax}` : "";
  const awaited = awaits === null ? "" : `, waits for an approval of ${awaits.effect}`;
  return `${tasksDone}/${tasksTotal} ${showOnOneLine(task.key)}${step}${awaited}${attempt}${again}`;
}

function plainView({ stream }: ProgressOptions): ProgressView {
  const shown = new Map<string, string>();
  return {
    update: (agents) => {
      for (const progress of agents) {
        // A line for every change of state, task or step; the budget alone would print too many.
        const key = `${progress.state} ${taskOf(progress)}`;
        if (shown.get(progress.name) === key) continue;
        shown.set(progress.name, key);
        stream.write(`${progressLine(progress)}\n`);
      }
    },
    note: (line) => stream.write(`${showOnOneLine(line)}\n`),
    close: () => {},
  };
}

function liveView({ stream, columns }: ProgressOptions): ProgressView {
  let shown: readonly AgentProgress[] = [];
  let drawn = 0;
  let scheduled = false;
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`);
  const draw = (): void => {
    scheduled = false;
    const lines = shown.map((progress) => showOnOneLine(progressLine(progress), Math.max(20, columns() - 1)));
    stream.write(`${erase()}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  return {
    update: (agents) => {
      shown = agents;
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
