/** Verifying beside everything else: each part on a thread of its own, so that nobody waits for it. */
import { Worker } from "node:worker_threads";
import { StoreFailure } from "../failure.ts";
import { joined, type PartReports, type VerifyOptions, type VerifyReport } from "./verify.ts";
import type { VerifyAnswer, VerifyTask } from "./worker.ts";

/**
 * Verifies a vault on threads of its own. The vault may be open in any process meanwhile.
 *
 * @param options where it is; `threads` is 1 where a second processor is wanted for something else
 * @returns the report
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyVault({
  threads = 2,
  ...options
}: VerifyOptions & { readonly threads?: 1 | 2 }): Promise<VerifyReport> {
  if (threads === 1) {
    const { entries, payloads } = reportsIn(await answerOf({ wanted: { entries: true, payloads: true }, options }));
    if (entries === undefined || payloads === undefined)
      throw new Error("Cannot verify the vault: its thread answered for one part only");
    return joined(entries, payloads);
  }
  const [first, second] = await Promise.all([
    answerOf({ wanted: { entries: true, payloads: false }, options }),
    answerOf({ wanted: { entries: false, payloads: true }, options }),
  ]);
  const { entries } = reportsIn(first);
  const { payloads } = reportsIn(second);
  if (entries === undefined || payloads === undefined)
    throw new Error("Cannot verify the vault: a thread answered for the other part");
  return joined(entries, payloads);
}

function reportsIn(answer: VerifyAnswer): PartReports {
  if ("reports" in answer) return answer.reports;
  const { code, message, retry } = answer.failure;
  throw new StoreFailure(code, { message, retry });
}

async function answerOf(task: VerifyTask): Promise<VerifyAnswer> {
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const thread = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
  const worker = new Worker(thread, {
    workerData: task,
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
  return new Promise<VerifyAnswer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new Error(`Cannot verify the vault: its thread ended with code ${code} and no answer`)),
    );
  });
}
