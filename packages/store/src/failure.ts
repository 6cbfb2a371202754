/**
 * Failures of the store: outside trouble (disk, lock, a damaged file), thrown, never returned.
 *
 * A refusal is the kernel's and a value; what stands here is what the kernel never sees.
 */

/** What went wrong, for programs. Each code has one meaning and one remedy, named in the message. */
export type StoreFailureCode =
  | "vault_absent"
  | "vault_exists"
  | "vault_locked"
  | "parent_missing"
  | "vault_damaged"
  | "vault_newer"
  | "vault_closed"
  | "vault_faulted"
  | "vault_swapped"
  | "vault_rolled_back"
  | "vault_rewritten"
  | "vault_key_changed"
  | "known_vaults_damaged"
  | "no_such_entry"
  | "no_such_checkpoint"
  | "backup_damaged"
  | "backup_locked"
  | "backup_not_empty"
  | "backup_of_another"
  | "backup_stopped"
  | "backup_of_fork"
  | "restore_erased"
  | "position_conflict"
  | "position_beyond"
  | "log_unavailable"
  | "outcome_unknown"
  | "payload_missing"
  | "payload_erased"
  | "payload_with_parent"
  | "payload_mismatch"
  | "payload_too_large"
  | "operation_malformed"
  | "queue_full";

/** A failure of the store. `retry` says whether the same call may succeed later without any change by the caller. */
export class StoreFailure extends Error {
  override readonly name: "Failure" = "Failure";
  /** Which failure, for programs. */
  readonly code: StoreFailureCode;
  /** `later`: the same call may be made again; `never`: something must change first. */
  readonly retry: "never" | "later";

  /**
   * @param code which failure
   * @param detail `message` reads "Cannot <do what>: <state>"; `cause` is the error underneath, if any
   */
  constructor(
    code: StoreFailureCode,
    detail: { readonly message: string; readonly retry: "never" | "later"; readonly cause?: unknown },
  ) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retry = detail.retry;
  }
}

/**
 * The text of anything thrown, for a message that quotes it.
 *
 * @returns the error's message, or the value as text
 */
export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * The error code that Node puts on system errors.
 *
 * @returns such as `ENOENT`, or undefined when the value carries none
 */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}
