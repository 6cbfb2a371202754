/** Verifying beside everything else: on threads of its own, so that nobody waits for it. */
import { Worker } from "node:worker_threads";
import { StoreFailure } from "../failure.ts";
import { newFeed } from "./feed.ts";
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
  const ends = threads === 1 ? undefined : newFeed();
  const started = ends === undefined ? [begin(options)] : [begin(options, ends.mouth), begin(options, ends.feed)];
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

function begin(
  options: VerifyOptions,
  end?: VerifyTask["end"],
): { readonly worker: Worker; readonly found: Promise<VerifyFound> } {
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const thread = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
  const task: VerifyTask = { options, end };
  const worker = new Worker(thread, {
    workerData: task,
    transferList: end === undefined ? [] : [end.port],
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
  const found = new Promise<VerifyFound>((resolve, reject) => {
    worker.once("message", (answer: VerifyAnswer) => {
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
