/** Proofs of a vault, checked as somebody would who has the file alone; and what a forger may try. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leafDigest } from "../src/digest.ts";
import { generateKey, signerOf, signNote } from "../src/note.ts";
import type { ConsistencyDocument, InclusionDocument } from "../src/proof/prover.ts";
import { verifyFile } from "../src/proof/verify-file.ts";
import type { Vault } from "../src/vault.ts";
import { createAt, live, newPlace, prepare } from "./world.ts";

const place = newPlace();
let vault: Vault;
/** Sizes of a checkpoint in the middle, and of the last. */
const sizes = { middle: 0, last: 0 };
const notes = { middle: "", last: "" };

beforeAll(async () => {
  vault = await createAt(place);
  await prepare(vault.machine);
  ({ size: sizes.middle, note: notes.middle } = await vault.checkpoint());
  await live(vault.machine);
  ({ size: sizes.last, note: notes.last } = await vault.checkpoint());
});
afterAll(async () => {
  await vault.close();
  place.clean();
});

function fileOf(content: unknown): string {
  const path = join(place.dir, "proof");
  writeFileSync(path, typeof content === "string" ? content : `${JSON.stringify(content)}\n`);
  return path;
}

async function reasonOf(content: unknown, trusted: { key?: string; checkpoint?: string } = {}): Promise<string> {
  const verdict = await verifyFile({ path: fileOf(content), ...trusted });
  return verdict.firstBad?.reason ?? "it verifies";
}

describe("a proof of inclusion", () => {
  test("of every entry verifies with the key alone, as included and no more", async () => {
    for (let position = 1; position <= sizes.last; position += 1) {
      const path = fileOf(await vault.prover.inclusion(position));
      const verdict = await verifyFile({ path, key: vault.key });
      expect(verdict).toMatchObject({ ok: true, kind: "inclusion", signedBy: "key", size: sizes.last });
      expect(verdict.entries).toEqual({ included: 1, "re-decided": 0, attested: 0, "hash only": 0 });
      expect(verdict.unproved).toHaveLength(1);
    }
  });

  test("without a key says that nobody but the file vouches for it", async () => {
    const verdict = await verifyFile({ path: fileOf(await vault.prover.inclusion(3)) });
    expect(verdict).toMatchObject({ ok: true, signedBy: "file" });
    expect(verdict.unproved.join("\n")).toContain("self-signed");
  });

  test("leads to an older checkpoint when it was made for it, and says so when it was not", async () => {
    const older = { checkpoint: notes.middle };
    const led = await verifyFile({ path: fileOf(await vault.prover.inclusion(5, sizes.middle)), ...older });
    expect(led).toMatchObject({ ok: true, signedBy: "checkpoint", continues: sizes.middle });
    const alone = await verifyFile({ path: fileOf(await vault.prover.inclusion(5)), ...older });
    expect(alone).toMatchObject({ ok: false, signedBy: "checkpoint", continues: null });
    expect(alone.firstBad).toBeUndefined();
    expect(alone.unproved.join("\n")).toContain("toka prove --from");
  });

  test("makes a checkpoint when the last one does not cover the entry", async () => {
    await prepare(vault.machine);
    const { position } = await vault.machine.view((state) => state.head);
    const verdict = await verifyFile({ path: fileOf(await vault.prover.inclusion(position)), key: vault.key });
    expect(verdict).toMatchObject({ ok: true, size: position });
  });

  test("of an entry that is not there is refused", async () => {
    await expect(vault.prover.inclusion(0)).rejects.toMatchObject({ code: "no_such_entry" });
    await expect(vault.prover.inclusion(1_000_000)).rejects.toMatchObject({ code: "no_such_entry" });
    await expect(vault.prover.inclusion(1, 1)).rejects.toMatchObject({ code: "no_such_checkpoint" });
  });

  test("made over a damaged file of inner nodes is made over the log instead", async () => {
    writeFileSync(join(place.vault, "tree"), Buffer.alloc(64, 7));
    expect(await reasonOf(await vault.prover.inclusion(7), { key: vault.key })).toBe("it verifies");
  });
});

describe("a forged proof of inclusion", () => {
  const forgeries: readonly [string, (proof: InclusionDocument) => unknown, RegExp][] = [
    [
      "with another entry",
      (proof) => ({ ...proof, entry: proof.entry.replace("checkpoint", "checkp0int") }),
      /does not give/,
    ],
    [
      "with half a character",
      (proof) => ({ ...proof, entry: proof.entry.replace("checkpoint", "\ud800") }),
      /"entry" is not text/,
    ],
    ["with another index", (proof) => ({ ...proof, index: proof.index + 1 }), /says position/],
    [
      "with another index and position",
      (proof) => ({ ...proof, index: 4, entry: proof.entry.replace('"position":2', '"position":5') }),
      /does not give/,
    ],
    ["without a part of its path", (proof) => ({ ...proof, path: proof.path.slice(1) }), /does not give/],
    ["with a turned path", (proof) => ({ ...proof, path: proof.path.toReversed() }), /does not give/],
    ["with a path of something else", (proof) => ({ ...proof, path: "x" }), /path is no list/],
    ["with a path that is not base64", (proof) => ({ ...proof, path: ["*"] }), /not base64/],
    ["with an endless path", (proof) => ({ ...proof, path: Array(200).fill(proof.path[0]) }), /path is no list/],
    [
      "with a checkpoint of another size",
      (proof) => ({ ...proof, checkpoint: proof.checkpoint.replace(/\n\d+\n/, "\n3\n") }),
      /not signed/,
    ],
    ["without a signature", (proof) => ({ ...proof, checkpoint: proof.checkpoint.split("— ")[0] }), /not signed/],
    ["without a key", ({ key: _, ...proof }) => proof, /"key" is not text/],
    ["with no key", (proof) => ({ ...proof, key: "x" }), /its key is not one/],
    ["of another format", (proof) => ({ ...proof, format: 2 }), /format 2/],
    ["of another kind", (proof) => ({ ...proof, toka: "gift" }), /no file of Toka/],
    ["followed by something", (proof) => `${JSON.stringify(proof)}\n{}\n`, /something follows/],
    ["that is garbage", () => "\u0000garbage", /not JSON/],
    ["that is empty", () => "", /empty/],
    ["that is a list", () => "[]", /not a JSON object/],
  ];

  test.each(forgeries)("%s is bad", async (_, forge, reason) => {
    const proof = await vault.prover.inclusion(2);
    expect(await reasonOf(forge(proof))).toMatch(reason);
  });

  test("signed anew with another key is bad for whoever knows the key or an older checkpoint", async () => {
    const forged = await forgedBy(vault);
    expect(await reasonOf(forged)).toBe("it verifies");
    expect(await reasonOf(forged, { key: vault.key })).toMatch(/another key/);
    expect(await reasonOf(forged, { checkpoint: notes.middle })).toMatch(/not signed with the key of this file/);
  });
});

/** An entry that never was, in a tree of one leaf, under a key of the forger's own and the vault's name. */
async function forgedBy(of: Vault): Promise<InclusionDocument> {
  const { verifier, ...signer } = signerOf(`toka/${of.id}`, generateKey());
  const entry = '{"position":1,"never":"was"}';
  const root = Buffer.from(leafDigest(entry).slice("sha256:".length), "base64url").toString("base64");
  const text = `${verifier.name}\n1\n${root}\nstate ${leafDigest("")}\nprevious 0\n`;
  const checkpoint = signNote(text, { verifier, ...signer });
  return { toka: "inclusion", format: 1, key: verifier.text, entry, index: 0, path: [], checkpoint };
}

describe("a proof of consistency", () => {
  test("verifies, and leads from an older checkpoint to a newer one", async () => {
    const proof = await vault.prover.consistency({ from: sizes.middle, to: sizes.last });
    const verdict = await verifyFile({ path: fileOf(proof), checkpoint: notes.middle });
    expect(verdict).toMatchObject({ ok: true, kind: "consistency", continues: sizes.middle, size: sizes.last });
    expect(verdict.unproved).toEqual([]);
  });

  test("between sizes that no checkpoint has is refused, and so is one backwards", async () => {
    await expect(vault.prover.consistency({ from: 1, to: null })).rejects.toMatchObject({ code: "no_such_checkpoint" });
    await expect(vault.prover.consistency({ from: 0, to: null })).rejects.toMatchObject({ code: "no_such_checkpoint" });
    await expect(vault.prover.consistency({ from: sizes.last, to: sizes.middle })).rejects.toThrow(
      /smaller size first/,
    );
  });

  const forgeries: readonly [string, (proof: ConsistencyDocument) => unknown][] = [
    ["without a part of its path", (proof) => ({ ...proof, path: proof.path.slice(1) })],
    ["without a path", (proof) => ({ ...proof, path: [] })],
    ["the wrong way round", (proof) => ({ ...proof, from: proof.to, to: proof.from })],
  ];

  test.each(forgeries)("%s is bad", async (_, forge) => {
    const proof = await vault.prover.consistency({ from: sizes.middle, to: sizes.last });
    expect(await reasonOf(forge(proof))).toMatch(/does not show/);
  });
});

describe("a checkpoint alone", () => {
  test("takes a key, and is bad under another or when a byte differs", async () => {
    expect(await verifyFile({ path: fileOf(notes.last), key: vault.key })).toMatchObject({
      ok: true,
      size: sizes.last,
    });
    expect(await reasonOf(notes.last)).toMatch(/give the key/);
    const other = signerOf(`toka/${vault.id}`, generateKey()).verifier.text;
    expect(await reasonOf(notes.last, { key: other })).toMatch(/not signed/);
    expect(await reasonOf(notes.last.replace(/\n\d+\n/, "\n1\n"), { key: vault.key })).toMatch(/not signed/);
  });
});
