/** What is checked must be a file with an end. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { checkFile } from "../src/check.ts";

test("a pipe and a device are told apart from files before they are read", async () => {
  const dir = mkdtempSync(join(tmpdir(), "toka-check-"));
  try {
    const pipe = join(dir, "agent.yaml");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero"]) {
      expect(await checkFile(path)).toEqual({
        kind: "agent",
        problems: [`${path}:1:1: Cannot read the file: it is no regular file`],
      });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
