import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { permissionsFrom } from "../src/permissions.ts";
import { findPlaces } from "../src/places.ts";

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-places-")));
  mkdirSync(join(dir, "real"));
  symlinkSync("real", join(dir, "link"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("findPlaces", () => {
  test("gives one workspace and vault whichever way leads there", () => {
    const straight = findPlaces({ workspace: join(dir, "real"), env: {} });
    expect(straight).toMatchObject({ workspace: join(dir, "real"), vault: join(dir, "real/.toka") });
    const { secretKey: _asked, ...round } = findPlaces({ workspace: join(dir, "link"), env: {} });
    expect(straight).toMatchObject(round);
  });

  test("resolves the part of a vault's path that exists when the rest does not", () => {
    const places = findPlaces({ workspace: dir, vault: join(dir, "link/new/vault"), env: {} });
    expect(places.vault).toBe(join(dir, "real/new/vault"));
  });

  test.each([
    [{ TOKA_HOME: "/t", XDG_CONFIG_HOME: "/x" }, "/t/known-vaults"],
    [{ XDG_CONFIG_HOME: "/x" }, "/x/toka/known-vaults"],
    [{ TOKA_HOME: "t", XDG_CONFIG_HOME: "x" }, join(homedir(), ".config/toka/known-vaults")],
    [{}, join(homedir(), ".config/toka/known-vaults")],
  ])("keeps known vaults where %o says", (env, wanted) => {
    expect(findPlaces({ workspace: dir, env }).knownVaults).toBe(wanted);
  });

  test.each(["missing", "file"])("fails by name when the workspace is %s", (name) => {
    writeFileSync(join(dir, "file"), "");
    expect(() => findPlaces({ workspace: join(dir, name), env: {} })).toThrow(
      `Cannot use the workspace ${join(dir, name)}`,
    );
  });
});

describe("permissionsFrom", () => {
  test("reads a list as it is written", () => {
    expect(permissionsFrom('["fs.read:/srv/data/**", "net.connect:example.com:443"]')).toEqual({
      permissions: ["fs.read:/srv/data/**", "net.connect:example.com:443"],
    });
  });

  test.each([
    ["{", "it is no JSON"],
    ['{"a":1}', "it is no list"],
    ["[7]", "item 1 is 7"],
    ['["fs.read:/a", "fs.read:../b"]', "item 2 is"],
    ['["fly:/a"]', "one of the actions"],
    [JSON.stringify(Array.from({ length: 256 }, () => "fs.read:/a")), "at most 255"],
  ])("names what is wrong with %s", (text, wanted) => {
    const read = permissionsFrom(text);
    expect("problem" in read ? read.problem : "").toContain(wanted);
  });
});
