/**
 * `toka fork`: a new vault that goes on from an entry of another. `toka resume`: lets a held vault start things.
 */
import { resolve } from "node:path";

import { askVault, refusalInWords } from "@toka/service";
import type { VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { countOf } from "../output/told.ts";
import { asking, placesOf } from "./places.ts";
import { type NounOptions, writing } from "./vault-rows.ts";

/** What `toka fork` takes. */
export interface ForkOptions {
  readonly into: string;
  readonly at?: number;
  readonly workspace?: string;
  readonly vault?: string;
  readonly json: boolean;
}

type ForkAnswer = Awaited<ReturnType<VaultApi["fork"]>>;

/**
 * Forks a vault and says what of it is another matter from here on.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0, or 1 when files were left out
 * @throws a failure when there is no vault, its log is shorter, or a folder has something in it
 */
export async function runFork(options: ForkOptions, context: CommandContext): Promise<number> {
  const places = placesOf(options.vault === undefined ? {} : { vault: options.vault }, context);
  const to = options.workspace === undefined ? null : resolve(context.cwd, options.workspace);
  const answer = await askVault(places, {
    ...asking(context, "read"),
    use: async (api) =>
      api.fork({
        at: options.at ?? null,
        into: resolve(context.cwd, options.into),
        workspace: to === null ? null : { from: places.workspace, to },
      }),
  });
  const whole = (answer.files?.left.length ?? 0) === 0;
  const lines = options.json ? [showAsJson({ ok: whole, ...answer })] : tell(answer, to);
  for (const line of lines) await writeLine(context.stdout, line);
  return whole ? exitDone : exitFailed;
}

/**
 * Resumes a held vault.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0, or 1 when it is refused
 * @throws a failure when there is no vault
 */
export async function runResume(options: NounOptions, context: CommandContext): Promise<number> {
  const operation = { type: "vault.resume" } as const;
  const { outcome, position } = await writing({ options, context }, async (api) =>
    api.operate({ operation, contents: {} }),
  );
  if ("refusal" in outcome) {
    const { refusal } = outcome;
    if (options.json) await writeLine(context.stdout, showAsJson({ ok: false, position, refusal }));
    else await writeLine(context.stderr, `toka: Cannot resume the vault: ${refusalInWords(refusal)}`);
    return exitFailed;
  }
  await writeLine(
    context.stdout,
    options.json ? showAsJson({ ok: true, position }) : "resumed: what is due starts now",
  );
  return exitDone;
}

function tell(answer: ForkAnswer, workspace: string | null): readonly string[] {
  const { vault, dir, parent, position, abandoned, released, files } = answer;
  const place = showOnOneLine(dir);
  const cut = [
    ...(abandoned > 0 ? [`${countOf(abandoned, "effects")} under way`] : []),
    ...(released > 0 ? [countOf(released, "leases")] : []),
  ];
  return [
    `${vault} goes on from entry ${position} of ${parent}`,
    `${place}: it is held; toka resume --vault ${place} lets it start things`,
    ...(cut.length > 0 ? [`left to its parent: ${cut.join(" and ")}`] : []),
    "secrets and tokens stay with its parent",
    ...(files === null
      ? ["files are not copied: its agents have the rights that they had, to the same folders"]
      : [
          `${showOnOneLine(workspace ?? "")}: ${countOf(files.copied, "paths")} copied, ${countOf(files.takenBack, "paths")} taken back`,
        ]),
    ...(files?.left ?? []).map(({ path, reason }) => `left out: ${showOnOneLine(path)}: ${reason}`),
  ];
}
