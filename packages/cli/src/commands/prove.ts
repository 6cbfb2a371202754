/**
 * `toka prove`: a proof that an entry stands in the log, or that the log only grew.
 */
import { resolve } from "node:path";

import { askVault, proofs, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka prove` takes. */
export interface ProveOptions extends PlaceOptions {
  readonly entry?: number;
  readonly from?: number;
  readonly to?: number;
  readonly out?: string;
}

type ProveRequest = Parameters<VaultApi["prove"]>[0];
type ProofDocument = Awaited<ReturnType<VaultApi["prove"]>>;

/**
 * Makes a proof, and writes it to a file or to standard output.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, entry or checkpoint of that number; a usage error when it is not said what to prove
 */
export async function runProve(options: ProveOptions, context: CommandContext): Promise<number> {
  const request = requestFrom(options);
  const use = async (api: VaultApi): Promise<ProofDocument> => api.prove(request);
  const proof = await askVault(placesOf(options, context), { ...asking(context, "read"), use });
  const line = showAsJson(proof);
  if (options.out === undefined) {
    await writeLine(context.stdout, line);
    return exitDone;
  }
  await proofs.writeDurably(resolve(context.cwd, options.out), `${line}\n`);
  await writeLine(context.stdout, `${describe(request, proof)}: ${showOnOneLine(options.out)}`);
  return exitDone;
}

function requestFrom({ entry, from, to }: ProveOptions): ProveRequest {
  if (entry !== undefined && to === undefined) return { entry, from: from ?? null };
  if (entry === undefined && from !== undefined) return { from, to: to ?? null };
  throw new UsageError(
    "Cannot prove: wanted the position of an entry, with --from at most, or the sizes of two checkpoints with --from and --to",
  );
}

function describe(request: ProveRequest, proof: ProofDocument): string {
  if ("entry" in request && proof.toka === "inclusion")
    return `entry ${request.entry} stands in the log of ${sizeOf(proof.checkpoint)} entries`;
  if (proof.toka === "consistency")
    return `the log of ${sizeOf(proof.to)} entries continues that of ${sizeOf(proof.from)}`;
  return "proof";
}

function sizeOf(note: string): string {
  return note.split("\n")[1] ?? "";
}
