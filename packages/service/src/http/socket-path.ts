/**
 * A socket path of any length.
 *
 * The address of a unix socket holds 107 bytes. A vault may lie deeper, so the folder is opened and the socket is reached
 * through that open folder, which is short whatever the folder is called: `/proc/self/fd/<n>/socket`.
 */
import { closeSync, constants, openSync } from "node:fs";

/** The socket's name inside the vault folder. */
export const socketName = "socket";

/** A path that is valid while the folder behind it is open. */
export interface SocketPath {
  /** Short enough for an address, whatever the folder is called. */
  readonly path: string;
  /** Closes the folder; the path means nothing afterwards. */
  readonly close: () => void;
}

/**
 * Opens a vault folder for its socket.
 *
 * @param dir - the vault folder
 * @returns the short path, and how to let go of the folder
 * @throws a system error when the folder does not exist or cannot be opened
 */
export function openSocketPath(dir: string): SocketPath {
  const folder = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    path: `/proc/self/fd/${folder}/${socketName}`,
    close: () => {
      if (open) closeSync(folder);
      open = false;
    },
  };
}
