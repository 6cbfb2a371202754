/** Changes and undo as a person types them, and an undo whose process is killed in the middle of the apply. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { watch } from "node:fs/promises";
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
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: "" });
  return ended.stdout;
}

test("toka undo takes back what toka changes shows, refuses what was changed since, and is undone itself", async () => {
  writeFileSync(at("notes.md"), "one\ntwo\nthree\n");
  await toka("exec", "--", "sh", "-c", "sed -i s/two/TWO/ notes.md; echo new > fresh; printf '\\000' > bytes");
  const fields = (await toka("changes")).split("\n")[0]?.split("\t") ?? [];
  const effect = fields[2] ?? "";
  expect(fields.slice(2)).toEqual([
    effect,
    "root",
    expect.stringMatching(/^grant-/u),
    "created",
    "bytes",
    "1 bytes",
    "",
  ]);
  const planned = await toka("undo", effect, "--dry-run", "--diff");
  expect(planned).toContain("would undo 3 paths of 1 effect; nothing was touched\n");
  expect(planned).toContain("--- a/notes.md\n+++ b/notes.md\n@@ -1,3 +1,3 @@\n one\n-TWO\n+two\n three\n");
  expect(planned).toContain("a/bytes /dev/null: 1 bytes, mode 644, sha256:");
  expect(planned).not.toContain("\u001b");
  expect(existsSync(at("fresh"))).toBe(true);
  writeFileSync(at("fresh"), "mine\n");
  const refused = await scene.toka(["undo", effect]);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toBe("");
  expect(refused.stderr).toContain(`Cannot undo ${effect}: 1 path in the way, and nothing was touched`);
  expect(refused.stderr).toContain(
    "fresh: changed since by somebody whom the log does not know: it is a file of 5 bytes",
  );
  writeFileSync(at("fresh"), "new\n");
  const done = JSON.parse(await toka("undo", effect, "--json")) as { ok: boolean; effect: string };
  expect(done).toMatchObject({ ok: true, type: "undone", effects: [effect] });
  expect(readFileSync(at("notes.md"), "utf8")).toBe("one\ntwo\nthree\n");
  expect(existsSync(at("fresh"))).toBe(false);
  const twice = await scene.toka(["undo", effect, "--json"]);
  expect(twice.code).toBe(1);
  expect(JSON.parse(twice.stdout)).toMatchObject({ ok: false, type: "stopped", code: "already_undone" });
  expect((await toka("changes", "--path", "*.md")).split("\n")[0]).toContain(`undone by ${done.effect}`);
  await toka("undo", done.effect);
  expect(readFileSync(at("fresh"), "utf8")).toBe("new\n");
  expect(await toka("verify")).toContain("OK");
});

test("toka undo is finished by the next start when its process is killed while it writes", async () => {
  const names = Array.from({ length: 120 }, (_, index) => `file-${index}`);
  for (const name of names) writeFileSync(at(name), `${name} as it was\n`);
  await toka("exec", "--", "sh", "-c", "for name in file-*; do echo changed > $name; done");
  const effect = (await toka("changes", "--json"))
    .split("\n")
    .map((line) => JSON.parse(line || "{}") as { effect: string })[0];
  const restored = (): number =>
    names.filter((name) => readFileSync(at(name), "utf8") === `${name} as it was\n`).length;
  const events = watch(scene.workspace);
  const running = scene.start(["undo", effect?.effect ?? ""]);
  const renamed = new Set<string>();
  for await (const { filename } of events) {
    if (filename?.startsWith("file-") === true) renamed.add(filename);
    if (renamed.size >= 5) break;
  }
  running.kill("SIGKILL");
  expect((await running.ended).signal).toBe("SIGKILL");
  expect(restored()).toBeLessThan(names.length);
  expect(readdirSync(join(scene.vault, "layers"))).toHaveLength(1);
  await toka("exec", "--", "true");
  expect(restored()).toBe(names.length);
  expect(readdirSync(join(scene.vault, "layers"))).toEqual([]);
  expect(readdirSync(scene.workspace).filter((name) => name.startsWith(".toka-apply"))).toEqual([]);
  const again = await scene.toka(["undo", effect?.effect ?? ""]);
  expect(again.stderr).toContain("already");
  expect(await toka("verify")).toContain("OK");
});

test("toka undo makes no vault where there is none", async () => {
  const ended = await scene.toka(["undo", "effect-1-0", "--json"]);
  expect(ended.code).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, failure: { code: "vault_absent" } });
  expect(existsSync(scene.vault)).toBe(false);
});
