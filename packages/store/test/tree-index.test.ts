/** The file of inner nodes: the same hashes as the definition's, at every kept level, after any cut and whatever lay in it. */
import { hash } from "node:crypto";
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestText } from "../src/digest.ts";
import type { LogRow } from "../src/log.ts";
import { CompactRange } from "../src/merkle.ts";
import { TreeIndex } from "../src/proof/tree-index.ts";
import { inclusionPath, rootFromInclusion } from "../src/proof/tree-proof.ts";

/** Two nodes of the second kept level, and some: what the third would be made of. */
const size = 2 * 65_536 + 300;

const digests = Array.from({ length: size }, (_, index) =>
  digestText(hash("sha256", Buffer.from(`leaf ${index}`), "buffer")),
);
/** What was read, for the cost of a proof. */
const reads = { rows: 0 };
const log = {
  read: async ({ after, limit }: { readonly after: number; readonly limit: number }): Promise<readonly LogRow[]> => {
    const found = digests.slice(after, after + limit);
    reads.rows += found.length;
    return found.map((digest, at) => ({
      ...{ position: after + 1 + at, digest, timeMs: 0, kind: "", principal: "", agent: null, session: null },
      outcome: "accepted",
      bytes: "",
    }));
  },
};

function rootAt(leaves: number): Buffer {
  const tree = new CompactRange();
  for (const digest of digests.slice(0, leaves)) tree.append(digest);
  return tree.root();
}

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-tree-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function opened<T>(path: string, use: (tree: TreeIndex) => Promise<T>): Promise<T> {
  const tree = await TreeIndex.open({ path, log });
  try {
    return await use(tree);
  } finally {
    await tree.close();
  }
}

async function checkPath(tree: TreeIndex, index: number): Promise<void> {
  const path = await inclusionPath(index, { size, hashOf: (begin, end) => tree.hashOf(begin, end) });
  const leaf = Buffer.from((digests[index] ?? "").slice("sha256:".length), "base64url");
  expect(rootFromInclusion(leaf, { index, size, path })).toEqual(rootAt(size));
}

describe("the file of inner nodes", () => {
  test("gives the root and every path of a tree with two kept levels, for a few hundred leaves read", async () => {
    await opened(join(dir, "whole"), async (tree) => {
      await tree.follow(size);
      expect(await tree.hashOf(0, size)).toEqual(rootAt(size));
      reads.rows = 0;
      await checkPath(tree, 70_000);
      expect(reads.rows).toBeLessThan(600);
      for (const index of [0, 255, 256, 65_535, 65_536, 131_071, 131_072, size - 1]) await checkPath(tree, index);
    });
    expect(statSync(join(dir, "whole")).size).toBe((512 + 2 + 1) * 32);
  });

  test("goes on where it stood, also when a write was cut short anywhere", async () => {
    const path = join(dir, "cut");
    await opened(path, (tree) => tree.follow(65_536));
    for (const bytes of [257 * 32 - 1, 256 * 32, 255 * 32 + 7, 31, 0]) {
      truncateSync(path, bytes);
      await opened(path, async (tree) => {
        await tree.follow(65_536 + 512);
        expect(await tree.hashOf(0, 65_536 + 512)).toEqual(rootAt(65_536 + 512));
      });
    }
  });

  test("with other content gives another root, until it is forgotten", async () => {
    const path = join(dir, "garbage");
    writeFileSync(path, Buffer.alloc(400 * 32, 7));
    await opened(path, async (tree) => {
      await tree.follow(size);
      expect(await tree.hashOf(0, size)).not.toEqual(rootAt(size));
      await tree.forget();
      await tree.follow(size);
      expect(await tree.hashOf(0, size)).toEqual(rootAt(size));
    });
  });
});
