/** Where the tools that come with Toka lie. */
import { join } from "node:path";

/** Folder of the built-in tools: one folder with a manifest for each. */
export const builtInToolsFolder: string = join(import.meta.dirname, "../../tools");
