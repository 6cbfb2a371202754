/**
 * What starting a session takes and gives, on this side of the socket and on the other.
 */

/** A crew to be run, with its files as whoever asks has read them. */
export interface StartSessionRequest {
  /** Folder of the crew, or the first of the agent files. */
  readonly folder: string;
  /** Files of the crew by relative path, base64. */
  readonly files: { readonly [path: string]: string };
  /** Absolute folder that the agents look at. */
  readonly workspace: string;
}

/** A session that was started, and its agents that were spawned at once. */
export interface StartedSession {
  readonly session: string;
  /** The entry that started it. */
  readonly position: number;
  readonly agents: readonly { readonly id: string; readonly name: string }[];
}
