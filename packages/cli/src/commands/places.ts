/**
 * Which folders a command line means.
 */
import { resolve } from "node:path";

import { type AskOptions, findPlaces, type Places } from "@toka/service";

import type { CommandContext } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";

/** The two options that every command about a vault takes. */
export interface PlaceOptions {
  readonly workspace?: string;
  readonly vault?: string;
}

/**
 * Makes the folders of a command line absolute.
 *
 * @param options - as given; both may be absent
 * @param context - where the command was called
 * @returns workspace, vault folder, and where known vaults are written down
 * @throws a failure `workspace_missing` when the workspace is no folder
 */
export function placesOf(options: PlaceOptions, context: CommandContext): Places {
  return findPlaces({
    workspace: resolve(context.cwd, options.workspace ?? "."),
    ...(options.vault === undefined ? {} : { vault: resolve(context.cwd, options.vault) }),
    env: context.env,
  });
}

/**
 * How a command asks a vault: in the time of this machine, with notes on standard error.
 *
 * @param context - streams
 * @param purpose - whether it only reads
 * @returns options for asking
 */
export function asking(context: CommandContext, purpose: AskOptions["purpose"]): AskOptions {
  return { purpose, clock: Date.now, onNote: (line) => void context.stderr.write(`toka: ${showOnOneLine(line)}\n`) };
}
