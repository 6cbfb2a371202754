/** The disk of this machine: a folder, by node:fs. */
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../../durable-file.ts";
import type { Disk, DiskFile } from "./disk.ts";

/**
 * A folder of this machine as a disk.
 *
 * @param dir of the folder, which exists; its files have mode 0600
 * @returns the disk
 */
export function nodeDisk(dir: string): Disk {
  return {
    list: () => readdir(dir),
    read: async (name, part) => (part === undefined ? readFile(join(dir, name)) : readPart(join(dir, name), part)),
    open: (name) => openFile(join(dir, name)),
    rename: (from, to) => rename(join(dir, from), join(dir, to)),
    remove: (name) => rm(join(dir, name), { force: true }),
    syncFolder: () => syncFolder(dir),
  };
}

async function openFile(path: string): Promise<DiskFile> {
  const file = await open(path, "a", 0o600);
  return {
    append: async (bytes) => {
      for (let written = 0; written < bytes.length;)
        written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
    },
    truncate: (size) => file.truncate(size),
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}

async function readPart(path: string, part: { readonly offset: number; readonly length: number }): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.allocUnsafe(part.length);
    let filled = 0;
    while (filled < part.length) {
      const { bytesRead } = await file.read(bytes, filled, part.length - filled, part.offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}
