/** Stepping back: the thread that does the upkeep leaves the processor to those for whom somebody waits. */
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** By how much work that can wait is nicer than the process: it gets a tenth of what another thread gets where both want a whole processor. */
const asideNiceness = 10;

/** The nicest that there is. */
const nicenessMax = 19;

/**
 * Has the thread that calls this wait for the processor behind others. A thread is given a priority like a process, by its number.
 * Source: https://man7.org/linux/man-pages/man2/setpriority.2.html, section "C library/kernel differences".
 *
 * @returns false when it keeps the priority it has
 */
export function stepBack(): boolean {
  try {
    const [owner, , thread] = readlinkSync("/proc/thread-self").split("/");
    // Where /proc shows another namespace than this process is in, the number is somebody else's.
    if (Number(owner) !== process.pid) return false;
    setPriority(Number(thread), Math.min(nicenessMax, getPriority() + asideNiceness));
    return true;
  } catch {
    return false;
  }
}
