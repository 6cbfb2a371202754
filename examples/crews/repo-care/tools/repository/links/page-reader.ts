/**
 * Reads Markdown pages within bounds. On lines that are made for it the parser takes time with the square of their length, and
 * memory as well: so it runs in a thread that is ended when a page takes too much, and the next page has a new one.
 */
import { Worker } from "node:worker_threads";
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
/** Memory of the thread. */
const heapMb = 384;

interface Time {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** Reads pages one after another. */
export class PageReader {
  #worker: Worker | undefined;
  readonly #spent = stopwatch();
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
    const spent = stopwatch();
    const worker = (this.#worker ??= startWorker());
    const answer = await answerOf(worker, {
      text,
      most: { cpuMs: this.#pageCpuMs + text.length * charCpuMs, wallMs: pageWallMs },
    });
    if (typeof answer !== "string") return answer;
    await this.close();
    const { cpuMs, wallMs } = spent();
    this.#lost = { cpuMs: this.#lost.cpuMs + cpuMs, wallMs: this.#lost.wallMs + wallMs };
    return answer;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

async function answerOf(
  worker: Worker,
  { text, most }: { readonly text: string; readonly most: Time },
): Promise<Page | SkipReason> {
  const { promise, resolve, reject } = Promise.withResolvers<Page | SkipReason>();
  const onMessage = (message: { readonly page?: Page }): void => resolve(message.page ?? "too dense");
  const onError = (problem: NodeJS.ErrnoException): void => {
    if (problem.code === "ERR_WORKER_OUT_OF_MEMORY") resolve("too dense");
    else reject(problem);
  };
  worker.on("message", onMessage).on("error", onError);
  const spent = stopwatch();
  const look = setInterval(() => {
    if (isOver(spent(), most)) resolve("too dense");
  }, lookMs);
  worker.postMessage(text);
  try {
    return await promise;
  } finally {
    clearInterval(look);
    worker.off("message", onMessage).off("error", onError);
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL("page-worker.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  // What it says after it was given up is of no matter.
  worker.on("error", () => undefined);
  return worker;
}

function isOver(spent: Time, most: Time): boolean {
  return spent.cpuMs > most.cpuMs || spent.wallMs > most.wallMs;
}

/** Measures from now on. The thread's processor time is the process's: while it reads, nothing else runs. */
function stopwatch(): () => Time {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, wallMs: performance.now() - wall };
  };
}
