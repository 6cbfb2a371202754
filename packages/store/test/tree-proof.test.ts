/** Proofs over the tree: against the published vectors of Certificate Transparency, against the definition, and against forgeries. */
import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  nodeHash,
  rootFromInclusion,
  splitOf,
} from "../src/proof/tree-proof.ts";

// Source: https://github.com/transparency-dev/merkle, proof/verify_test.go (Apache 2.0): leaves, roots and proofs.
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const inclusions = [
  { leaf: 1, size: 1, path: [] },
  {
    leaf: 1,
    size: 8,
    path: [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  },
  {
    leaf: 6,
    size: 8,
    path: [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
  { leaf: 3, size: 3, path: ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"] },
  {
    leaf: 2,
    size: 5,
    path: [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  },
];
const consistencies = [
  { from: 1, to: 1, path: [] },
  {
    from: 1,
    to: 8,
    path: [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  },
  {
    from: 6,
    to: 8,
    path: [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
  {
    from: 2,
    to: 5,
    path: [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  },
  {
    from: 6,
    to: 7,
    path: [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  },
];

function bytes(hex: string | undefined): Buffer {
  return Buffer.from(hex ?? "", "hex");
}

function leafOf(content: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.of(0), content]), "buffer");
}

/** RFC 9162 section 2.1.1, word for word. */
function rootByDefinition(of: readonly Buffer[]): Buffer {
  const [only] = of;
  if (of.length === 1 && only !== undefined) return only;
  const split = splitOf(of.length);
  return nodeHash(rootByDefinition(of.slice(0, split)), rootByDefinition(of.slice(split)));
}

function treeOf(digests: readonly Buffer[]): (begin: number, end: number) => Promise<Buffer> {
  return async (begin, end) => rootByDefinition(digests.slice(begin, end));
}

const published = leaves.map((leaf) => leafOf(bytes(leaf)));
const some = hash("sha256", "something else", "buffer");

function flipped(value: Buffer): Buffer {
  const copy = Buffer.from(value);
  copy[0] = (copy[0] ?? 0) ^ 8;
  return copy;
}

/** Ways to spoil a path. */
function spoilt(path: readonly Buffer[], root: Buffer): readonly (readonly Buffer[])[] {
  return [
    [...path, Buffer.alloc(0)],
    [...path, root],
    [root, ...path],
    [Buffer.alloc(0), ...path],
    ...path.map((_, index) => path.map((part, at) => (at === index ? flipped(part) : part))),
    ...(path.length > 0 ? [path.slice(0, -1), path.slice(1), [some, ...path.slice(1)]] : []),
    ...(path.length > 1 ? [path.toReversed()] : []),
  ];
}

describe("inclusion", () => {
  test.each(inclusions)("is proved as published, leaf $leaf of $size", async ({ leaf, size, path }) => {
    const made = await inclusionPath(leaf - 1, { size, hashOf: treeOf(published) });
    expect(made.map((part) => part.toString("hex"))).toEqual(path);
    const root = rootFromInclusion(published[leaf - 1] ?? some, { index: leaf - 1, size, path: path.map(bytes) });
    expect(root?.toString("hex")).toBe(roots[size - 1]);
  });

  test.each([
    [0, 0],
    [1, 0],
    [1, 1],
    [2, 1],
    [-1, 1],
  ])("of leaf %i in a tree of %i is never proved", (index, size) => {
    expect(rootFromInclusion(some, { index, size, path: [] })).toBeUndefined();
  });

  test("holds for every leaf of a tree of any size, and for no other leaf, size or path", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (size, at) => {
        const index = at % size;
        const digests = Array.from({ length: size }, (_, number) => leafOf(Buffer.from(`leaf ${number}`)));
        const root = rootByDefinition(digests);
        const path = await inclusionPath(index, { size, hashOf: treeOf(digests) });
        const leaf = digests[index] ?? some;
        expect(rootFromInclusion(leaf, { index, size, path })).toEqual(root);
        expect(rootFromInclusion(some, { index, size, path })).not.toEqual(root);
        for (const other of [index - 1, index + 1, index ^ 2])
          expect(rootFromInclusion(leaf, { index: other, size, path })).not.toEqual(root);
        for (const wrong of spoilt(path, root))
          expect(rootFromInclusion(leaf, { index, size, path: wrong })).not.toEqual(root);
      }),
      { numRuns: 60 },
    );
  });
});

describe("consistency", () => {
  test.each(consistencies)("is proved as published, from $from to $to", async ({ from, to, path }) => {
    const made = await consistencyPath(from, { size: to, hashOf: treeOf(published) });
    expect(made.map((part) => part.toString("hex"))).toEqual(path);
    const [rootFrom, rootTo] = [bytes(roots[from - 1]), bytes(roots[to - 1])];
    expect(isConsistent({ from, to, rootFrom, rootTo, path: path.map(bytes) })).toBe(true);
  });

  test.each([
    { name: "of nothing", from: 0, to: 1 },
    { name: "backwards", from: 2, to: 1 },
    { name: "without a path", from: 1, to: 2 },
  ])("$name is never proved", ({ from, to }) => {
    expect(isConsistent({ from, to, rootFrom: some, rootTo: some, path: [] })).toBe(false);
  });

  test("holds between any two sizes, and for no other sizes, roots or path", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (to, at) => {
        const from = 1 + (at % to);
        const digests = Array.from({ length: to }, (_, number) => leafOf(Buffer.from(`leaf ${number}`)));
        const [rootFrom, rootTo] = [rootByDefinition(digests.slice(0, from)), rootByDefinition(digests)];
        const path = await consistencyPath(from, { size: to, hashOf: treeOf(digests) });
        const proof = { from, to, rootFrom, rootTo, path };
        expect(isConsistent(proof)).toBe(true);
        expect(isConsistent({ ...proof, rootFrom: some })).toBe(false);
        expect(isConsistent({ ...proof, rootTo: some })).toBe(false);
        for (const wrong of spoilt(path, rootFrom)) expect(isConsistent({ ...proof, path: wrong })).toBe(false);
        if (from === to) return;
        expect(isConsistent({ ...proof, rootFrom: rootTo, rootTo: rootFrom })).toBe(false);
        expect(isConsistent({ ...proof, from: from - 1 })).toBe(false);
        expect(isConsistent({ ...proof, to: to * 2 })).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
