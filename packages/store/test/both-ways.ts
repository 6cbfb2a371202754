/** Verification every way: in one pass, split in two as two threads do it, and by halves. They must say the same, whatever is found. */
import { expect } from "vitest";
import { readKnownVaults } from "../src/known-vaults.ts";
import { vaultFiles } from "../src/vault-files.ts";
import { Feed, newFeed } from "../src/verify/feed.ts";
import { loadFamilyEngine } from "../src/families/load-engine.ts";
import { verifyHalf, type Standing } from "../src/verify/half.ts";
import { halvesOf, meet, together } from "../src/verify/halves.ts";
import { joined, verifyDeciding, verifyHere, verifyReading } from "../src/verify/verify.ts";
import type { VerifyOptions, VerifyReport } from "../src/verify/verify.ts";

/** Any log can be parted. */
export const always = { entriesMin: 1, partMax: 1 };

/** Halves cost as much again: of what is verified in a suite every so many is. */
const byHalvesEvery = 5;
let verified = 0;

/** Verifies a vault in one pass and in two, one after the other on this thread: at most a thousand entries are on the way. */
export async function verifyBothWays(options: VerifyOptions): Promise<VerifyReport> {
  const report = await verifyHere(options);
  const { feed, mouth } = newFeed();
  try {
    const payloads = await verifyReading(options, new Feed(feed));
    expect(joined({ payloads, entries: await verifyDeciding(options, mouth) })).toEqual(report);
  } finally {
    feed.port.close();
  }
  verified += 1;
  if (verified % byHalvesEvery === 0) {
    const halves = await verifyByHalves(options);
    // Halves say nothing but that all is well, and that only when it is.
    if (!report.ok || halves !== undefined) expect(halves).toEqual(report.ok ? report : undefined);
  }
  return report;
}

/** Verifies a vault by halves, one after the other on this thread. */
export async function verifyByHalves({ dir, knownVaults }: VerifyOptions): Promise<VerifyReport | undefined> {
  const known = knownVaults === null ? [] : await readKnownVaults(knownVaults);
  const halves = await halvesOf(vaultFiles(dir), always);
  if (halves === undefined) return undefined;
  const stop = new SharedArrayBuffer(4);
  const engine = await loadFamilyEngine();
  const first = verifyHalf({ dir, known, stretch: halves.first, state: undefined, stop, engine }, () => undefined);
  const begun: Standing[] = [];
  if (first === undefined) return undefined;
  try {
    const half = { dir, known, stretch: halves.second, state: halves.state, stop, engine };
    const second = verifyHalf(half, (standing) => begun.push(standing));
    if (second === undefined || begun[0] === undefined || !meet(first.standing, begun[0])) return undefined;
    return together(first, second);
  } catch {
    // A kept state that is none, or one on which nothing can be decided.
    return undefined;
  }
}
