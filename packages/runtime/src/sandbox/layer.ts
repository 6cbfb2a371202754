/**
 * The run-owned layer: the folder that takes the writes of one boxed run.
 *
 *   LAYER/layer.json         the write paths, by index
 *   LAYER/0/upper, 0/work    what the program wrote below write path 0, as overlayfs keeps it
 *   LAYER/c0/stubs           mount points that a shown tree lacks
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { SandboxFailure, type SandboxJob } from "./job.ts";
import type { LayerStubs, Order } from "./order.ts";
import { inspectPath, jobFailure } from "./paths.ts";

/**
 * Makes the folders that an order needs in its layer.
 *
 * @param job the job; its layer must be absent or empty
 * @param order the order composed from it
 * @returns when the layer was made, in ns on the file system's clock; 0 when the job needs none
 * @throws SandboxFailure when the layer holds something already or cannot be made
 */
export function prepareLayer(job: SandboxJob, order: Order): bigint {
  if (order.parts.length + order.stubs.length === 0) return 0n;
  try {
    mkdirSync(job.layer, { recursive: true, mode: 0o700 });
    if (readdirSync(job.layer).length > 0) throw jobFailure(`Cannot use ${job.layer} as a layer: it is not empty`);
    // A layer below a symbolic link could be moved while the program runs.
    inspectPath(job.layer);
    for (const part of order.parts) {
      const folder = join(job.layer, String(part.index));
      mkdirSync(join(folder, "upper"), { recursive: true, mode: 0o700 });
      if (part.kind === "new-folder") chmodSync(join(folder, "upper"), 0o755);
      if (part.kind === "folder" || part.kind === "file") mkdirSync(join(folder, "work"), { mode: 0o700 });
      if (part.kind === "new-file") makePlaceholder(join(folder, "upper", basename(part.path)));
    }
    writeFileSync(join(job.layer, "layer.json"), JSON.stringify(order.parts), { mode: 0o600 });
    for (const stubs of order.stubs) makeStubs(join(job.layer, stubs.name, "stubs"), stubs);
    return lstatSync(join(job.layer, "layer.json"), { bigint: true }).ctimeNs;
  } catch (error) {
    if (error instanceof SandboxFailure) throw error;
    throw layerFailure(`Cannot make the layer ${job.layer}`, error);
  }
}

/** Dated 1970, so that a program that writes nothing into it can be told from one that empties it. */
function makePlaceholder(path: string): void {
  writeFileSync(path, "", { mode: 0o644 });
  utimesSync(path, 0, 0);
}

function makeStubs(folder: string, stubs: LayerStubs): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const { path, kind } of stubs.paths) {
    const stub = join(folder, relative(stubs.root, path));
    mkdirSync(kind === "folder" ? stub : dirname(stub), { recursive: true, mode: 0o755 });
    if (kind === "file") writeFileSync(stub, "", { mode: 0o644 });
  }
}

/**
 * Removes a layer and all in it. Never follows a link; a layer already gone is fine.
 *
 * @param layer absolute path of the layer
 * @throws SandboxFailure when something in it cannot be removed
 */
export function discardLayer(layer: string): void {
  if (lstatSync(layer, { throwIfNoEntry: false }) === undefined) return;
  try {
    emptyFolder(layer);
    rmdirSync(layer);
  } catch (error) {
    throw layerFailure(`Cannot discard the layer ${layer}`, error);
  }
}

/**
 * A program may have nested folders deeper than any path can name, and closed them to their owner. So
 * each folder found is opened, and moved up to the layer itself before it is emptied.
 */
function emptyFolder(layer: string): void {
  const pending: string[] = [layer];
  let moved = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    chmodSync(folder, 0o700);
    for (const entry of readdirSync(folder, { withFileTypes: true, encoding: "buffer" })) {
      const path = Buffer.concat([Buffer.from(`${folder}/`), entry.name]);
      if (!entry.isDirectory()) {
        unlinkSync(path);
        continue;
      }
      // Moving a folder changes its entry for its parent, which its owner may only do when it is open.
      chmodSync(path, 0o700);
      moved += 1;
      const up = join(layer, `.discarded-${process.pid}-${moved}`);
      renameSync(path, up);
      pending.push(up);
    }
    if (folder !== layer) rmdirSync(folder);
  }
}

/** @returns the failure for trouble with a layer's files, naming the error of the system */
export function layerFailure(message: string, cause: unknown): SandboxFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SandboxFailure(`${message}: ${reason}`, { code: "sandbox_layer_failed", retry: "later", cause });
}
