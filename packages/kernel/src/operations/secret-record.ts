/** `secret.record`: an administrator makes the name of a secret known; its value never comes here. */

/** Records the name of a secret. */
export interface SecretRecord {
  readonly type: "secret.record";
  readonly name: string;
}
