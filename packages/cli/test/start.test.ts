/** What a command loads before it answers: a count, since the time it takes is a benchmark and depends on the machine. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { askVault, findPlaces } from "@toka/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "toka-start-")));
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const hook = new URL("fixtures/loaded.mjs", import.meta.url).href;
const env = { HOME: folder, TOKA_HOME: join(folder, "home"), PATH: process.env["PATH"] ?? "" };
const workspace = join(folder, "workspace");

const done = Promise.withResolvers<undefined>();
const served = Promise.withResolvers<undefined>();
let serving: Promise<undefined> | undefined;

beforeAll(async () => {
  mkdirSync(workspace);
  serving = askVault(findPlaces({ workspace, env }), {
    purpose: "run",
    clock: Date.now,
    onNote: () => undefined,
    use: async () => {
      served.resolve(undefined);
      return done.promise;
    },
  });
  await Promise.race([served.promise, serving]);
});

afterAll(async () => {
  done.resolve(undefined);
  await serving;
  rmSync(folder, { recursive: true, force: true });
});

async function loadedBy(command: string): Promise<{ readonly modules: readonly string[]; readonly said: string }> {
  const list = join(folder, `loaded-${command.replaceAll(" ", "-")}`);
  const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning", `--import=${hook}`];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, main, ...command.split(" ")], {
    cwd: workspace,
    env: { ...env, TOKA_TEST_LOADED: list },
  });
  return { modules: readFileSync(list, "utf8").trimEnd().split("\n"), said: stdout };
}

/** The packages that modules belong to; Node's own modules have none. */
function packagesOf(modules: readonly string[]): readonly string[] {
  const packages = modules.flatMap(
    (url) => /\/(packages\/[a-z]+|node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(url)?.[1] ?? [],
  );
  return [...new Set(packages)].toSorted();
}

/** Each takes about a third of a millisecond before the first word is answered. */
const modulesMax = 100;

const asking = [
  "status",
  "status --json",
  "state",
  "agent list",
  "task list",
  "session list",
  "grant tree",
  "principal list",
  "budget tree",
  "owed list",
  "approval list",
  "policy list",
  "lease list",
  "family list",
  "message list",
  "observation list",
  "alert list",
  "changes",
  "why 1",
  "tool list",
  "log",
];

describe("a command that is answered over the socket", () => {
  test.for(asking)("loads neither the kernel nor the store nor fetch: %s", async (command) => {
    const { modules, said } = await loadedBy(command);
    if (command === "status") expect(said).toContain(`served by process ${process.pid}`);
    expect(packagesOf(modules)).toEqual(["node_modules/commander", "packages/cli", "packages/service"]);
    expect(modules.filter((name) => name.includes("undici"))).toEqual([]);
    expect(modules.length).toBeLessThan(modulesMax);
  });
});
