/** A host of its own that boxes `sleep MARKER` in a folder, to be killed from outside. */
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { testLimits } from "./world.ts";

const [, , folder = "", marker = ""] = process.argv;
const sandbox = createSandbox();
await sandbox.run({
  argv: ["sleep", marker],
  cwd: folder,
  env: {},
  stdin: new Uint8Array(),
  readPaths: [folder],
  writePaths: [],
  hiddenPaths: [],
  runtimes: [],
  layer: "/nonexistent",
  limits: { ...testLimits, wallMs: 600_000 },
});
