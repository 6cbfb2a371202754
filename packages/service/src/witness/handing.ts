/** A checkpoint on its way to a witness, and what came of it. */
import { messageOf, systemCode } from "../failure.ts";
import type { SignedHead } from "../proof/answers.ts";

/** What came of handing a checkpoint over. */
export type Handing =
  | { readonly type: "kept"; /** Signatures of the witness, one a line. */ readonly cosignatures: string }
  | { readonly type: "failed"; readonly reason: string };

/** A checkpoint on its way. */
export interface Handed {
  readonly head: SignedHead;
  /**
   * Proves that the checkpoint continues an older one.
   *
   * @throws a failure `no_such_checkpoint`
   */
  readonly since: (size: number) => Promise<{ readonly from: string; readonly path: readonly string[] }>;
}

/**
 * Why a witness did not take a checkpoint.
 *
 * @param error - anything thrown on the way
 * @returns a failure of ours in its words, another by its code
 */
export function reasonOf(error: unknown): string {
  const own = error instanceof Error && error.name === "Failure";
  return own ? messageOf(error) : (systemCode(error) ?? messageOf(error));
}
