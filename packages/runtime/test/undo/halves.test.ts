/** Whatever a program does to a tree is undone byte for byte, and done again by undoing the undo: as root, and as a plain user. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { workCases } from "./cases.ts";

const host = join(import.meta.dirname, "undo-host.ts");
/** A uid that nobody has. */
const plainUid = "61234";
const asPlain = ["setpriv", `--reuid=${plainUid}`, `--regid=${plainUid}`, "--clear-groups"];
const halves =
  process.getuid?.() === 0
    ? [
        { who: "root", through: [] },
        { who: "a plain user", through: asPlain },
      ]
    : [{ who: "a plain user", through: [] }];

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "toka-undo-"));
  // The plain half makes its folders in it.
  chmodSync(temporary, 0o777);
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

test.each(halves)("undo of $who restores every kind of change, both ways", ({ through }) => {
  const node = [process.execPath, "--conditions=toka-source", "--disable-warning=ExperimentalWarning", host];
  const [program = "", ...args] = [...through, ...node];
  const env = { PATH: process.env["PATH"] ?? "", TMPDIR: temporary, HOME: temporary };
  const ended = spawnSync(program, args, { encoding: "utf8", env });
  expect(ended.stderr).toBe("");
  // One case changes nothing in the end.
  expect(JSON.parse(ended.stdout)).toEqual({ undone: workCases.length - 1, wrong: [] });
});
