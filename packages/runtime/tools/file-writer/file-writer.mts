/** file-writer: writes a text to one file. Arguments {path, content} as JSON on standard input; prints {path, bytes}. */
import { readFileSync, writeFileSync } from "node:fs";

const { path, content } = JSON.parse(readFileSync(0, "utf8")) as { readonly path: string; readonly content: string };

try {
  if (!content.isWellFormed()) throw new Error("the text holds half a character, which UTF-8 cannot write");
  writeFileSync(path, content);
  process.stdout.write(JSON.stringify({ path, bytes: Buffer.byteLength(content) }));
} catch (error) {
  process.stderr.write(`Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
