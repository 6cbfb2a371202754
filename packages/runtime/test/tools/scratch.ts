/** A temporary folder that holds tools and trees for one test, removed after it. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { discardLayer } from "../../src/sandbox/layer.ts";

/** A folder for one test. */
export interface Scratch {
  readonly path: string;
  /** Writes a file below it, with its folders. @returns its absolute path */
  write(path: string, content: string | Uint8Array, mode?: number): string;
  remove(): void;
}

/** @returns a new empty folder that a guest with another uid may enter */
export function makeScratch(): Scratch {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "toka-runtime-")));
  return {
    path,
    write: (below, content, mode = 0o644) => {
      const file = join(path, below);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode });
      return file;
    },
    // A layer holds folders that their owner must first be let into.
    remove: () => discardLayer(path),
  };
}

/** The text of a manifest; `changes` replace whole parts of it. */
export function manifestText(
  changes: {
    readonly [Part in "metadata" | "executable" | "rest" | "parameters" | "security" | "extra"]?: string;
  } = {},
): string {
  return [
    `metadata: ${changes.metadata ?? "{ name: word-count, version: 1.0.0, category: analysis, description: Counts words }"}`,
    "spec:",
    `  executable: ${changes.executable ?? "{ type: shell, path: program.sh }"}`,
    changes.rest ?? "  side_effect: read_only\n  capabilities: { required: [filesystem-read] }",
    `  security: ${changes.security ?? "{ level: basic }"}`,
    `  parameters: ${changes.parameters ?? "[{ name: root, type: path, access: read, description: Folder, required: true }]"}`,
    changes.extra ?? "",
  ].join("\n");
}
