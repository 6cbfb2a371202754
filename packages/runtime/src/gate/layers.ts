/** The folder in which the layers of effects lie: one folder per effect, named by its id, which is also the mark of an unfinished apply. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isId, type EffectId } from "@toka/kernel";
import { forEachAtOnce } from "../sandbox/lanes.ts";

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
 * Brings what a program wrote into a layer to the disk, so that an apply can be redone from it even when the machine loses power after
 * the settlement.
 * @throws the system's error when the disk refuses
 */
export async function syncLayer(layer: string): Promise<void> {
  for (const part of await readdir(layer, { withFileTypes: true })) {
    const path = Buffer.from(join(layer, part.name));
    if (part.isFile()) await syncPath(path);
    if (!part.isDirectory()) continue;
    // Beside what was written the file system keeps folders of its own, which nobody else may enter.
    const written = Buffer.concat([path, Buffer.from("/upper")]);
    if (existsSync(written)) await syncFolder(written);
    await syncPath(path);
  }
  await syncPath(Buffer.from(layer));
}

async function syncFolder(top: Buffer): Promise<void> {
  const waiting: Buffer[] = [top];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (!(await mayOpen(folder, 0o500))) continue;
    await forEachAtOnce(await readdir(folder, { withFileTypes: true, encoding: "buffer" }), async (entry) => {
      const path = Buffer.concat([folder, Buffer.from("/"), entry.name]);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) await syncPath(path);
    });
    await syncPath(folder);
  }
}

async function syncPath(path: Buffer): Promise<void> {
  if (!(await mayOpen(path, 0o400))) return;
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A plain user's guest may leave what its owner cannot open; such a thing reaches the disk with the file system's own journal. */
async function mayOpen(path: Buffer, bits: number): Promise<boolean> {
  return process.getuid?.() === 0 || ((await lstat(path)).mode & bits) === bits;
}
