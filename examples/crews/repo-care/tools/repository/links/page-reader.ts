/**
 * Reads Markdown pages within bounds. On lines that are made for it the parser takes time with the square of their length, and
 * memory as well: so it runs in a process that is ended when a page takes too much, and the next page has a new one. A thread
 * would not do: one that comes to the end of its memory all at once takes its process with it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import type { SkipReason } from "../findings/scan-tree.ts";
import type { Page } from "./page.ts";

/** Characters of a page. A million take the parser about two seconds. */
const pageCharsMax = 2 * 1024 ** 2;
/** Processor time of one page, and of each of its characters: some ten times what pages take that people wrote. */
const pageCpuMs = 2000;
const charCpuMs = 0.02;
/** The clock of one page, on a machine that is busy with other things. */
const pageWallMs = 60_000;
/** What pages that were given up may take together: then only short pages have their turn, which take little. */
const lostMost: Time = { cpuMs: 45_000, wallMs: 120_000 };
/** Characters of a short page. */
const shortCharsMax = 50_000;
/** What all pages may take together, so that the tool is done before its own deadline. */
const allMost: Time = { cpuMs: 180_000, wallMs: 220_000 };
/** How often the time is looked at. */
const lookMs = 200;
/** Memory of the process that reads, for its objects. */
const heapMb = 384;

interface Time {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Reads pages one after another. */
export class PageReader {
  #child: ChildProcess | undefined;
  readonly #start = performance.now();
  /** What processes took that have been ended. */
  #endedCpuMs = 0;
  /** What the process took that reads now, as it was last seen: one that ended by itself says it no more. */
  #childCpuMs = 0;
  readonly #lostMost: Time;
  readonly #pageCpuMs: number;
  #lost: Time = { cpuMs: 0, wallMs: 0 };

  /** `lostMost` is what pages that are given up may take together, `pageCpuMs` what each page may beside its length. */
  constructor(options: { readonly lostMost?: Time; readonly pageCpuMs?: number } = {}) {
    this.#lostMost = options.lostMost ?? lostMost;
    this.#pageCpuMs = options.pageCpuMs ?? pageCpuMs;
  }

  /** Reads one page; gives why it could not be read when it could not. */
  async read(text: string): Promise<Page | SkipReason> {
    if (text.length > pageCharsMax) return "too large";
    const isLate = text.length > shortCharsMax && isOver(this.#lost, this.#lostMost);
    if (isLate || isOver(this.#spent(), allMost)) return "over the time of all files";
    const child = (this.#child ??= startReader());
    const since = this.#spent();
    const spent = (): Time => {
      const { cpuMs, wallMs } = this.#spent();
      return { cpuMs: cpuMs - since.cpuMs, wallMs: wallMs - since.wallMs };
    };
    const answer = await answerOf(child, {
      text,
      spent,
      most: { cpuMs: this.#pageCpuMs + text.length * charCpuMs, wallMs: pageWallMs },
    });
    if (typeof answer !== "string") return answer;
    const { cpuMs, wallMs } = spent();
    this.#lost = { cpuMs: this.#lost.cpuMs + cpuMs, wallMs: this.#lost.wallMs + wallMs };
    await this.close();
    return answer;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#endedCpuMs = this.#spent().cpuMs;
    this.#childCpuMs = 0;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
    await promise;
  }

  /** What reading took until now. */
  #spent(): Time {
    if (this.#child !== undefined) this.#childCpuMs = Math.max(this.#childCpuMs, cpuMsOf(this.#child));
    return { cpuMs: this.#endedCpuMs + this.#childCpuMs, wallMs: performance.now() - this.#start };
  }
}

async function answerOf(
  child: ChildProcess,
  { text, spent, most }: { readonly text: string; readonly spent: () => Time; readonly most: Time },
): Promise<Page | SkipReason> {
  const { promise, resolve, reject } = Promise.withResolvers<Page | SkipReason>();
  const onMessage = (message: { readonly page?: Page }): void => resolve(message.page ?? "too dense");
  const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
    // Without memory to go on, V8 aborts.
    if (signal === "SIGABRT" || signal === "SIGTRAP") resolve("too dense");
    else reject(new Error(`Cannot read a page: its process ended with ${signal ?? code}`));
  };
  child.on("message", onMessage).on("exit", onExit).on("error", reject);
  const look = setInterval(() => {
    if (isOver(spent(), most)) resolve("too dense");
  }, lookMs);
  child.send(text, (problem) => {
    // A process that is gone says itself how it ended.
    if (problem !== null && child.connected) reject(problem);
  });
  try {
    return await promise;
  } finally {
    clearInterval(look);
    child.off("message", onMessage).off("exit", onExit).off("error", reject);
  }
}

function startReader(): ChildProcess {
  const child = fork(new URL("page-process.ts", import.meta.url), {
    execArgv: [...process.execArgv, `--max-old-space-size=${heapMb}`],
    // What V8 prints when it has no memory left is of no use to whoever reads findings.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
  });
  // What becomes of it after it was given up is of no matter.
  child.on("error", () => undefined);
  return child;
}

/** Milliseconds of one clock tick of `/proc`: USER_HZ is 100 on every Linux. Source: proc_pid_stat(5). */
const tickMs = 10;

/** Processor time of a process that runs; 0 for one that is gone. */
function cpuMsOf({ pid }: ChildProcess): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return 0;
  }
  // The name stands in parentheses and may hold any character; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

function isOver(spent: Time, most: Time): boolean {
  return spent.cpuMs > most.cpuMs || spent.wallMs > most.wallMs;
}
