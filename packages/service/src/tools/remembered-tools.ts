/**
 * The tools that a vault knows beside the built-in ones and those of crews: their folders are remembered in the vault folder, so that the
 * next process that performs effects can run them. Each is remembered as it was when somebody registered it: a tool that was changed
 * since is another tool, and waits until somebody registers that one.
 */
import { join } from "node:path";

import { loadTools, SourceFailure, type Tool } from "@toka/runtime";
import { z } from "zod";

import { ServiceFailure } from "../failure.ts";
import { readPrivateFile, writePrivateFile } from "../private-file.ts";

/** Folders of one vault; each is read whole at every start. */
const foldersMax = 64;

/** A folder, and what its tools were when they were registered: digests by name. */
interface RememberedFolder {
  readonly folder: string;
  readonly tools: Readonly<Record<string, string>>;
}

const fileSchema: z.ZodType<readonly RememberedFolder[]> = z.array(
  z.strictObject({ folder: z.string().startsWith("/"), tools: z.record(z.string(), z.string()) }),
);

function fileOf(vault: string): string {
  return join(vault, "tool-folders.json");
}

/**
 * Loads the tools that a vault remembers.
 *
 * @param vault - the vault folder
 * @returns those that are still there as they were registered
 * @throws a failure `tool_folders_damaged` when what is remembered is not as this module writes it
 */
export async function rememberedTools(vault: string): Promise<readonly Tool[]> {
  const folders = await readFolders(vault);
  return folders.flatMap(({ folder, tools }) =>
    loadThere(folder).filter(({ description: { name }, digest }) => tools[name] === digest),
  );
}

/**
 * Has another vault remember what one remembers: a fork knows the same tools, each as it was when it was registered.
 *
 * @param vault - the vault folder
 * @param other - the other one's, which remembers none yet
 * @throws a failure `tool_folders_damaged` when what is remembered is not as this module writes it
 */
export async function passOnTools(vault: string, other: string): Promise<void> {
  const folders = await readFolders(vault);
  if (folders.length > 0) await writePrivateFile(fileOf(other), `${JSON.stringify(folders)}\n`);
}

/**
 * Remembers the tools of a folder, in place of what was remembered of it.
 *
 * @param vault - the vault folder, held by this process
 * @param found - the folder, absolute, and its tools
 * @throws a failure `too_many_tool_folders`
 */
export async function rememberTools(
  vault: string,
  found: { readonly folder: string; readonly tools: readonly Tool[] },
): Promise<void> {
  const others = (await readFolders(vault)).filter(({ folder }) => folder !== found.folder);
  if (others.length >= foldersMax) {
    throw new ServiceFailure("too_many_tool_folders", {
      message: `Cannot remember ${found.folder}: the vault has ${others.length} folders of tools, at most ${foldersMax} are allowed`,
    });
  }
  const tools = Object.fromEntries(found.tools.map(({ description: { name }, digest }) => [name, digest]));
  const all = [...others, { folder: found.folder, tools }];
  await writePrivateFile(fileOf(vault), `${JSON.stringify(all, undefined, 2)}\n`);
}

async function readFolders(vault: string): Promise<readonly RememberedFolder[]> {
  const text = await readPrivateFile(fileOf(vault));
  if (text === undefined) return [];
  const read = fileSchema.safeParse(parse(text));
  if (read.success) return read.data;
  throw new ServiceFailure("tool_folders_damaged", {
    message: `Cannot read ${fileOf(vault)}: wanted a JSON list of {folder, tools}; remove it and register the folders again`,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A folder that is gone or out of order has no tools to run; whoever registers it again is told why. */
function loadThere(folder: string): readonly Tool[] {
  try {
    return loadTools([folder]);
  } catch (error) {
    if (error instanceof SourceFailure) return [];
    throw error;
  }
}
