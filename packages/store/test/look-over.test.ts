/** A quick look over a vault: what it says of one that is well, and of each thing that is not. */
import { chmodSync, cpSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookOver, type StoreCheck } from "../src/keep/look-over.ts";
import { generateKey } from "../src/note.ts";
import { createAt, live, newPlace } from "./world.ts";

const place = newPlace();

beforeAll(async () => {
  const vault = await createAt(place);
  await live(vault.machine);
  await vault.close();
});
afterAll(() => place.clean());

async function amiss(dir: string): Promise<readonly StoreCheck[]> {
  return (await lookOver(dir, { knownVaults: place.known })).filter(({ ok }) => !ok);
}

function sql(path: string, statement: string): void {
  const db = new DatabaseSync(path);
  db.exec(statement);
  db.close();
}

test("a vault that is well has nothing amiss, and says how much is signed", async () => {
  const checks = await lookOver(place.vault, { knownVaults: place.known });
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual([
    ...["format", "database", "log", "key", "checkpoint", "known-vaults"],
    ...["disk", "privacy", "snapshot", "kept states", "lookup index"],
  ]);
  expect(checks.find(({ name }) => name === "checkpoint")?.found).toMatch(/^\d+ entries signed, 0 since$/u);
});

test("a folder without a vault is a failure", async () => {
  await expect(lookOver(join(place.dir, "none"), { knownVaults: place.known })).rejects.toMatchObject({
    code: "vault_absent",
  });
});

describe("what is not as it must be is named", () => {
  const dropTriggers = "DROP TRIGGER entries_stay; DROP TRIGGER entries_remain;";
  const trigger =
    "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries\nBEGIN SELECT raise(ABORT, 'an entry is never changed'); END";
  test.each<{ what: string; harm: (dir: string) => void; name: string; says: RegExp; required?: false }>([
    {
      what: "a law of the log that was dropped",
      harm: (dir) => sql(join(dir, "log.db"), dropTriggers),
      name: "format",
      says: /"entries_stay" is missing/u,
    },
    {
      what: "a file of another format",
      harm: (dir) => sql(join(dir, "log.db"), "PRAGMA user_version = 99"),
      name: "format",
      says: /a newer Toka|tables of layout 99/u,
    },
    {
      what: "a file that was cut",
      harm: (dir) => truncateSync(join(dir, "log.db"), 8_192),
      name: "database",
      says: /malformed|not "ok"|corrupt|invalid|Page/u,
    },
    {
      what: "a last entry that was changed",
      harm: (dir) =>
        sql(
          join(dir, "log.db"),
          `DROP TRIGGER entries_stay; UPDATE entries SET bytes = replace(bytes, 'cancelled', 'succeeded') WHERE position = (SELECT max(position) FROM entries); ${trigger}`,
        ),
      name: "log",
      says: /do not give its digest/u,
    },
    {
      what: "a key that is gone",
      harm: (dir) => rmSync(join(dir, "key")),
      name: "key",
      says: /ENOENT/u,
    },
    {
      what: "another key",
      harm: (dir) => writeFileSync(join(dir, "key"), generateKey(), { mode: 0o600 }),
      name: "key",
      says: /did not sign/u,
    },
    {
      what: "a log that others may read",
      harm: (dir) => chmodSync(join(dir, "log.db"), 0o644),
      name: "privacy",
      says: /log\.db/u,
    },
    {
      what: "a damaged lookup index",
      harm: (dir) =>
        writeFileSync(join(dir, "lookup.db"), "this is no database, and long enough to be seen as one".repeat(99)),
      name: "lookup index",
      says: /not a database/u,
      required: false,
    },
  ])("$what", async ({ harm, name, says, required = true }) => {
    const dir = join(place.dir, "harmed");
    rmSync(dir, { recursive: true, force: true });
    cpSync(place.vault, dir, { recursive: true });
    harm(dir);
    const found = (await amiss(dir)).find((check) => check.name === name);
    expect(found?.found).toMatch(says);
    expect(found).toMatchObject({ required, fix: expect.stringMatching(/./u) });
  });

  test("a vault put back to an earlier copy", async () => {
    const known = join(place.dir, "known-further");
    cpSync(place.known, known);
    const dir = join(place.dir, "put-back");
    cpSync(place.vault, dir, { recursive: true });
    sql(
      join(dir, "log.db"),
      "DROP TRIGGER entries_remain; DROP TRIGGER checkpoints_remain; DELETE FROM entries WHERE position > 2; DELETE FROM checkpoints WHERE size > 2;",
    );
    sql(
      join(dir, "log.db"),
      "CREATE TRIGGER entries_remain BEFORE DELETE ON entries\nBEGIN SELECT raise(ABORT, 'an entry is never deleted'); END; CREATE TRIGGER checkpoints_remain BEFORE DELETE ON checkpoints\nBEGIN SELECT raise(ABORT, 'a checkpoint is never deleted'); END;",
    );
    const found = (await lookOver(dir, { knownVaults: known })).find(({ name }) => name === "known-vaults");
    expect(found).toMatchObject({
      ok: false,
      found: expect.stringMatching(/^it has 2 entries, and \d+ were seen before$/u),
    });
  });
});
