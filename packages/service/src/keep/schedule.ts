/**
 * Backs up the vault that this process serves, again and again: on a thread of its own, so that nobody who has operations decided
 * waits for it. A backup that fails is an alert, which goes where alerts go.
 */
import { Worker } from "node:worker_threads";

import type { Clock } from "@toka/agent";
import type { Caller, MachinePort } from "@toka/kernel";
import type { BackUpReport } from "@toka/store";

import { messageOf } from "../failure.ts";
import { failureFrom } from "../http/failure-body.ts";
import type { ProofSource } from "../proof/proofs.ts";
import { backupFolder, backupsOf, remember } from "./kept-backups.ts";
import type { BackUpPosted, BackUpTask } from "./back-up-worker.ts";

/** Where to, and how often. */
export interface BackupSchedule {
  /** An absolute folder. */
  readonly to: string;
  /** From one backup to the next, ms. */
  readonly everyMs: number;
}

/** What is needed to keep to a schedule. */
export interface ScheduleParts {
  readonly schedule: BackupSchedule;
  /** Folder of the vault. */
  readonly dir: string;
  readonly source: Pick<ProofSource, "key" | "checkpoint">;
  readonly machine: Pick<MachinePort, "submit">;
  /** The host, in whose name it is told that a backup failed. */
  readonly host: Caller;
  readonly clock: Clock;
  /** Aborted to stop. */
  readonly signal: AbortSignal;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

/** Characters of an alert's title. */
const titleMax = 500;

/**
 * Backs a vault up on its schedule until the signal is aborted. It never rejects.
 *
 * @param parts - where to, how often, and of what
 * @returns when it has stopped
 */
export async function keepBackups(parts: ScheduleParts): Promise<void> {
  const { schedule, dir, clock, signal } = parts;
  const last = backupsOf(dir).find(({ to }) => to === schedule.to);
  // What was due while nobody served is made up for at once, one time.
  let dueMs = last === undefined ? clock.nowMs() : Math.min(last.timeMs, clock.nowMs()) + schedule.everyMs;
  while (!signal.aborted) {
    await clock.reach(dueMs, { signal });
    if (signal.aborted) return;
    const begunMs = clock.nowMs();
    try {
      const { size, entries } = await backUpOnce(parts);
      await remember(dir, { to: schedule.to, size, timeMs: begunMs });
      if (entries > 0) parts.onNote(`kept ${size} entries in ${schedule.to}: ${entries} new`);
    } catch (error) {
      if (signal.aborted) return;
      await tell(parts, messageOf(error));
    }
    dueMs = begunMs + schedule.everyMs;
  }
}

async function backUpOnce({ schedule, dir, source, signal }: ScheduleParts): Promise<BackUpReport> {
  const to = backupFolder(schedule.to, dir);
  const head = await source.checkpoint();
  return onThread({ dir, to, key: source.key, head }, signal);
}

async function onThread(task: BackUpTask, signal: AbortSignal): Promise<BackUpReport> {
  signal.throwIfAborted();
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const name = import.meta.url.endsWith(".ts") ? "back-up-worker.ts" : "back-up-worker.js";
  const worker = new Worker(new URL(name, import.meta.url), {
    workerData: task,
    // It prints nothing; and joined to this process's own output it would make that non-blocking for everybody.
    stdout: true,
    stderr: true,
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
  const end = (): void => void worker.terminate();
  signal.addEventListener("abort", end, { once: true });
  try {
    const posted = await new Promise<BackUpPosted>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("Cannot back up the vault: its thread ended without an answer")));
    });
    if ("failure" in posted) throw failureFrom(posted.failure);
    return posted.report;
  } finally {
    signal.removeEventListener("abort", end);
    await worker.terminate();
  }
}

/** As an alert, so that it reaches whoever is to look; as a note at least, when even that cannot be recorded. */
async function tell({ machine, host, onNote }: ScheduleParts, reason: string): Promise<void> {
  const title = reason.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ").slice(0, titleMax);
  const operation = {
    type: "alert.raise",
    agent: null,
    severity: "error",
    code: "backup.failed",
    content: null,
  } as const;
  try {
    const { outcome } = await machine.submit({ ...operation, title }, { caller: host });
    if (!("refusal" in outcome)) return;
  } catch {
    // Told below.
  }
  onNote(`note: ${reason}`);
}
