/** The state digest against its definition written out plainly, and against the order in which entities come. */
import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StateDigest } from "../src/state-digest.ts";

const sha = (...parts: (string | Uint8Array)[]): Buffer =>
  hash("sha256", Buffer.concat(parts.map((part) => Buffer.from(part))), "buffer");

/** docs/format.md, section "State digest". */
function byDefinition(entities: ReadonlyMap<string, string>): Buffer {
  const buckets = Array.from({ length: 256 }, (_, bucket) => {
    const keys = [...entities.keys()].filter((key) => sha(key)[0] === bucket).toSorted();
    if (keys.length === 0) return Buffer.alloc(32);
    return sha("\u0001", ...keys.map((key) => sha("\0", key, "\0", entities.get(key) ?? "")));
  });
  return sha("\u0002", ...buckets);
}

const key = fc.stringMatching(/^[a-z]{1,3}\/[a-z]+-[0-9]{1,2}-0$/);
const changes = fc.array(fc.tuple(key, fc.option(fc.string(), { nil: undefined })), { maxLength: 60 });

describe("state digest", () => {
  test("is that of the definition after any changes, however they are cut into steps", () => {
    fc.assert(
      fc.property(changes, fc.nat(7), (steps, every) => {
        const entities = new Map<string, string>();
        const digest = new StateDigest();
        for (const [index, [name, encoding]] of steps.entries()) {
          if (encoding === undefined) entities.delete(name);
          else entities.set(name, encoding);
          digest.set(name, encoding);
          if (index % (every + 1) === 0) digest.root();
        }
        expect(digest.root().equals(byDefinition(entities))).toBe(true);
      }),
    );
  });

  test("differs when one entity's encoding moves into its key", () => {
    const [left, right] = [new StateDigest(), new StateDigest()];
    left.set("agents/a", "b");
    right.set("agents/ab", "");
    expect(left.root().equals(right.root())).toBe(false);
  });
});
