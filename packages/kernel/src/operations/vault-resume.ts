/** `vault.resume`: an administrator lets a held vault start things again. */

/** Takes the vault out of held. */
export interface VaultResume {
  readonly type: "vault.resume";
}
