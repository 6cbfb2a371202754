/**
 * Waits for a vault that another process has open and does not serve: a command that is nearly done, or a server that is about to begin.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { vaultUnreachable } from "./client/transport.ts";

/** Time for one process to begin to serve, or to let go: opening a large vault takes a few seconds. */
const holderWaitMsMax = 15_000;

/** Time for all of them together, when many commands come at once and each takes its turn. */
const waitMsMax = 120_000;

/** Time after which a person is told what is waited for. */
const silentMsMax = 1_000;

/** Time between two looks at a vault that is held and not served. */
const pauseMs = 50;

/** What is waited for, and who is told. */
export interface Patience {
  /** The vault folder. */
  readonly dir: string;
  readonly onNote: (line: string) => void;
}

/**
 * Tries until the vault is free, or its holder answers.
 *
 * @param patience - which vault, and who is told
 * @param attempt - may be called again after it failed because the vault is held
 * @returns what the attempt returns
 * @throws what the attempt throws: any other failure at once, and that the vault is held when one process holds it for 15 seconds
 */
export async function whenFree<T>({ dir, onNote }: Patience, attempt: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let [holder, heldFromMs, told] = [0, startedMs, false];
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const nowMs = performance.now();
      const now = holderOf(dir) ?? holder;
      if (now !== holder) [holder, heldFromMs] = [now, nowMs];
      if (nowMs - heldFromMs >= holderWaitMsMax || nowMs - startedMs >= waitMsMax) throw error;
      if (!told && nowMs - startedMs >= silentMsMax) {
        told = true;
        onNote(`note: waiting for ${describe(holder)}, which has the vault ${dir} open and does not serve it`);
      }
      await pause(pauseMs);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === vaultUnreachable || error.code === "vault_locked";
}

function describe(holder: number): string {
  return holder === 0 ? "another process" : `process ${holder}`;
}

/**
 * The process that has the lock of a vault, where the kernel tells: proc_locks(5). A hint for people, and no proof of anything.
 *
 * @param dir - the vault folder
 * @returns its id; undefined when nobody has it, or when it cannot be told
 */
export function holderOf(dir: string): number | undefined {
  try {
    const inode = statSync(join(dir, "lock")).ino;
    const line = readFileSync("/proc/locks", "utf8")
      .split("\n")
      .find((one) => one.includes(" WRITE ") && one.includes(`:${inode} `) && !one.includes("->"));
    const pid = / WRITE (\d+) /u.exec(line ?? "")?.[1];
    return pid === undefined || pid === "0" ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}
