/** Amounts in words. */
import { describe, expect, test } from "vitest";

import { amountsFrom } from "../src/amounts-from.ts";

describe("amounts", () => {
  test.each([
    [{}, {}],
    [
      { cpu: "90s", wall: "2h" },
      { cpuMs: 90_000, wallMs: 7_200_000 },
    ],
    [
      { memory: "512MB", disk: "1GB" },
      { memoryBytes: 536_870_912, storedBytes: 1_073_741_824 },
    ],
    [{ toolCalls: "20", tokens: "0" }, { toolCalls: 20 }],
    [{ money: "2.5" }, { moneyMicro: 2_500_000 }],
    [{ money: "0.000001" }, { moneyMicro: 1 }],
    [{ money: "1.1" }, { moneyMicro: 1_100_000 }],
  ])("are read when given as %j", (words, amounts) => {
    expect(amountsFrom(words)).toEqual({ amounts });
  });

  test.each([
    [{ cpu: "90" }, "found 90, wanted a span"],
    [{ memory: "1TB" }, "found 1TB, wanted a size"],
    [{ toolCalls: "-1" }, "found -1, wanted a whole number"],
    [{ toolCalls: "1e3" }, "found 1e3, wanted a whole number"],
    [{ money: "1.0000001" }, "found 1.0000001, wanted an amount"],
    [{ money: ".5" }, "found .5, wanted an amount"],
  ])("are a problem in words when given as %j", (words, problem) => {
    expect(amountsFrom(words)).toEqual({ problem: expect.stringContaining(problem) as string });
  });
});
