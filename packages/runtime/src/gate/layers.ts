/** The folder in which the layers of effects lie: one folder per effect, named by its id, which is also the mark of an unfinished apply. */
import { mkdirSync, readdirSync } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isId, type EffectId } from "@toka/kernel";

/**
 * Makes the folder of layers, for its owner alone.
 * @throws the system's error when it cannot be made
 */
export function prepareLayersFolder(layersDir: string): void {
  mkdirSync(layersDir, { recursive: true, mode: 0o700 });
}

/** @returns where the layer of an effect lies */
export function layerOf(layersDir: string, effect: EffectId): string {
  return join(layersDir, effect);
}

/**
 * Lists the layers that an earlier process left.
 * @returns ids of effects, in no order; names that are no ids are not Toka's and are left alone
 */
export function leftoverLayers(layersDir: string): readonly EffectId[] {
  return readdirSync(layersDir).filter((name) => isId("effect", name));
}

/**
 * Brings a layer to the disk, so that an apply can be redone from it even when the machine loses power after the settlement.
 * @throws the system's error when the disk refuses
 */
export async function syncLayer(layer: string): Promise<void> {
  const waiting: Buffer[] = [Buffer.from(layer)];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
      const path = Buffer.concat([folder, Buffer.from("/"), entry.name]);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) await syncPath(path);
    }
    await syncPath(folder);
  }
}

async function syncPath(path: Buffer): Promise<void> {
  // A guest may leave what its owner cannot open; such a file still reaches the disk with its folder's journal.
  if (process.getuid?.() !== 0 && ((await lstat(path)).mode & 0o400) === 0) return;
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
