/** Verifying beside everything else: on threads of its own, so that nobody waits for it. */
import { Worker, type MessagePort } from "node:worker_threads";
import { StoreFailure } from "../failure.ts";
import { readKnownVaults } from "../known-vaults.ts";
import { vaultFiles } from "../vault-files.ts";
import { newFeed } from "./feed.ts";
import type { Half, HalfFound, Standing } from "./half.ts";
import { halvesOf, meet, together, type Worth } from "./halves.ts";
import { joined, type VerifyOptions, type VerifyReport } from "./verify.ts";
import type { VerifyAnswer, VerifyFound, VerifyTask } from "./worker.ts";

/**
 * Verifies a vault on threads of its own. The vault may be open in any process meanwhile.
 *
 * @param options where it is; `threads` is 1 where a second processor is wanted for something else
 * @returns the report, the same with one thread as with two
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyVault({
  threads = 2,
  ...options
}: VerifyOptions & { readonly threads?: 1 | 2 }): Promise<VerifyReport> {
  if (threads === 1) return inOrder([begin({ options, end: undefined })]);
  const report = await verifyInHalves(options);
  if (report !== undefined) return report;
  const { mouth, feed } = newFeed();
  return inOrder([begin({ options, end: mouth }), begin({ options, end: feed })]);
}

/**
 * Verifies a vault by halves, where it can be parted.
 *
 * @param options where it is, and when parting it is worth it
 * @returns the report; undefined when it cannot be parted, or when not all is well
 * @throws StoreFailure `known_vaults_damaged`
 */
export async function verifyInHalves({
  dir,
  knownVaults,
  worth,
}: VerifyOptions & { readonly worth?: Worth }): Promise<VerifyReport | undefined> {
  // Read before the log, as always: the writer appends first and remembers then.
  const known = knownVaults === null ? [] : await readKnownVaults(knownVaults);
  const halves = await halvesOf(vaultFiles(dir), worth);
  if (halves === undefined) return undefined;
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const first = beginHalf({ dir, known, stretch: halves.first, state: undefined, stop });
  const second = beginHalf({ dir, known, stretch: halves.second, state: halves.state, stop });
  try {
    const [ended, begun] = await Promise.all([first.found, second.begun]);
    if (ended === undefined || begun === undefined || !meet(ended.standing, begun)) return undefined;
    const rest = await second.found;
    return rest === undefined ? undefined : together(ended, rest);
  } finally {
    Atomics.store(new Int32Array(stop), 0, 1);
    await Promise.all([first, second].map(ended));
  }
}

/** A thread ends by itself. On a state that is not this vault's deciding need not even end, and then it is made to. */
async function ended({ worker, exited }: Pick<ReturnType<typeof beginHalf>, "worker" | "exited">): Promise<void> {
  const timer = setTimeout(() => void worker.terminate(), stopMs);
  await exited;
  clearTimeout(timer);
}

/** Milliseconds in which a half has come to its next entry. */
const stopMs = 5_000;

async function inOrder(started: readonly ReturnType<typeof begin>[]): Promise<VerifyReport> {
  try {
    const [first, second] = await Promise.all(started.map(({ found }) => found));
    if (first !== undefined && "report" in first) return first.report;
    if (first === undefined || second === undefined || !("entries" in first) || !("payloads" in second))
      throw new Error("Cannot verify the vault: a thread answered for the other part");
    return joined({ ...first, ...second });
  } finally {
    // When one of them failed the other still waits for it.
    await Promise.all(started.map(({ worker }) => worker.terminate()));
  }
}

function begin(task: Extract<VerifyTask, { end: unknown }>): {
  readonly worker: Worker;
  readonly found: Promise<VerifyFound>;
} {
  const worker = threadFor(task, task.end === undefined ? [] : [task.end.port]);
  const found = new Promise<VerifyFound>((resolve, reject) => {
    worker.once("message", (answer: VerifyAnswer) => {
      if ("begun" in answer) return;
      if (!("failure" in answer)) return resolve(answer);
      const { code, message, retry } = answer.failure;
      return reject(new StoreFailure(code, { message, retry }));
    });
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new Error(`Cannot verify the vault: its thread ended with code ${code} and no answer`)),
    );
  });
  return { worker, found };
}

/** Starts a half. What goes wrong with it is no more than that: whoever verifies in order meets it again. */
function beginHalf(half: Half): {
  readonly worker: Worker;
  readonly begun: Promise<Standing | undefined>;
  readonly found: Promise<HalfFound | undefined>;
  readonly exited: Promise<void>;
} {
  const worker = threadFor({ half }, []);
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const begun = new Promise<Standing | undefined>((resolve) => {
    worker.on("message", (answer: VerifyAnswer) => resolve("begun" in answer ? answer.begun : undefined));
    for (const end of ["error", "exit"]) worker.once(end, () => resolve(undefined));
  });
  const found = new Promise<HalfFound | undefined>((resolve) => {
    worker.on("message", (answer: VerifyAnswer) => {
      if (!("begun" in answer)) resolve("half" in answer ? answer.half : undefined);
    });
    for (const end of ["error", "exit"]) worker.once(end, () => resolve(undefined));
  });
  return { worker, begun, found, exited };
}

function threadFor(task: VerifyTask, transferList: readonly MessagePort[]): Worker {
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const thread = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
  return new Worker(thread, {
    workerData: task,
    transferList: [...transferList],
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
}
