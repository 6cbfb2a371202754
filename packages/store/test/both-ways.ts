/** Verification both ways: in one pass, and split in two as two threads do it. They must say the same, whatever is found. */
import { expect } from "vitest";
import { Feed, newFeed } from "../src/verify/feed.ts";
import { joined, verifyDeciding, verifyHere, verifyReading } from "../src/verify/verify.ts";
import type { VerifyOptions, VerifyReport } from "../src/verify/verify.ts";

/** Verifies a vault in one pass and in two, one after the other on this thread: at most a thousand entries are on the way. */
export async function verifyBothWays(options: VerifyOptions): Promise<VerifyReport> {
  const report = await verifyHere(options);
  const { feed, mouth } = newFeed();
  try {
    const payloads = await verifyReading(options, new Feed(feed));
    expect(joined({ payloads, entries: verifyDeciding(options, mouth) })).toEqual(report);
  } finally {
    feed.port.close();
  }
  return report;
}
