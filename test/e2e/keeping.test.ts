/** Keeping a vault as a person types it: backed up while it is served and written, verified when the vault is gone. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createScene, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

async function toka(...args: readonly string[]): Promise<string> {
  const ended = await scene.toka(args);
  expect(ended.code, `toka ${args.join(" ")}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended.stdout;
}

test("toka backup keeps a served vault, adds what came, and is verified when the vault is gone", async () => {
  await toka("exec", "--", "true");
  writeFileSync(join(scene.workspace, "vault.key"), await toka("checkpoint", "--key"));
  expect(await toka("store", "check")).toContain("note  backup: none was made");
  const inside = await scene.toka(["backup", "--to", ".toka/kept"]);
  expect(inside).toMatchObject({ code: 1, stderr: expect.stringContaining("it lies in the vault itself") });
  const never = await scene.toka(["serve", "--backup-every", "1h"]);
  expect(never).toMatchObject({ code: 2, stderr: expect.stringContaining("--backup where to") });
  const server = scene.start(["serve", "--backup", "scheduled", "--backup-every", "1h"]);
  await server.says("entries in");
  expect(await toka("backup", "--to", "kept")).toMatch(
    /^kept (\d+) entries in kept: \1 new, with [1-9]\d* payloads, 0\.0 MiB\n$/u,
  );
  const writing = Promise.all(Array.from({ length: 4 }, async () => toka("exec", "--", "true")));
  for (let round = 0; round < 3; round += 1) await toka("backup", "--to", "kept");
  await writing;
  const report = JSON.parse(await toka("backup", "--to", "kept", "--json")) as { size: number };
  expect(readdirSync(join(scene.workspace, "kept")).filter((name) => name.endsWith(".gz")).length).toBeGreaterThan(1);
  expect(await toka("store", "check")).toContain(`ok    backup: ${report.size} entries to ${scene.workspace}/kept`);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0 });
  rmSync(scene.vault, { recursive: true });
  expect(await toka("verify", "scheduled", "--key", "vault.key")).toContain("verify: OK, backup");
  expect(await toka("verify", "kept", "--key", "vault.key")).toMatch(
    /^verify: OK, backup, re-decided \d+,(?: attested \d+,)? payloads whole [1-9]\d*, absent 0\nlog: .* signed with the key given\n/u,
  );
});
