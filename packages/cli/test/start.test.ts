/** What a command loads before it answers: a count, since the time it takes is a benchmark and depends on the machine. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { askVault, findPlaces } from "@toka/service";
import { afterAll, describe, expect, test } from "vitest";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "toka-start-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const hook = new URL("fixtures/loaded.mjs", import.meta.url).href;
const env = { HOME: folder, TOKA_HOME: join(folder, "home"), PATH: process.env["PATH"] ?? "" };
const workspace = join(folder, "workspace");
mkdirSync(workspace);

async function loadedBy(
  ...command: readonly string[]
): Promise<{ readonly modules: readonly string[]; readonly said: string }> {
  const list = join(folder, `loaded-${command[0] ?? ""}`);
  const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning", `--import=${hook}`];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, main, ...command], {
    cwd: workspace,
    env: { ...env, TOKA_TEST_LOADED: list },
  });
  return { modules: readFileSync(list, "utf8").trimEnd().split("\n"), said: stdout };
}

describe("a command that is answered over the socket", () => {
  test("loads neither the kernel nor the store, and of other people's packages only the reader of command lines", async () => {
    const places = findPlaces({ workspace, env });
    const asked = { purpose: "run", clock: Date.now, onNote: () => undefined } as const;
    await askVault(places, {
      ...asked,
      use: async () => {
        const { modules, said } = await loadedBy("status");
        expect(said).toContain(`served by process ${process.pid}`);
        const packages = modules.flatMap(
          (url) => /\/(packages\/[a-z]+|node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(url)?.[1] ?? [],
        );
        expect([...new Set(packages)].toSorted()).toEqual([
          "node_modules/commander",
          "packages/cli",
          "packages/service",
        ]);
        // Each costs about a third of a millisecond before the first word is answered.
        expect(modules.length).toBeLessThan(90);
      },
    });
  });
});
