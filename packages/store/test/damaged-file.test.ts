/** A vault whose file is damaged below SQLite: bytes, pages and lengths, not rows. Nothing wrong is ever taken for right. */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVault } from "../src/vault.ts";
import { verifyHere } from "../src/verify/verify.ts";
import { createAt, live, newPlace, openAt, type Place } from "./world.ts";

let place: Place;
let entries: readonly string[] = [];

/** A vault that was closed, and beside it the files of one whose process was killed. */
beforeAll(async () => {
  place = newPlace();
  const vault = await createAt(place);
  await live(vault.machine);
  entries = await readAll(vault.machine);
  cpSync(place.vault, join(place.dir, "killed"), { recursive: true });
  await vault.close();
});
afterAll(() => place.clean());

async function readAll(machine: {
  read(after: number, options: { readonly limit: number }): Promise<readonly { readonly digest: string }[]>;
}): Promise<readonly string[]> {
  return (await machine.read(0, { limit: 4_000 })).map(({ digest }) => digest);
}

/** Opens a copy of a vault after something was done to a file of it, and verifies it. */
async function after(from: string, harm: (dir: string) => void): Promise<{ verified: boolean; opened: string }> {
  const dir = join(place.dir, "copy");
  rmSync(dir, { recursive: true, force: true });
  cpSync(join(place.dir, from), dir, { recursive: true });
  harm(dir);
  // The copy is not at the known place: what is known of the other does not help to see the damage.
  const report = await verifyHere({ dir, knownVaults: null }).catch((thrown: unknown) => thrown);
  const verified = typeof report === "object" && report !== null && "ok" in report && report.ok === true;
  if (report instanceof Error) expect(report).toMatchObject({ name: "Failure" });
  try {
    const vault = await openVault({ dir, knownVaults: null, clock: () => 1_760_000_900_000 });
    try {
      const found = await readAll(vault.machine);
      if (found.some((digest, index) => digest !== entries[index])) return { verified, opened: "changed" };
      return { verified, opened: found.length === entries.length ? "whole" : "shorter" };
    } finally {
      await vault.close().catch(() => undefined);
    }
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: "Failure" });
    return { verified, opened: "refused" };
  }
}

function change(path: string, at: number, filler: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  filler(bytes.subarray(at, at + 4_096));
  writeFileSync(path, bytes);
}

describe("a vault whose database file is damaged", () => {
  const harms: readonly (readonly [what: string, filler: (bytes: Buffer) => void])[] = [
    ["a page of zeros", (bytes) => void bytes.fill(0)],
    ["a page of something else", (bytes) => void bytes.fill("not a page of a database ")],
    ["one bit in its head", (bytes) => void (bytes[3] = (bytes[3] ?? 0) ^ 4)],
    ["one bit in its middle", (bytes) => void (bytes[2_048] = (bytes[2_048] ?? 0) ^ 64)],
    ["one bit near its end", (bytes) => void (bytes[4_000] = (bytes[4_000] ?? 0) ^ 1)],
  ];

  test.each(harms)("never verifies as whole unless it is, with %s in any page", async (_, filler) => {
    const { length } = readFileSync(join(place.vault, "log.db"));
    const met = new Set<string>();
    for (let at = 0; at < length; at += 4_096) {
      const { verified, opened } = await after("vault", (dir) => change(join(dir, "log.db"), at, filler));
      if (verified) expect(opened).toBe("whole");
      met.add(verified ? "whole" : opened);
    }
    // What lies in no row, such as the room that a page has left, harms nobody; the rest was seen.
    expect([...met].filter((one) => one !== "whole")).not.toEqual([]);
  });

  test("never verifies when its file is cut off at any page", async () => {
    const { length } = readFileSync(join(place.vault, "log.db"));
    for (let size = 0; size < length; size += 4_096) {
      const { verified } = await after("vault", (dir) => truncateSync(join(dir, "log.db"), size));
      expect(verified, `cut at ${size}`).toBe(false);
    }
  });
});

describe("a vault of a killed process whose write-ahead log is damaged", () => {
  const wal = "log.db-wal";
  const frames = (): number => Math.floor(readFileSync(join(place.dir, "killed", wal)).length / (4_096 + 24));

  test("is the beginning of what was written when any frame of it is changed or cut off", async () => {
    let shorter = 0;
    for (let frame = 0; frame < frames(); frame += 3) {
      const at = 32 + frame * (4_096 + 24) + 1_000;
      for (const harm of [
        (dir: string) => change(join(dir, wal), at, (bytes) => void (bytes[0] = (bytes[0] ?? 0) ^ 8)),
        (dir: string) => truncateSync(join(dir, wal), at),
      ]) {
        const { opened } = await after("killed", harm);
        expect(opened).not.toBe("changed");
        if (opened === "shorter") shorter += 1;
      }
    }
    expect(shorter).toBeGreaterThan(2);
  });

  test("is refused when known-vaults has seen more of it than is left", async () => {
    // The known checkpoint is that of the closed vault, which covers everything.
    rmSync(place.vault, { recursive: true, force: true });
    cpSync(join(place.dir, "killed"), place.vault, { recursive: true });
    truncateSync(join(place.vault, wal), 32 + 4_096);
    await expect(openAt(place)).rejects.toMatchObject({ name: "Failure" });
  });
});
