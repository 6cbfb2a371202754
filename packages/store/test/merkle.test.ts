/** The tree against the published vectors of Certificate Transparency, and against the recursive definition. */
import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOfDigest, digestText, leafDigest, zeroDigest } from "../src/digest.ts";
import { CompactRange } from "../src/merkle.ts";

// Source: the reference vectors of RFC 6962 implementations (google/certificate-transparency, merkle tree tests).
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

function leafOf(hex: string): string {
  return digestText(hash("sha256", Buffer.concat([Buffer.of(0), Buffer.from(hex, "hex")]), "buffer"));
}

/** RFC 9162 section 2.1.1, word for word: split at the largest power of two below n. */
function rootByDefinition(digests: readonly Buffer[]): Buffer {
  const [only] = digests;
  if (digests.length === 1 && only !== undefined) return only;
  let split = 1;
  while (split * 2 < digests.length) split *= 2;
  return hash(
    "sha256",
    Buffer.concat([Buffer.of(1), rootByDefinition(digests.slice(0, split)), rootByDefinition(digests.slice(split))]),
    "buffer",
  );
}

describe("compact range", () => {
  test("has the published root at every size of the published leaves", () => {
    const tree = new CompactRange();
    expect(tree.root().toString("hex")).toBe(roots[0]);
    for (const [index, leaf] of leaves.entries()) {
      tree.append(leafOf(leaf));
      expect(tree.root().toString("hex")).toBe(roots[index + 1]);
    }
  });

  test("has the root of the recursive definition, also when resumed from its peaks at any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(200), (size, at) => {
        const digests = Array.from({ length: size }, (_, index) => leafDigest(`leaf ${index}`));
        let tree = new CompactRange();
        for (const [index, digest] of digests.entries()) {
          if (index === at % size) tree = new CompactRange({ size: tree.size, peaks: tree.peaks });
          tree.append(digest);
        }
        const wanted = rootByDefinition(digests.map((digest) => Buffer.from(digest.slice(7), "base64url")));
        expect(tree.root().equals(wanted)).toBe(true);
      }),
    );
  });

  test.each([
    ["peaks are missing", 3, 1],
    ["there are too many peaks", 4, 2],
  ])("cannot be resumed when %s", (_, size, count) => {
    expect(() => new CompactRange({ size, peaks: Array.from({ length: count }, () => Buffer.alloc(32)) })).toThrow(
      /Cannot resume a tree/,
    );
  });

  test("refuses a leaf that is no digest", () => {
    expect(() => new CompactRange().append("sha256:AAAA")).toThrow(/Cannot append a leaf/);
  });

  test("a digest is read in its canonical form only", () => {
    expect(bytesOfDigest(zeroDigest)).toEqual(Buffer.alloc(32));
    for (const text of ["", "sha256:AAAA", `sha256:${"A".repeat(42)}B`, zeroDigest.slice(7)])
      expect(() => bytesOfDigest(text)).toThrow(/Cannot read a digest/);
  });
});
