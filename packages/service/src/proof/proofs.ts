/**
 * Checkpoints and proofs of a vault, for whoever may read them.
 */
import type { Prover } from "@toka/store";

import type { ProofDocument, ProveRequest, SignedHead } from "./answers.ts";

/** Where proofs come from: an open vault. */
export interface ProofSource {
  readonly key: string;
  readonly prover: Prover;
  /** Signs a checkpoint of everything durable, unless there is one. */
  readonly checkpoint: () => Promise<{ readonly size: number; readonly note: string }>;
}

/**
 * Makes a checkpoint of the log as it is.
 *
 * @param source - an open vault
 * @returns the checkpoint, and the key that signed it
 */
export async function signedHead(source: ProofSource): Promise<SignedHead> {
  return { ...(await source.checkpoint()), key: source.key };
}

/**
 * Proves something of the log.
 *
 * @param source - an open vault
 * @param request - what
 * @returns the proof
 * @throws a failure `no_such_entry`, `no_such_checkpoint` or `vault_damaged`
 */
export async function prove({ prover }: ProofSource, request: ProveRequest): Promise<ProofDocument> {
  return "entry" in request ? prover.inclusion(request.entry, request.from) : prover.consistency(request);
}
