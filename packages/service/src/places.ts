/**
 * Which folders Toka works with: the workspace, the vault, its output, and where known vaults are written down.
 */
import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";

import { ServiceFailure } from "./failure.ts";

/** Absolute folders and files of one call. */
export interface Places {
  /** The folder that is worked on, free of symbolic links. */
  readonly workspace: string;
  /** The vault folder, free of symbolic links as far as it exists. */
  readonly vault: string;
  /** The file outside the vault that knows each vault's key and last checkpoint; its folder is free of symbolic links. */
  readonly knownVaults: string;
  /** The folder outside of every vault that holds the keys of their secrets. */
  readonly secretKeys: string;
  /** @returns the key of the secrets, when the environment holds it */
  readonly secretKey: () => string | undefined;
}

/** Name of the environment variable that may hold the key of the secrets; `NEW,OLD` while it is being changed. */
export const secretKeyVariable = "TOKA_SECRET_KEY";

/** Name of the vault folder in a workspace. */
const vaultFolder = ".toka";

/**
 * Settles the folders of one call.
 *
 * Links are resolved once, here, so that a path means the same to the kernel, to the sandbox and in the log.
 *
 * @param options - absolute folders as given, and the environment (`TOKA_HOME`, `XDG_CONFIG_HOME`, `HOME`)
 * @returns the folders
 * @throws a failure `workspace_missing` when the workspace is no folder, `path_not_utf8` when its name cannot stand in the log
 */
export function findPlaces(options: {
  readonly workspace: string;
  readonly vault?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Places {
  const workspace = resolveFolder(options.workspace);
  const vault = resolveAsFarAsPossible(options.vault ?? join(workspace, vaultFolder));
  const config = resolveAsFarAsPossible(configFolder(options.env));
  return {
    workspace,
    vault,
    knownVaults: join(config, "known-vaults"),
    secretKeys: join(config, "secret-keys"),
    // Asked for at need, so that nothing that prints the places prints the key.
    secretKey: () => options.env[secretKeyVariable],
  };
}

/**
 * The folder below which programs may be shown what lies in a vault: everything else there is kept from them.
 *
 * @param vault - the vault folder
 * @returns an absolute folder, which may not exist yet
 */
export function outputsFolder(vault: string): string {
  return join(vault, "out");
}

/**
 * Says whether a path is a folder or lies below it, by its text.
 *
 * @param path - absolute and normalised, as is the folder
 * @param folder - without a trailing slash
 * @returns true for the folder itself, too
 */
export function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/**
 * The folder that a crew's deliverables are written to.
 *
 * @param places - of the call
 * @param crew - the crew's name
 * @returns an absolute folder below the vault folder, which may not exist yet
 */
export function outputFolder(places: Places, crew: string): string {
  return join(outputsFolder(places.vault), crew);
}

function resolveFolder(path: string): string {
  let resolved: string | undefined;
  try {
    resolved = statSync(path).isDirectory() ? realpathSync(path) : undefined;
  } catch {
    resolved = undefined;
  }
  if (resolved === undefined) {
    throw new ServiceFailure("workspace_missing", {
      message: `Cannot use the workspace ${path}: it is not a folder that can be read`,
    });
  }
  if (resolved.includes("\uFFFD")) {
    throw new ServiceFailure("path_not_utf8", {
      message: `Cannot use the workspace ${resolved}: its path is not valid UTF-8`,
    });
  }
  return resolved;
}

/** Resolves the part of a path that exists; the rest is appended as it is. */
function resolveAsFarAsPossible(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(resolveAsFarAsPossible(parent), basename(path));
  }
}

function configFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["TOKA_HOME"];
  if (given !== undefined && isAbsolute(given)) return given;
  const config = env["XDG_CONFIG_HOME"];
  // A relative value is to be ignored: XDG Base Directory Specification.
  if (config !== undefined && isAbsolute(config)) return join(config, "toka");
  return join(homedir(), ".config", "toka");
}
