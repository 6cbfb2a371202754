/**
 * The layer of an undo: every file that it writes, by digest, before anything is settled. Being a layer like any other, it is what the
 * changes are applied from, and the mark of an unfinished apply.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Content } from "@toka/kernel";
import { discardLayer } from "../sandbox/layer.ts";
import type { LayerPart } from "../sandbox/order.ts";
import { digestName, digestOf } from "../sandbox/settle-changes.ts";
import type { ByteSource, PlannedChange } from "./plan.ts";

/** How the bytes are had. */
export interface LayerMeans {
  readonly payload: (content: Content) => Promise<Uint8Array | undefined>;
  /** Called before each file; what it throws ends the writing. */
  readonly onStep: () => void;
}

/**
 * Writes the layer of an undo.
 *
 * @param layer - absolute path; what an earlier try left there goes
 * @param options - the changes, and how their bytes are had
 * @returns paths whose bytes the log does not hold, or no longer as they were; nothing when the layer is whole
 * @throws the system's error, such as that of a full disk
 */
export async function writeUndoLayer(
  layer: string,
  { changes, means }: { readonly changes: readonly PlannedChange[]; readonly means: LayerMeans },
): Promise<readonly string[]> {
  discardLayer(layer);
  const upper = join(layer, "0", "upper");
  await mkdir(upper, { recursive: true, mode: 0o700 });
  const parts: readonly LayerPart[] = [{ index: 0, path: "/", kind: "by-digest" }];
  await writeFile(join(layer, "layer.json"), JSON.stringify(parts), { mode: 0o600 });
  const written = new Set<string>();
  const missing: string[] = [];
  for (const { path, after, source } of changes) {
    means.onStep();
    if (after?.type !== "file" || written.has(after.digest)) continue;
    const bytes = await bytesOf(source, means);
    if (bytes === undefined || digestOf(bytes) !== after.digest) missing.push(path);
    else await writeFile(join(upper, digestName(after)), bytes, { mode: 0o600 });
    written.add(after.digest);
  }
  return missing;
}

async function bytesOf(source: ByteSource | null, { payload }: LayerMeans): Promise<Uint8Array | undefined> {
  if (source === null) return undefined;
  return source.from === "merge" ? source.bytes : payload(source.content);
}
