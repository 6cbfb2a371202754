/**
 * Copies a workspace as it was after an entry: the files that are there, with every change of an effect since then taken back.
 *
 * A path that does not stand as the log left it was changed by somebody else. How it was then nobody knows, and it is told and left
 * out. No symbolic link is followed, neither where it is read nor where it is written.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { MachinePort } from "@toka/kernel";
import type { FileState } from "@toka/runtime";

import { ServiceFailure, systemCode } from "../failure.ts";
import { liesIn } from "../places.ts";
import type { ForkedFiles, LeftPath } from "../past/answers.ts";
import { changedSince, type ChangedSince } from "./files-then.ts";

/** Files, folders and links of one workspace: a folder that is no workspace by mistake, such as a home, must not fill a disk. */
const pathsMax = 200_000;
/** Bytes of its files together (8 GiB), for the same reason. */
const bytesMax = 8_589_934_592;

/** What is copied, and where. */
export interface CopyingWorkspace {
  /** The workspace. */
  readonly from: string;
  /** An empty folder, or one to be made. */
  readonly to: string;
  /** The entry. */
  readonly at: number;
  /** Folders that are not the workspace's, such as the vault. */
  readonly except: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Copies a workspace as it was after an entry.
 *
 * @param machine - of the vault
 * @param options - which, and where to
 * @returns what was copied and taken back, and what was left out
 * @throws a failure `folder_not_empty`, `folder_within` when one lies in the other, `workspace_too_large`, or the system's
 */
export async function copyWorkspace(machine: MachinePort, options: CopyingWorkspace): Promise<ForkedFiles> {
  const { from, to, at } = options;
  if (liesIn(to, from) || liesIn(from, to))
    throw new ServiceFailure("folder_within", {
      message: `Cannot copy the workspace ${from} to ${to}: one lies in the other`,
    });
  await mkdir(to, { recursive: true });
  const [first] = await readdir(to);
  if (first !== undefined)
    throw new ServiceFailure("folder_not_empty", {
      message: `Cannot copy the workspace to ${to}: "${first}" is there already; give a folder that is empty or not there`,
    });
  const copying = new Copying(machine, { ...options, changed: await changedSince(machine, { at, folder: from }) });
  return copying.run();
}

class Copying {
  readonly #machine: MachinePort;
  readonly #options: CopyingWorkspace & { readonly changed: ReadonlyMap<string, ChangedSince> };
  readonly #met = new Set<string>();
  readonly #left: LeftPath[] = [];
  readonly #folders: { readonly path: string; readonly mode: number }[] = [];
  #copied = 0;
  #takenBack = 0;
  #bytes = 0;

  constructor(
    machine: MachinePort,
    options: CopyingWorkspace & { readonly changed: ReadonlyMap<string, ChangedSince> },
  ) {
    this.#machine = machine;
    this.#options = options;
  }

  async run(): Promise<ForkedFiles> {
    const { from, changed } = this.#options;
    await this.#folder(from);
    // What is gone by now, and was there then: folders before what was in them.
    for (const [path, since] of [...changed].toSorted(([left], [right]) => (left < right ? -1 : 1)))
      if (!this.#met.has(path) && !this.#isExcepted(path)) await this.#settle(path, { since, found: null });
    // Last, because a folder that its owner may not write to must still be filled.
    for (const { path, mode } of this.#folders.toReversed()) await chmod(path, mode);
    return { copied: this.#copied, takenBack: this.#takenBack, left: this.#left };
  }

  #isExcepted(path: string): boolean {
    return this.#options.except.some((folder) => liesIn(path, folder));
  }

  async #folder(folder: string): Promise<void> {
    const names = (await readdir(folder)).toSorted();
    for (const name of names) {
      this.#options.signal.throwIfAborted();
      const path = join(folder, name);
      if (this.#isExcepted(path)) continue;
      this.#met.add(path);
      if (this.#met.size > pathsMax) throw this.#tooLarge(`more than ${pathsMax} files`);
      const found = await stateOf(path);
      if (found === undefined) this.#left.push({ path, reason: "it is neither file, folder nor link" });
      else await this.#settle(path, { since: this.#options.changed.get(path), found });
      if (found?.type === "directory") await this.#folder(path);
    }
  }

  /** Brings one path to what it was. */
  async #settle(
    path: string,
    { since, found }: { readonly since: ChangedSince | undefined; readonly found: FileState | Plain | null },
  ): Promise<void> {
    try {
      if (since === undefined) return await this.#copy(path, found);
      const now = found?.type === "plain" ? await digested(path, found) : found;
      if (!isSame(now, since.now)) return void this.#left.push({ path, reason: "somebody else changed it since" });
      await this.#restore(path, since);
    } catch (thrown) {
      if (!(thrown instanceof NoFolder)) throw thrown;
      this.#left.push({ path, reason: "what it lies in is no folder any more" });
    }
  }

  async #copy(path: string, found: FileState | Plain | null): Promise<void> {
    const target = await this.#targetOf(path);
    if (found?.type === "directory") await this.#makeFolder(target, found.mode);
    else if (found?.type === "symlink") await symlink(found.target, target);
    else if (found?.type === "plain") {
      this.#count(found.size);
      await copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
    this.#copied += 1;
  }

  async #restore(path: string, { then, image }: ChangedSince): Promise<void> {
    this.#takenBack += 1;
    if (then === null) return;
    const target = await this.#targetOf(path);
    if (then.type === "directory") return this.#makeFolder(target, then.mode);
    if (then.type === "symlink") return symlink(then.target, target);
    const bytes = image === null ? undefined : await this.#machine.payload(image);
    if (bytes === undefined || digestOf(bytes) !== then.digest) {
      this.#takenBack -= 1;
      return void this.#left.push({ path, reason: "the bytes that it had are not kept any more" });
    }
    this.#count(bytes.length);
    await writeFile(target, bytes, { mode: then.mode, flag: "wx" });
    await chmod(target, then.mode);
  }

  async #makeFolder(target: string, mode: number): Promise<void> {
    await mkdir(target, { recursive: true });
    this.#folders.push({ path: target, mode });
  }

  /** Where a path goes. Every folder above is there, and is one: a link there would lead out of the copy. */
  async #targetOf(path: string): Promise<string> {
    const { from, to } = this.#options;
    const parts = path.slice(from.length + 1).split("/");
    let folder = to;
    for (const part of parts.slice(0, -1)) {
      folder = join(folder, part);
      const found = await lstat(folder).catch((error: unknown) => {
        if (systemCode(error) !== "ENOENT") throw error;
      });
      if (found === undefined) await mkdir(folder);
      else if (!found.isDirectory()) throw new NoFolder();
    }
    return join(folder, parts.at(-1) ?? "");
  }

  #count(size: number): void {
    this.#bytes += size;
    if (this.#bytes > bytesMax) throw this.#tooLarge(`more than ${bytesMax} bytes`);
  }

  #tooLarge(what: string): ServiceFailure {
    return new ServiceFailure("workspace_too_large", {
      message: `Cannot copy the workspace ${this.#options.from}: it has ${what}; what was copied lies in ${this.#options.to}`,
    });
  }
}

/** A file whose bytes were not read. */
interface Plain {
  readonly type: "plain";
  readonly size: number;
  readonly mode: number;
}

class NoFolder extends Error {}

async function stateOf(path: string): Promise<FileState | Plain | undefined> {
  const found = await lstat(path);
  const mode = found.mode & 0o777;
  if (found.isFile()) return { type: "plain", size: found.size, mode };
  if (found.isDirectory()) return { type: "directory", mode };
  return found.isSymbolicLink() ? { type: "symlink", target: await readlink(path) } : undefined;
}

async function digested(path: string, { mode }: Plain): Promise<FileState> {
  const bytes = await readFile(path);
  return { type: "file", digest: digestOf(bytes), size: bytes.length, mode };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("base64url")}`;
}

function isSame(left: FileState | null, right: FileState | null): boolean {
  if (left === null || right === null) return left === right;
  if (left.type === "symlink") return right.type === "symlink" && left.target === right.target;
  if (right.type === "symlink" || left.type !== right.type || left.mode !== right.mode) return false;
  return left.type === "directory" || (right.type === "file" && left.digest === right.digest);
}
