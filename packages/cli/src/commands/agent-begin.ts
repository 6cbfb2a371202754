/**
 * `toka agent new` and `toka agent spawn`: an agent file, and an agent that lives by one.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

import { agentTemplate, askVault, readCrewSource, sessionRequest, ServiceFailure } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";
import { asking, placesOf } from "./places.ts";
import type { NounOptions } from "./vault-rows.ts";

/**
 * Writes an agent file to begin with.
 *
 * @param options - the agent's name, and the folder that the file is to lie in
 * @param context - streams and environment
 * @returns 0
 * @throws a failure `file_exists` rather than write over a file; UsageError when the name is none
 */
export async function newAgent(
  options: { readonly name: string; readonly dir?: string },
  context: CommandContext,
): Promise<number> {
  const { name } = options;
  if (name.length > 64 || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(name))
    throw new UsageError(
      `Cannot name an agent ${name}: wanted lower-case words joined by hyphens, such as ${wordsOf(name)}`,
    );
  const path = join(resolve(context.cwd, options.dir ?? "."), `${name}.yaml`);
  try {
    await writeFile(path, agentTemplate(name), { flag: "wx" });
  } catch (error) {
    if (!existsSync(path)) throw error;
    throw new ServiceFailure("file_exists", { message: `Cannot write ${path}: there is a file of that name` });
  }
  await writeLine(
    context.stdout,
    `wrote ${showOnOneLine(path)}; toka run ${showOnOneLine(relative(context.cwd, path))} runs it`,
  );
  return exitDone;
}

/**
 * Spawns an agent in a session of its own. Whoever holds the vault and performs effects runs it.
 *
 * @param options - an agent file, or the name of one in the workspace
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such file, it has problems, or the kernel refuses
 */
export async function spawnAgent(
  options: NounOptions & { readonly agent: string },
  context: CommandContext,
): Promise<number> {
  const places = placesOf(options, context);
  const file = fileOf(options.agent, [context.cwd, places.workspace]);
  const request = await sessionRequest(await readCrewSource([file]), places);
  const { started, served } = await askVault(places, {
    ...asking(context, "write"),
    create: true,
    use: async (api) => ({ started: await api.startSession(request), served: (await api.status()).served !== null }),
  });
  const lines = options.json
    ? [showAsJson({ ok: true, ...started })]
    : [
        ...started.agents.map(({ id, name }) => `spawned ${showOnOneLine(name)}: ${id} in ${started.session}`),
        ...(served ? [] : ["nobody runs it yet; toka serve does"]),
      ];
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

/** A file as it is named, or NAME.yaml, or agents/NAME.yaml, here or in the workspace. */
function fileOf(agent: string, folders: readonly string[]): string {
  const tries = [agent, ...[agent, wordsOf(agent)].flatMap((name) => [`${name}.yaml`, `agents/${name}.yaml`])];
  const paths = folders.flatMap((folder) => tries.map((name) => resolve(folder, name)));
  const found = paths.find((path) => /\.ya?ml$/u.test(path) && existsSync(path));
  if (found !== undefined) return found;
  throw new ServiceFailure("agent_file_missing", {
    message: `Cannot find the agent ${agent}: there is no file ${paths[1] ?? agent}; toka agent new ${wordsOf(agent)} writes one`,
  });
}

/** The name that an agent file would have: `FileAgent` is written `file-agent`. */
function wordsOf(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/gu, "$1-$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "");
  return words === "" ? "my-agent" : words;
}
