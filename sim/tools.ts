/** The tools of a simulated vault: real manifests and programs, which nobody starts. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createToolCatalogue, loadTools, prepareRegistrations, type ToolCatalogue } from "@toka/runtime";
import type { Digest } from "@toka/kernel";

/** Where the tools lie, and what the kernel is told of them. */
export interface SimulatedTools {
  readonly catalogue: ToolCatalogue;
  /** Digest of each tool's program, by its name. */
  readonly programs: ReadonlyMap<string, Digest>;
  /** Of this process; whoever made it removes it. */
  readonly dir: string;
}

/** Those that the kernel's generators draw, by the class of their side effects. */
const classes: Readonly<Record<string, string>> = {
  reader: "read_only",
  sender: "external",
  admin: "privileged",
  spare: "idempotent",
};

/**
 * Writes the tools into a folder of their own, and loads them.
 *
 * @returns the tools
 */
export function makeTools(): SimulatedTools {
  const dir = mkdtempSync(join(tmpdir(), "toka-sim-"));
  for (const [name, sideEffect] of Object.entries(classes)) {
    mkdirSync(join(dir, "tools", name), { recursive: true });
    const manifest = [
      `metadata: { name: ${name}, version: 1.0.0, description: A tool }`,
      "spec:",
      "  executable: { type: shell, path: program.sh }",
      `  side_effect: ${sideEffect}`,
      "  security: { level: basic }",
      "  parameters: []",
    ];
    writeFileSync(join(dir, "tools", name, "tool.yaml"), `${manifest.join("\n")}\n`);
    writeFileSync(join(dir, "tools", name, "program.sh"), "exit 0\n");
  }
  const tools = loadTools([join(dir, "tools")]);
  const none = { content: { commitment: "", size: 0 }, salt: new Uint8Array(), bytes: new Uint8Array() };
  const programs = new Map<string, Digest>();
  for (const { operation } of prepareRegistrations(tools, { registered: () => undefined, seal: () => none }))
    if (operation.type === "tool.register") programs.set(operation.name, operation.program);
  return { catalogue: createToolCatalogue(tools), programs, dir };
}
