/** Signed notes against Go's published example, and checkpoints against every change of one character. */
import { describe, expect, test } from "vitest";
import { openCheckpoint, originOf, signCheckpoint } from "../src/checkpoint.ts";
import { zeroDigest } from "../src/digest.ts";
import { generateKey, openNote, signerOf, signNote, verifierOf } from "../src/note.ts";

// Source: the documentation of golang.org/x/mod/sumdb/note.
const goKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const goText = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const goNote = `${goText}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const origin = originOf("vault-00000000000000000000000000000001");
const signer = signerOf(origin, generateKey());
const checkpoint = { origin, size: 42, root: Buffer.alloc(32, 9), state: zeroDigest, previous: 7 };

describe("signed note", () => {
  test("opens the example that Go publishes, with the key that Go publishes", () => {
    const verifier = verifierOf(goKey);
    expect(verifier?.text).toBe(goKey);
    expect(verifier && openNote(goNote, verifier)).toBe(goText);
  });

  test("does not open when the text was changed or another key is asked", () => {
    const verifier = verifierOf(goKey);
    if (verifier === undefined) throw new Error("Cannot test: the published key is not read");
    expect(openNote(goNote.replace("answer", "Answer"), verifier)).toBeUndefined();
    expect(openNote(goNote, signer.verifier)).toBeUndefined();
  });

  test("opens when others signed it too, and not when one signature by the asked key is bad", () => {
    const other = signerOf("other", generateKey());
    const note = signNote("text\n", signer);
    const line = signNote("text\n", other).split("\n").at(-2);
    expect(openNote(`${note}${line}\n`, signer.verifier)).toBe("text\n");
    const bad = signNote("other text\n", signer).split("\n").at(-2);
    expect(openNote(`${note}${bad}\n`, signer.verifier)).toBeUndefined();
  });

  test.each([
    "",
    "name",
    "name+00000000+AAAA",
    goKey.replace("c74f20a3", "c74f20a4"),
    goKey.slice(0, -4),
    `${goKey}\n`,
  ])("does not take %j for a key", (text) => {
    expect(verifierOf(text)).toBeUndefined();
  });
});

describe("checkpoint", () => {
  test("reads back what was signed", () => {
    expect(openCheckpoint(signCheckpoint(checkpoint, signer), signer.verifier)).toEqual(checkpoint);
  });

  test("opens in no other form: no single character can be changed, removed or doubled", () => {
    const note = signCheckpoint(checkpoint, signer);
    for (let at = 0; at < note.length; at += 1) {
      const changed = note[at] === "A" ? "B" : "A";
      for (const other of [
        note.slice(0, at) + changed + note.slice(at + 1),
        note.slice(0, at) + note.slice(at + 1),
        note.slice(0, at) + note[at] + note.slice(at),
      ])
        if (other !== note) expect(openCheckpoint(other, signer.verifier)).toBeUndefined();
    }
  });

  test.each([
    ["its size has a leading zero", (text: string) => text.replace("\n42\n", "\n042\n")],
    ["an extension line is missing", (text: string) => text.replace("previous 7\n", "")],
    ["there is a line more", (text: string) => `${text}more\n`],
    ["its root is short", (text: string) => text.replace(/\n[^\n]{44}\n/, "\nAAAA\n")],
  ])("does not open although its key signed it when %s", (_, change) => {
    const note = signCheckpoint(checkpoint, signer);
    const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
    expect(openCheckpoint(signNote(change(text), signer), signer.verifier)).toBeUndefined();
  });
});
