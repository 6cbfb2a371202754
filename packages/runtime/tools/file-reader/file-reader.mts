/** file-reader: prints the text of one file as a JSON string. Arguments {path, max_bytes} as JSON on standard input. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";

const { path, max_bytes: bytesMax } = JSON.parse(readFileSync(0, "utf8")) as {
  readonly path: string;
  readonly max_bytes: number;
};

try {
  process.stdout.write(JSON.stringify(readText()));
} catch (error) {
  process.stderr.write(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function readText(): string {
  // Without waiting: a named pipe in place of the file would otherwise hold the tool until its deadline.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error("it is not a regular file");
    // One byte more than allowed tells a file that is too large, also one whose size grows or is not told (as below /proc).
    const bytes = new Uint8Array(bytesMax + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length > bytesMax) break;
    }
    if (length > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length));
    } catch {
      throw new Error("it is not UTF-8 text");
    }
  } finally {
    closeSync(file);
  }
}
