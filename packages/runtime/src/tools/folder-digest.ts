/**
 * The digest of a tool: over every file of its folder, so that a changed program, manifest or neighbour file is another tool and must
 * be registered before it runs.
 */
import { createHash, hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@toka/kernel";
import { RuntimeFailure } from "../failure.ts";

/** Files of one tool; a tool is a program, not a tree of dependencies. */
const filesMax = 512;
/** Bytes of one tool's files together; they are read again before each run. */
const bytesMax = 67_108_864;
/** Separates this digest from others made with the same function over other things. */
const domain = "toka-tool-1\n";

/**
 * Digests a tool's folder: relative path, whether it is executable, and content of each file, in the order of the paths' bytes.
 * @param folder - absolute
 * @returns `sha256:` and 43 characters of base64url
 * @throws RuntimeFailure `tool_unreadable` when the folder holds anything but files and folders, too much, or what cannot be read
 */
export function digestFolder(folder: string): Digest {
  const files = listFiles(folder);
  const total = createHash("sha256").update(domain);
  let bytes = 0;
  for (const file of files) {
    bytes += file.size;
    if (bytes > bytesMax) throw unreadable(folder, `its files have more than ${bytesMax} bytes`);
    const content = hash("sha256", readFileSync(join(folder, file.path)), "base64url");
    total.update(`${JSON.stringify(file.path)} ${file.executable ? "x" : "-"} ${content}\n`);
  }
  return `sha256:${total.digest("base64url")}`;
}

interface ToolFile {
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
}

function listFiles(folder: string): readonly ToolFile[] {
  const files: ToolFile[] = [];
  const waiting: string[] = [""];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const name of readdirSync(join(folder, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(folder, path));
      if (stat.isDirectory()) waiting.push(path);
      // A link could lead out of the folder, and what it leads to could change without the folder changing.
      else if (!stat.isFile()) throw unreadable(folder, `${path} is neither a file nor a folder`);
      else files.push({ path, executable: (stat.mode & 0o111) !== 0, size: stat.size });
      if (files.length + waiting.length > filesMax)
        throw unreadable(folder, `it holds more than ${filesMax} files and folders`);
    }
  }
  return files.toSorted((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)));
}

function unreadable(folder: string, state: string): RuntimeFailure {
  return new RuntimeFailure(`Cannot use the tool in ${folder}: ${state}`, { code: "tool_unreadable", retry: "never" });
}
