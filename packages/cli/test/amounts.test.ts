import { describe, expect, test } from "vitest";

import { showAmounts, showBar, showBytes, showSpan } from "../src/output/amounts.ts";

describe("showBytes", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [12.5 * 1024 * 1024, "12.5 MiB"],
    [5 * 1024 ** 5, "5120.0 TiB"],
  ])("shows %d bytes as %s", (bytes, wanted) => {
    expect(showBytes(bytes)).toBe(wanted);
  });
});

describe("showSpan", () => {
  test.each([
    [840, "840 ms"],
    [12_400, "12.4 s"],
    [200_000, "3 min 20 s"],
    [5_400_000, "1.5 h"],
    [315_360_000_000, "3650 days"],
  ])("shows %d ms as %s", (ms, wanted) => {
    expect(showSpan(ms)).toBe(wanted);
  });
});

describe("showAmounts", () => {
  test("leaves out what is absent or zero", () => {
    expect(showAmounts({ toolCalls: 1, cpuMs: 840, tokens: 0 })).toBe("840 ms CPU, 1 tool call");
    expect(showAmounts({})).toBe("nothing");
  });
});

describe("showBar", () => {
  test.each([
    [0, "[....]"],
    [0.01, "[#...]"],
    [0.5, "[##..]"],
    [1, "[####]"],
    [7, "[####]"],
    [-1, "[....]"],
  ])("shows a share of %d as %s", (share, wanted) => {
    expect(showBar(share, 4)).toBe(wanted);
  });
});
