/** A host of its own that boxes `sleep MARKER` in a folder, with another bubblewrap or launcher where one is named; to be killed from outside. */
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { testLimits } from "./world.ts";

const [, , folder = "", marker = "", bubblewrap = "", launcher = ""] = process.argv;
const sandbox = createSandbox({
  places: {
    ...(bubblewrap !== "" && { bubblewrap: [bubblewrap] }),
    ...(launcher !== "" && { launcher }),
  },
});
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
