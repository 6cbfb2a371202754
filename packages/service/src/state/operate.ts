/**
 * One operation in a caller's name, as a command asks for it.
 */
import { type Caller, type MachinePort, parseOperation, type Receipt } from "@toka/kernel";

import { mayNow } from "../reading.ts";

/** One operation to be decided. */
export interface OperateRequest {
  /** As the format of the log writes it, without the fields in `contents`. */
  readonly operation: { readonly [field: string]: unknown };
  /** Fields that the log keeps by commitment: their bytes, base64. Whoever holds the vault salts and seals them. */
  readonly contents: { readonly [field: string]: string };
}

/** What operating works with. */
export interface OperateParts {
  readonly machine: Pick<MachinePort, "submit" | "seal" | "view">;
  /** Who asks. */
  readonly caller: Caller;
}

/**
 * Has one operation decided.
 *
 * @param request - the operation and its contents
 * @param parts - machine and caller
 * @returns the receipt, after the entry is durable
 * @throws Malformed when it is no operation
 */
export async function operate(request: OperateRequest, { machine, caller }: OperateParts): Promise<Receipt> {
  const drafts = Object.entries(request.contents).map(
    ([field, bytes]) => [field, machine.seal(Buffer.from(bytes, "base64"))] as const,
  );
  const sealed = Object.fromEntries(drafts.map(([field, { content }]) => [field, content]));
  const operation = parseOperation({ ...request.operation, ...sealed });
  return machine.submit(operation, { caller, payloads: drafts.map(([, draft]) => draft) });
}

/**
 * Gives up learning what came of an owed effect, on the word of whoever administers the vault. The host alone may record that, so
 * it does so here, after looking at the asker's grant.
 *
 * @param asked - the effect's id, and why
 * @param parts - machine, caller, the vault's host, and host time
 * @returns the receipt: a refusal when the caller does not administer the vault, or the effect is not owed
 * @throws Malformed when it is no effect's id
 */
export async function abandonEffect(
  asked: { readonly effect: string; readonly reason: string },
  parts: OperateParts & { readonly host: Caller; readonly clock: () => number },
): Promise<Receipt> {
  const { machine, caller, host, clock } = parts;
  const permission = "vault.admin:*";
  if (!(await mayNow(machine, { caller, permission, clock }))) {
    return { position: null, digest: null, outcome: { refusal: { code: "permission_denied", permission } } };
  }
  return operate({ operation: { type: "effect.abandon", ...asked }, contents: {} }, { machine, caller: host });
}
