/** `key.record`: the host records a public key that signs for this vault. */

/** Records a public key. Host only. */
export interface KeyRecord {
  readonly type: "key.record";
  /** As text, in a form that the purpose names. */
  readonly publicKey: string;
  readonly purpose: string;
}
