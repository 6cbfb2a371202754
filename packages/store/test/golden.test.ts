/**
 * Golden vectors of the format: entries, columns, payloads, roots, state digests and checkpoints of one small history.
 *
 * They are written by `TOKA_WRITE_GOLDEN=1` and then only read: a change of one byte in what we write is a change of the
 * format, and shows here. An independent verifier can be tested with the same file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { openMemoryLog } from "../src/backends/memory/log.ts";
import { openCheckpoint, originOf, signCheckpoint } from "../src/checkpoint.ts";
import { commitmentOf, contentsOf } from "../src/contents.ts";
import { digestText, leafDigest } from "../src/digest.ts";
import { Fold } from "../src/fold.ts";
import type { LogRow } from "../src/log.ts";
import { Machine } from "../src/machine.ts";
import { signerOf } from "../src/note.ts";
import { checkEntry } from "../src/verify/entry-check.ts";
import { ReplayedFamilies } from "../src/families/replayed.ts";
import { QuickReader } from "../src/verify/read-entry.ts";
import { genesis, host, live, steadyClock } from "./world.ts";

/** No golden entry is of a family. */
const families = new ReplayedFamilies({ engine: undefined, bundle: () => undefined });

/** What the file holds. Bytes are base64, digests as everywhere. */
interface Golden {
  readonly note: string;
  /** A key for tests, that signs nothing else. */
  readonly privateKey: string;
  readonly publicKey: string;
  readonly entries: readonly (LogRow & { readonly root: string; readonly state: string })[];
  readonly payloads: readonly {
    readonly commitment: string;
    readonly salt: string;
    readonly bytes: string;
    readonly references: number;
    readonly children: readonly string[];
  }[];
  readonly checkpoints: readonly { readonly size: number; readonly note: string }[];
}

const vault = "vault-00112233445566778899aabbccddeeff";
const file = fileURLToPath(new URL("golden/history.json", import.meta.url));
const privateKey =
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
const signer = signerOf(originOf(vault), privateKey);
const checkpointSizes = [1, 2, 3, 7, 8, 20];

/** Lives the history once and writes down everything about it. */
async function write(): Promise<void> {
  const log = openMemoryLog();
  const machine = new Machine({ log, load: async () => new Fold(), clock: steadyClock(), host });
  await Promise.all([
    machine.submit({ type: "vault.open", format: 1, vault, ...genesis }, { caller: host }),
    machine.submit({ type: "key.record", publicKey: signer.verifier.text, purpose: "checkpoint" }, { caller: host }),
  ]);
  await live(machine);
  await machine.close();
  const rows = await log.read({ after: 0, limit: 1_000 });
  const fold = new Fold();
  const checkpoints: { size: number; note: string }[] = [];
  const named = new Set<string>();
  const entries = rows.map((row) => {
    const { entry } = checkEntry(
      { ...row, text: row.bytes, root: undefined },
      { fold, reader: new QuickReader(), families },
    );
    for (const { commitment } of contentsOf(entry.operation)) named.add(commitment);
    fold.apply(entry);
    fold.advance(row);
    const [root, state] = [fold.tree.root(), fold.stateDigest()];
    if (checkpointSizes.includes(row.position)) {
      const previous = checkpoints.at(-1)?.size ?? 0;
      checkpoints.push({
        size: row.position,
        note: signCheckpoint({ origin: originOf(vault), size: row.position, root, state, previous }, signer),
      });
    }
    return { ...row, root: digestText(root), state };
  });
  const payloads = [];
  for (const commitment of named) {
    const kept = await log.payload(commitment);
    if (kept === undefined) continue;
    for (const child of kept.children) named.add(child);
    const { salt, bytes, references, children } = kept;
    payloads.push({
      commitment,
      salt: Buffer.from(salt).toString("base64"),
      bytes: Buffer.from(bytes).toString("base64"),
      references,
      children,
    });
  }
  const note = "Vectors of docs/format.md. Root and state are those after each entry.";
  const golden: Golden = { note, privateKey, publicKey: signer.verifier.text, entries, payloads, checkpoints };
  writeFileSync(file, `${JSON.stringify(golden, null, 1)}\n`);
}

describe("golden vectors", () => {
  let golden: Golden;
  beforeAll(async () => {
    if (process.env["TOKA_WRITE_GOLDEN"] === "1") await write();
    golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
  });

  test("hold every kind of thing that the format has", () => {
    expect(golden.entries.length).toBeGreaterThan(20);
    expect(golden.entries.some((entry) => entry.outcome !== "accepted")).toBe(true);
    expect(golden.payloads.some((payload) => payload.children.length > 0)).toBe(true);
    expect(golden.payloads.some((payload) => payload.references > 1)).toBe(true);
    expect(golden.checkpoints.map(({ size }) => size)).toEqual(checkpointSizes);
  });

  test("are what we write: digests, columns, roots and states, decided again entry by entry", () => {
    const fold = new Fold();
    for (const { root, state, ...row } of golden.entries) {
      expect(leafDigest(row.bytes)).toBe(row.digest);
      const checked = checkEntry(
        { ...row, text: row.bytes, root: undefined },
        { fold, reader: new QuickReader(), families },
      );
      expect(checked.row).toEqual(row);
      fold.apply(checked.entry);
      fold.advance(row);
      expect(digestText(fold.tree.root())).toBe(root);
      expect(fold.stateDigest()).toBe(state);
    }
  });

  test("are what we write: checkpoints, to the last byte, since Ed25519 signs the same text in the same way", () => {
    expect(signer.verifier.text).toBe(golden.publicKey);
    let previous = 0;
    for (const { size, note } of golden.checkpoints) {
      const entry = golden.entries[size - 1];
      const root = Buffer.from(entry?.root.slice("sha256:".length) ?? "", "base64url");
      const checkpoint = { origin: originOf(vault), size, root, state: entry?.state ?? "", previous };
      expect(signCheckpoint(checkpoint, signer)).toBe(note);
      expect(openCheckpoint(note, signer.verifier)).toEqual(checkpoint);
      previous = size;
    }
  });

  test("are what we write: payloads give their commitments", () => {
    for (const { commitment, salt, bytes } of golden.payloads)
      expect(commitmentOf({ salt: Buffer.from(salt, "base64"), bytes: Buffer.from(bytes, "base64") })).toBe(commitment);
  });
});
