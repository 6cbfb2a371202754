/**
 * `toka checkpoint`: a signed head of the log, shown, kept in a file, and handed to witnesses.
 */
import { resolve } from "node:path";

import { askVault, proofs, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeAll, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka checkpoint` takes. */
export interface CheckpointOptions extends PlaceOptions {
  readonly out?: string;
  readonly witness: readonly string[];
  readonly key: boolean;
  readonly json: boolean;
}

type SignedHead = Awaited<ReturnType<VaultApi["checkpoint"]>>;

/** What came of one witness. */
interface WitnessLine {
  readonly witness: string;
  readonly ok: boolean;
  readonly reason?: string;
}

/**
 * Signs a checkpoint and gives it to whoever is to have it.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0, or 1 when a witness did not take it
 * @throws a failure when there is no vault, a witness is none, or the file cannot be written
 */
export async function runCheckpoint(options: CheckpointOptions, context: CommandContext): Promise<number> {
  const { witness: words, out, key, json } = options;
  const witnesses = await Promise.all(
    words.map(async (word) => ({ word, hand: await proofs.witnessFrom(word, context.cwd) })),
  );
  const use = async (api: VaultApi): Promise<{ readonly head: SignedHead; readonly lines: readonly WitnessLine[] }> => {
    const head = await api.checkpoint();
    const since = async (size: number): Promise<{ readonly from: string; readonly path: readonly string[] }> => {
      const proof = await api.prove({ from: size, to: head.size });
      return "from" in proof ? proof : { from: "", path: [] };
    };
    const lines: WitnessLine[] = [];
    let { note } = head;
    for (const { word, hand } of witnesses) {
      const handing = await hand({ head, since });
      if (handing.type === "kept") note += handing.cosignatures;
      const failed = handing.type === "failed" ? { reason: handing.reason } : {};
      lines.push({ witness: word, ok: handing.type === "kept", ...failed });
    }
    return { head: { ...head, note }, lines };
  };
  const { head, lines } = await askVault(placesOf(options, context), { ...asking(context, "read"), use });
  if (out !== undefined) await proofs.writeDurably(resolve(context.cwd, out), head.note);
  if (json) await writeLine(context.stdout, showAsJson({ ok: lines.every(({ ok }) => ok), ...head, witnesses: lines }));
  else if (key) await writeLine(context.stdout, head.key);
  else if (out === undefined) await writeAll(context.stdout, head.note);
  else await writeLine(context.stdout, `checkpoint of ${head.size} entries: ${showOnOneLine(out)}`);
  for (const { witness, reason } of lines) {
    const told = reason === undefined ? `kept by ${witness}` : `Cannot hand the checkpoint to ${witness}: ${reason}`;
    if (!json || reason !== undefined) await writeLine(context.stderr, `toka: ${showOnOneLine(told)}`);
  }
  return lines.every(({ ok }) => ok) ? exitDone : exitFailed;
}
