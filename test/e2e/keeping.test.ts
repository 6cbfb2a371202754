/** Keeping a vault as a person types it: backed up while it is served and written, verified and restored when it is gone. */
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

test("toka backup keeps a served vault, adds what came, and what was kept is restored when the vault is gone", async () => {
  const server = scene.start(["serve", "--backup", "scheduled", "--backup-every", "1h"]);
  await server.says("entries in");
  writeFileSync(join(scene.workspace, "vault.key"), await toka("checkpoint", "--key"));
  const writing = Promise.all([toka("exec", "--", "true"), toka("exec", "--", "true")]);
  expect(await toka("backup", "--to", "kept")).toMatch(
    /^kept (\d+) entries in kept: \1 new, with \d+ payloads, [0-9.]+ KiB\n$/u,
  );
  await writing;
  // Whichever of those the first backup met, this comes after it.
  await toka("exec", "--", "true");
  const report = JSON.parse(await toka("backup", "--to", "kept", "--json")) as { size: number };
  expect(readdirSync(join(scene.workspace, "kept")).filter((name) => name.endsWith(".gz"))).toHaveLength(2);
  expect(await toka("store", "check")).toContain(`ok    backup: ${report.size} entries to ${scene.workspace}/kept`);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0 });
  rmSync(scene.vault, { recursive: true });
  expect(await toka("verify", "kept", "--key", "vault.key")).toMatch(
    /^verify: OK, backup, re-decided \d+,(?: attested \d+,)? payloads whole [1-9]\d*, absent 0.*\nlog: .* signed with the key given\n/u,
  );
  expect(await toka("restore", "kept", "--into", ".toka", "--key", "vault.key")).toMatch(
    /^restored (\d+) entries of vault-.*, up to .*, into \.toka\nit is vault-.*, and held: .*\n$/u,
  );
  expect((await scene.toka(["exec", "--", "true"])).code).not.toBe(0);
  await toka("resume");
  await toka("exec", "--", "true");
  expect(await toka("verify")).toContain("verify: OK");
  const beyond = await scene.toka(["restore", "kept", "--into", "then", "--at", "99999", "--json"]);
  expect(beyond).toMatchObject({ code: 1, stdout: expect.stringContaining('"code":"position_beyond"') });
});
