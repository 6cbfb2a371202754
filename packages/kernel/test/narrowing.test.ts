/** The very bounds of delegation: a millisecond, a step of depth, a permission, on this side and on the other. */
import { describe, expect, test } from "vitest";
import { isInForce } from "../src/authority/authorises.ts";
import { isCovered, overlaps } from "../src/authority/covers.ts";
import { narrowing } from "../src/authority/narrowing.ts";
import { authorises, genesisIds, grantIsLive, type GrantId, type Permission } from "../src/index.ts";
import type { Grant } from "../src/state/entities.ts";
import { standsBelow } from "../src/authority/stands-below.ts";
import { furnished } from "./furnished.ts";

const above: Grant = {
  id: genesisIds.rootGrant,
  holder: genesisIds.root,
  parent: null,
  permissions: ["fs.read:/a/**", "tool.call:file-*"],
  expiresAtMs: 2_000,
  depthLeft: 1,
};
const fits = { permissions: ["fs.read:/a/b"] as const, expiresAtMs: 2_000, timeMs: 1_000 };

type Wanted = Parameters<typeof narrowing>[1];

describe("a grant below another", () => {
  const rows: readonly (readonly [string, Partial<Grant>, Partial<Wanted>, string | undefined])[] = [
    ["narrows in everything", {}, {}, undefined],
    ["has all that the one above has", {}, { permissions: above.permissions }, undefined],
    ["has nothing", {}, { permissions: [] }, undefined],
    ["has one permission beyond", {}, { permissions: ["fs.read:/a/b", "fs.read:/b"] }, "authority_exceeds_parent"],
    ["ends when the one above does", {}, { expiresAtMs: 2_000 }, undefined],
    ["ends a millisecond later", {}, { expiresAtMs: 2_001 }, "expiry_exceeds_parent"],
    ["never ends, and the one above does", {}, { expiresAtMs: null }, "expiry_exceeds_parent"],
    ["never ends, and nor does the one above", { expiresAtMs: null }, { expiresAtMs: null }, undefined],
    ["ends, and the one above never does", { expiresAtMs: null }, { expiresAtMs: 9_000 }, undefined],
    ["ends a millisecond from now", {}, { expiresAtMs: 1_001 }, undefined],
    ["ends now", {}, { expiresAtMs: 1_000 }, "expiry_passed"],
    ["ended a millisecond ago", {}, { expiresAtMs: 999 }, "expiry_passed"],
    ["is the last that may be made", { depthLeft: 1 }, {}, undefined],
    ["is one too many", { depthLeft: 0 }, {}, "delegation_too_deep"],
    ["breaks all", { depthLeft: 0 }, { permissions: ["fs.write:/"], expiresAtMs: 1 }, "authority_exceeds_parent"],
    ["is late and too deep", { depthLeft: 0 }, { expiresAtMs: 1 }, "expiry_passed"],
    ["outlives and is too deep", { depthLeft: 0 }, { expiresAtMs: 2_001 }, "expiry_exceeds_parent"],
  ];
  test.each(rows)("is judged when it %s", (_name, parent, wanted, code) => {
    expect(narrowing({ ...above, ...parent }, { ...fits, ...wanted })?.code).toBe(code);
  });

  test("is told what goes beyond, until when it could last, how late it is and what depth is left", () => {
    const told = (parent: Partial<Grant>, wanted: Partial<Wanted>): unknown =>
      narrowing({ ...above, ...parent }, { ...fits, ...wanted });
    expect(told({}, { permissions: ["fs.read:/c", "fs.read:/a", "fs.read:/b"] })).toEqual({
      code: "authority_exceeds_parent",
      excess: ["fs.read:/c", "fs.read:/b"],
    });
    expect(told({}, { expiresAtMs: 1_000 })).toEqual({ code: "expiry_passed", nowMs: 1_000 });
    expect(told({}, { expiresAtMs: null })).toEqual({ code: "expiry_exceeds_parent", latestMs: 2_000 });
    expect(told({ depthLeft: 0 }, {})).toEqual({ code: "delegation_too_deep", depthLeft: 0 });
  });
});

describe("a grant", () => {
  test.each([
    [null, 9_999, true],
    [2_000, 1_999, true],
    [2_000, 2_000, false],
    [2_000, 2_001, false],
  ])("that ends at %j is at %d in force: %j", (expiresAtMs, timeMs, live) => {
    expect(isInForce({ ...above, expiresAtMs }, timeMs)).toBe(live);
  });

  test("that is not there allows nothing, is not in force and stands below nothing but itself", () => {
    const { state } = furnished();
    const nobodys = "grant-999-0" as GrantId;
    const [grant, timeMs] = [genesisIds.rootGrant, 1];
    expect(grantIsLive(state, { grant, timeMs })).toBe(true);
    expect(authorises(state, { grant, permission: "fs.read:/a", timeMs })).toBe(true);
    expect(grantIsLive(state, { grant: nobodys, timeMs })).toBe(false);
    expect(authorises(state, { grant: nobodys, permission: "fs.read:/a", timeMs })).toBe(false);
    expect(standsBelow(state, { grant: nobodys, above: grant })).toBe(false);
    expect(standsBelow(state, { grant: nobodys, above: nobodys })).toBe(true);
    expect(standsBelow(state, { grant, above: null })).toBe(false);
  });
});

describe("permissions", () => {
  const rows: readonly (readonly [Permission, Permission, boolean])[] = [
    ["fs.read:/a/**", "fs.read:/a/b/**", true],
    ["fs.read:/a/b", "fs.read:/a/**", true],
    ["fs.read:/a/**", "fs.read:/b/**", false],
    ["fs.read:/a/**", "fs.write:/a/**", false],
    ["net.connect:*.example.com:443", "net.connect:a.example.com:443", true],
    ["net.connect:*.example.com:443", "net.connect:example.com:443", false],
    ["net.connect:*.example.com:443", "net.connect:a-long-name.example.org:443", false],
    ["net.connect:*.example.com:443", "net.connect:a.example.com:444", false],
  ];
  test.each(rows)("overlap when one covers the other, either way: %s and %s: %j", (one, other, overlap) => {
    expect([overlaps(one, other), overlaps(other, one)]).toEqual([overlap, overlap]);
  });

  test("cover together what any one of them does, and nothing when there is none", () => {
    expect(isCovered(["tool.call:x", "fs.read:/a/**"], "fs.read:/a/b")).toBe(true);
    expect(isCovered(["tool.call:x", "fs.read:/a/**"], "fs.read:/b")).toBe(false);
    expect(isCovered([], "fs.read:/a")).toBe(false);
  });
});
