/**
 * `toka export`: a part of the log, or all of it, as a file that verifies by itself.
 */
import { resolve } from "node:path";

import { askVault, proofs, ServiceFailure, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka export` takes. */
export interface ExportOptions extends PlaceOptions {
  readonly agent?: string;
  readonly from: number;
  readonly to?: number;
  readonly redact: boolean;
  readonly out: string;
}

/**
 * Exports to a file, which is there as a whole or not at all.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, no such entry, or the file cannot be written
 */
export async function runExport(options: ExportOptions, context: CommandContext): Promise<number> {
  const { agent = null, from, to = null, redact, out } = options;
  const last = { line: "" };
  const use = async (api: VaultApi): Promise<void> => {
    const lines = api.export({ agent, from, to, redact }, { signal: context.interrupted });
    await proofs.writeDurably(resolve(context.cwd, out), ended(lines, last));
  };
  await askVault(placesOf(options, context), { ...asking(context, "read"), use });
  const { entries, payloads } = countsIn(last.line);
  const told = `exported ${String(entries)} entries, ${String(payloads)} payloads: ${showOnOneLine(out)}`;
  await writeLine(context.stdout, told);
  return exitDone;
}

/** Characters written at once: a line a write would take most of the time of an export. */
const writtenAtOnce = 262_144;

/** Lines with their ends, many at once; a stream that stops before the last one, as when the process that serves dies, is a failure. */
async function* ended(lines: AsyncIterable<string>, last: { line: string }): AsyncIterable<string> {
  let waiting = "";
  for await (const line of lines) {
    last.line = line;
    waiting += `${line}\n`;
    if (waiting.length < writtenAtOnce) continue;
    yield waiting;
    waiting = "";
  }
  yield waiting;
  if (!last.line.startsWith('{"end":true,'))
    throw new ServiceFailure("export_cut", {
      message: "Cannot export the log: the process that serves the vault stopped in the middle; try once more",
      retry: "later",
    });
}

function countsIn(line: string): { readonly entries: unknown; readonly payloads: unknown } {
  const { entries, payloads }: { readonly entries?: unknown; readonly payloads?: unknown } = JSON.parse(line);
  return { entries, payloads };
}
