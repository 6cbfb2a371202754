/** Where the repository lies, and the environment its own tools run in. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder, absolute, without a trailing slash. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * The environment for the repository's own tools: its pinned programs, Node 24 among them, come before the machine's.
 *
 * @param inherited - the environment to start from, usually `process.env`.
 * @returns a new environment; `inherited` is left as it was.
 */
export function toolEnvironment(inherited: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  return { ...inherited, PATH: `${join(root, "node_modules", ".bin")}:${inherited.PATH ?? ""}` };
}
