/**
 * The security levels of a manifest: what a run may use when the manifest does not say, and what it may say at most.
 *
 * The names are the original's. Its figures could not start a language runtime (Node maps more than 128 MB before its first line), so
 * ours are larger; what a level means is still that the higher the number, the more one run may use.
 */
import type { ToolLimits } from "./tool.ts";

/** The names of the levels. */
export type SecurityLevel = "basic" | "medium" | "high";

/** Limits with the wall time, as a level gives them. */
export interface LevelLimits extends ToolLimits {
  readonly timeoutMs: number;
}

const mebibyte = 1024 * 1024;

/** Output kept of one run by default: a tool may return a large result, and the host holds a few such runs at once. */
export const outputBytesDefault: number = 64 * mebibyte;

/** What each level gives to a manifest that names no figure of its own. */
export const levels: Readonly<Record<SecurityLevel, LevelLimits>> = {
  basic: {
    memoryBytes: 512 * mebibyte,
    cpuMs: 60_000,
    timeoutMs: 60_000,
    processes: 64,
    outputBytes: outputBytesDefault,
    writtenBytes: 64 * mebibyte,
    openFiles: 256,
  },
  medium: {
    memoryBytes: 1024 * mebibyte,
    cpuMs: 300_000,
    timeoutMs: 300_000,
    processes: 64,
    outputBytes: outputBytesDefault,
    writtenBytes: 128 * mebibyte,
    openFiles: 512,
  },
  high: {
    memoryBytes: 2048 * mebibyte,
    cpuMs: 600_000,
    timeoutMs: 600_000,
    processes: 128,
    outputBytes: outputBytesDefault,
    writtenBytes: 256 * mebibyte,
    openFiles: 1024,
  },
};

/** What no manifest may exceed: beyond these one run can starve the machine that a person works on. */
export const limitsMax: LevelLimits = {
  memoryBytes: 8192 * mebibyte,
  cpuMs: 3_600_000,
  timeoutMs: 3_600_000,
  processes: 512,
  // Standard output, standard error and before-images are sealed and queued at once.
  outputBytes: outputBytesDefault,
  writtenBytes: 2048 * mebibyte,
  openFiles: 4096,
};
