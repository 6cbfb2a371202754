/**
 * What is frozen stays: files in a folder `golden/frozen` are what earlier code wrote, and are never written anew.
 *
 * Beside them `SHA256SUMS` lists their digests, in the form of sha256sum. A file is added together with its line; a line is never
 * changed, for then nobody would notice that old logs read otherwise.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "./gate/place.ts";

const sums = "SHA256SUMS";

/** What is wrong with a frozen folder, a line for each file. */
function broken(folder: string): readonly string[] {
  const listed = readFileSync(join(folder, sums), "utf8").split("\n").filter(Boolean);
  const wanted = new Map(listed.map((line) => [line.slice(66), line.slice(0, 64)]));
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1));
  const gone = [...wanted.keys()].filter((path) => !found.includes(path)).map((path) => `${path}: is gone`);
  const other = found.flatMap((path) => {
    if (path === sums) return [];
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, path)))
      .digest("hex");
    if (!wanted.has(path)) return [`${path}: is not listed in ${sums}`];
    return wanted.get(path) === digest ? [] : [`${path}: is not what was frozen`];
  });
  return [...gone, ...other];
}

const folders = readdirSync(join(root, "packages")).flatMap((name) => {
  const golden = join(root, "packages", name, "test/golden");
  const frozen = readdirSync(join(root, "packages", name, "test")).includes("golden") ? readdirSync(golden) : [];
  return frozen.includes("frozen") ? [join(golden, "frozen")] : [];
});

test("there are frozen files of kernel and store", () => {
  expect(folders.map((path) => path.split("/").at(-4))).toEqual(["kernel", "store"]);
});

test.each(folders)("frozen files are as they were frozen: %s", (folder) => {
  expect(broken(folder)).toEqual([]);
});

describe("a frozen file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "toka-frozen-"));
    mkdirSync(join(folder, "vault"));
    writeFileSync(join(folder, "vault/log"), "as it was");
    writeFileSync(join(folder, sums), `${createHash("sha256").update("as it was").digest("hex")}  vault/log\n`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("is all right when it is what was listed", () => {
    expect(broken(folder)).toEqual([]);
  });

  test("shows when it is written anew, deleted or added without a line", () => {
    writeFileSync(join(folder, "vault/log"), "as it is");
    expect(broken(folder)).toEqual(["vault/log: is not what was frozen"]);
    rmSync(join(folder, "vault/log"));
    writeFileSync(join(folder, "vault/more"), "");
    expect(broken(folder)).toEqual(["vault/log: is gone", "vault/more: is not listed in SHA256SUMS"]);
  });
});
