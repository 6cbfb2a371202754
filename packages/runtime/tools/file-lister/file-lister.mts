/**
 * file-lister: lists a folder. Arguments {path, recursive, show_hidden, max_entries} as JSON on standard input; prints
 * {path, entries: [{name, path, type, is_directory, size, modified}], recursive, truncated, unreadable}, folders first in each folder.
 *
 * Names are bytes on Linux. One that is no valid UTF-8 is shown with its odd bytes as \xNN, and `lossy` says so.
 */
import { lstatSync, readdirSync, readFileSync, type Stats } from "node:fs";

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly type: "directory" | "file" | "symlink" | "other";
  readonly is_directory: boolean;
  readonly size: number;
  readonly modified: string;
  readonly lossy?: true;
}

interface Call {
  readonly path: string;
  readonly recursive: boolean;
  readonly show_hidden: boolean;
  readonly max_entries: number;
}

const call = JSON.parse(readFileSync(0, "utf8")) as Call;

try {
  process.stdout.write(JSON.stringify(list(call)));
} catch (error) {
  process.stderr.write(`Cannot list ${call.path}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function list({ path, recursive, show_hidden: showHidden, max_entries: entriesMax }: Call): object {
  const entries: Entry[] = [];
  const unreadable: string[] = [];
  const root = Buffer.from(path === "/" ? "" : path);
  // The first folder must be readable; one below it that is not is reported instead.
  const waiting: Buffer[] = [];
  visit(root, readdirSync(path, { encoding: "buffer" }));
  for (let folder = waiting.shift(); folder !== undefined && entries.length < entriesMax; folder = waiting.shift()) {
    try {
      visit(folder, readdirSync(folder, { encoding: "buffer" }));
    } catch {
      unreadable.push(shown(folder).text);
    }
  }
  const truncated = entries.length > entriesMax || waiting.length > 0;
  return { path, entries: entries.slice(0, entriesMax), recursive, truncated, unreadable };

  function visit(folder: Buffer, names: readonly Buffer[]): void {
    const found: { readonly entry: Entry; readonly whole: Buffer }[] = [];
    for (const name of names) {
      if (!showHidden && name[0] === 0x2e) continue;
      const whole = Buffer.concat([folder, Buffer.from("/"), name]);
      try {
        found.push({ entry: describe(name, { whole, stat: lstatSync(whole) }), whole });
      } catch {
        unreadable.push(shown(whole).text);
      }
    }
    found.sort(
      (left, right) =>
        Number(right.entry.is_directory) - Number(left.entry.is_directory) || Buffer.compare(left.whole, right.whole),
    );
    for (const { entry, whole } of found) {
      if (entries.length > entriesMax) return;
      entries.push(entry);
      if (recursive && entry.is_directory) waiting.push(whole);
    }
  }
}

function describe(name: Buffer, { whole, stat }: { readonly whole: Buffer; readonly stat: Stats }): Entry {
  const type = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : stat.isSymbolicLink() ? "symlink" : "other";
  const own = shown(name);
  return {
    name: own.text,
    path: shown(whole).text,
    type,
    is_directory: type === "directory",
    size: stat.size,
    modified: stat.mtime.toISOString(),
    ...(own.lossy ? { lossy: true } : {}),
  };
}

function shown(bytes: Buffer): { readonly text: string; readonly lossy: boolean } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), lossy: false };
  } catch {
    const text = Array.from(bytes, (byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`,
    ).join("");
    return { text, lossy: true };
  }
}
