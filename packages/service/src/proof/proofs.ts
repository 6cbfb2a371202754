/**
 * Checkpoints and proofs of a vault, for whoever may read them.
 */
import type { Prover } from "@toka/store";

import { queryLog, type QueryParts } from "../log-query.ts";
import type { Redactor } from "../secrets/redactor.ts";
import type { ExportRequest, ProofDocument, ProveRequest, SignedHead } from "./answers.ts";

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

/**
 * Exports a part of the log, or all of it. A payload in which a stored secret stands is left out: changed, it would not be what its entry
 * commits to.
 *
 * @param request - which part
 * @param parts - an open vault, its machine, what looks for secrets, and what ends the export
 * @returns lines in order, without their ends
 * @throws a failure `no_such_entry` or `vault_damaged`
 */
export function exportLog(
  request: ExportRequest,
  parts: QueryParts & { readonly source: ProofSource; readonly redactor: Redactor },
): AsyncIterable<string> {
  const { source, redactor, signal } = parts;
  const { agent, from, to, redact } = request;
  const only = agent === null ? null : positionsOf(agent, parts);
  const withhold = (bytes: Uint8Array): boolean => redactor.bytes(bytes) !== bytes;
  return source.prover.export({ from, to, only, redact, withhold, signal });
}

async function* positionsOf(agent: string, parts: QueryParts): AsyncIterable<number> {
  const query = { after: 0, kind: null, agent, follow: false };
  for await (const { entry } of queryLog(query, parts)) yield entry.position;
}
