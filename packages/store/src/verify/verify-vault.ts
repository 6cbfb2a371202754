/** Verifying beside everything else: on a thread of its own, so that nobody waits for it. */
import { Worker } from "node:worker_threads";
import { StoreFailure } from "../failure.ts";
import type { VerifyOptions, VerifyReport } from "./verify.ts";
import type { VerifyAnswer } from "./worker.ts";

/**
 * Verifies a vault on a thread of its own. The vault may be open in any process meanwhile.
 *
 * @returns the report
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`
 */
export async function verifyVault(options: VerifyOptions): Promise<VerifyReport> {
  // From source the thread is a .ts file, after a build a .js file, like this one.
  const thread = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
  const worker = new Worker(thread, {
    workerData: options,
    execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
  });
  const answer = await new Promise<VerifyAnswer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new Error(`Cannot verify the vault: its thread ended with code ${code} and no answer`)),
    );
  });
  if ("report" in answer) return answer.report;
  const { code, message, retry } = answer.failure;
  throw new StoreFailure(code, { message, retry });
}
