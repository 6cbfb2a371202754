/**
 * Serves a vault to other processes of the same user: HTTP over a unix socket in the vault folder.
 *
 * Who may speak is settled by the file system: the folder is 0700 and the socket 0600, so a peer has the same uid (or is root,
 * who could read the files anyway). Whatever a peer asks is asked as the operator.
 */
import { chmodSync, unlinkSync } from "node:fs";

import type { VaultApi } from "../api.ts";
import { ServiceFailure, systemCode } from "../failure.ts";
import { createApp } from "./app.ts";
import { addRoutes } from "./routes.ts";
import { openSocketPath } from "./socket-path.ts";

/** A vault that is being served. */
export interface VaultServer {
  /** Stops taking calls, lets the ones under way end, and removes the socket. */
  readonly close: () => Promise<void>;
}

/**
 * Listens on the socket of a vault folder.
 *
 * The caller holds the vault, so a socket file that is already there was left behind by a process that died.
 *
 * @param api - what answers
 * @param options - the vault folder
 * @returns the server, listening
 * @throws a failure `cannot_listen` when the socket cannot be made
 */
export async function serveVault(api: VaultApi, options: { readonly dir: string }): Promise<VaultServer> {
  const app = createApp({});
  addRoutes(app, () => api);
  const socket = openSocketPath(options.dir);
  try {
    removeStale(socket.path);
    await app.listen({ path: socket.path });
    chmodSync(socket.path, 0o600);
  } catch (cause) {
    await app.close();
    socket.close();
    throw new ServiceFailure("cannot_listen", {
      message: `Cannot listen on the socket of the vault ${options.dir}: ${systemCode(cause) ?? "unknown error"}`,
      cause,
    });
  }
  return {
    close: async () => {
      await app.close();
      removeStale(socket.path);
      socket.close();
    },
  };
}

function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
