/** Checkpoints and proofs as a person types them: made by one process, checked by another that has the file alone. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createScene, type Scene } from "./harness/scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = createScene();
});
afterEach(async () => scene.close());

const at = (name: string): string => join(scene.workspace, name);

async function toka(...args: readonly string[]): Promise<string> {
  const ended = await scene.toka(args);
  expect(ended.code, `toka ${args.join(" ")}: ${ended.stderr}${ended.stdout}`).toBe(0);
  return ended.stdout;
}

test("toka checkpoint and prove give what toka verify takes when the vault is gone, served or not", async () => {
  await toka("exec", "--", "true");
  await toka("checkpoint", "--out", "head.note", "--witness", "file:kept.note");
  expect(readFileSync(at("kept.note"), "utf8")).toBe(readFileSync(at("head.note"), "utf8"));
  writeFileSync(at("vault.key"), await toka("checkpoint", "--key"));
  const server = scene.start(["serve"]);
  await server.says("until Ctrl-C");
  await toka("exec", "--", "true");
  const head = JSON.parse(await toka("checkpoint", "--json")) as { size: number; note: string; key: string };
  expect(head.key).toBe(readFileSync(at("vault.key"), "utf8").trim());
  const older = Number(readFileSync(at("head.note"), "utf8").split("\n")[1]);
  expect(head.size).toBeGreaterThan(older);
  await toka("prove", "3", "--from", String(older), "--out", "entry.proof");
  await toka("prove", "--from", String(older), "--out", "grown.proof");
  await toka("export", "--out", "log.export");
  await toka("export", "--to", "2", "--redact", "--out", "two.export");
  const nobody = await scene.toka(["export", "--agent", "nobody", "--out", "none.export"]);
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("asked for") });
  expect(existsSync(at("none.export"))).toBe(false);
  const lost = await scene.toka(["checkpoint", "--witness", "file:absent/kept.note"]);
  expect(lost).toMatchObject({ code: 1, stdout: expect.stringContaining("toka/vault-") });
  expect(lost.stderr).toContain("Cannot hand the checkpoint to file:absent/kept.note: ENOENT");
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0 });
  rmSync(scene.vault, { recursive: true });
  expect(await toka("verify", "entry.proof", "--key", "vault.key", "--checkpoint", "head.note")).toMatch(
    /^verify: OK, inclusion, included 1\nlog: .* signed with the key given\ncontinues: the checkpoint given, of \d+ entries\nunproved: that the entry was decided rightly/u,
  );
  expect(await toka("verify", "grown.proof", "--checkpoint", "kept.note")).toMatch(/^verify: OK, consistency\n/u);
  expect(await toka("verify", "log.export", "--checkpoint", "head.note", "--each")).toMatch(
    /^1 re-decided\n2 re-decided\n(?:\d+ .*\n)+verify: OK, export, re-decided \d+, payloads whole [1-9]\d*, absent 0\n/u,
  );
  expect(await scene.toka(["verify", "none.export"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no such file"),
  });
  expect(await toka("verify", "two.export", "--key", "vault.key")).toContain("entries that are left out");
  const cut = readFileSync(at("log.export"), "utf8").split("\n").slice(0, -2).join("\n");
  writeFileSync(at("cut.export"), cut);
  expect(await scene.toka(["verify", "cut.export"])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("is cut"),
  });
  expect(await toka("verify", "grown.proof")).toContain("unproved: whose log this is");
  expect(await toka("verify", "head.note", "--key", head.key)).toContain("OK, checkpoint");
  writeFileSync(at("forged.proof"), readFileSync(at("entry.proof"), "utf8").replace('"index":2', '"index":3'));
  const forged = await scene.toka(["verify", "forged.proof", "--key", "vault.key"]);
  expect(forged.code).toBe(1);
  expect(forged.stdout).toContain("verify: BAD at forged.proof:1: its entry says position 3, and its index makes it 4");
  expect(await scene.toka(["verify", "--key", "vault.key"])).toMatchObject({ code: 2 });
  expect(await scene.toka(["prove"])).toMatchObject({ code: 2 });
});
