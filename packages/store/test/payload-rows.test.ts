/** Payloads as verification reads them: a page at a time where that is sure, and the same rows where it is not. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { expect, test } from "vitest";
import { payloadsOf } from "../src/verify/payload-rows.ts";
import { entriesOf } from "../src/verify/rows.ts";

type Row = readonly [
  id: number,
  commitment: SQLInputValue,
  references: SQLInputValue,
  salt: SQLInputValue,
  bytes: SQLInputValue,
  children: SQLInputValue,
];

const salt = Buffer.alloc(16, 7);
const plain = (id: number): Row => [
  id,
  `sha256:${id}`,
  1,
  salt,
  Buffer.from(`bytes of ${id}`),
  id % 3 === 0 ? "one two" : "",
];

/** A table that takes any value, as a file changed by hand can hold it. */
function readOf(rows: readonly Row[]): readonly unknown[] {
  const db = new DatabaseSync(":memory:");
  db.exec('CREATE TABLE payloads (id INTEGER PRIMARY KEY, commitment, "references", salt, bytes, children)');
  const insert = db.prepare("INSERT INTO payloads VALUES (?, ?, ?, ?, ?, ?)");
  for (const row of rows) insert.run(...row);
  const found = [...payloadsOf(db)].map((row) => ({ ...row, salted: row.salted && Buffer.from(row.salted) }));
  db.close();
  return found;
}

const wanted = ([id, commitment, references, salted, bytes, children]: Row): unknown => {
  const whole = salted instanceof Uint8Array && bytes instanceof Uint8Array;
  return {
    id,
    commitment,
    references,
    salted: whole ? Buffer.concat([salted, bytes]) : undefined,
    size: whole ? bytes.length : 0,
    children,
  };
};

const odd: readonly (readonly [string, Row])[] = [
  ["its bytes are text", [70, "sha256:x", 1, salt, "text", ""]],
  ["its bytes are null", [70, "sha256:x", 1, salt, null, ""]],
  ["its salt is a number", [70, "sha256:x", 1, 5, Buffer.from("b"), ""]],
  ["its bytes are none", [70, "sha256:x", 1, salt, Buffer.alloc(0), ""]],
  ["salt and bytes are none", [70, "sha256:x", 1, Buffer.alloc(0), Buffer.alloc(0), ""]],
  ["its bytes hold ends and separators", [70, "sha256:x", 1, salt, Buffer.from("a\0b\n,c"), ""]],
  ["its bytes are no UTF-8", [70, "sha256:x", 1, salt, Buffer.of(0xff, 0xc0, 0x80, 0), ""]],
  ["its commitment holds a separator", [70, "sha256:\nx", 1, salt, Buffer.from("b"), ""]],
  ["its commitment is null", [70, null, 1, salt, Buffer.from("b"), ""]],
  ["its commitment is bytes", [70, Uint8Array.from(Buffer.from("sha256:x")), 1, salt, Buffer.from("b"), ""]],
  ["its children hold a separator", [70, "sha256:x", 1, salt, Buffer.from("b"), "a\nb"]],
  ["its references are text", [70, "sha256:x", "1", salt, Buffer.from("b"), ""]],
  ["its references are a fraction", [70, "sha256:x", 1.5, salt, Buffer.from("b"), ""]],
  ["it is larger than a page", [70, "sha256:x", 1, salt, Buffer.alloc(300_000, 9), ""]],
];

test.each(odd)("payloads are read as they stand when among them is one where %s", (_, row) => {
  const rows = [...Array.from({ length: 69 }, (_one, index) => plain(index + 1)), row, ...[71, 72, 500].map(plain)];
  const found = readOf(rows);
  expect(found).toEqual(rows.map(wanted));
});

test.each([0, 1, 63, 64, 65, 128, 200])("payloads are read each once when there are %d", (count) => {
  const rows = Array.from({ length: count }, (_, index) => plain(3 * index + 1));
  expect(readOf(rows)).toEqual(rows.map(wanted));
});

test("payloads and entries in front of the first are read, too", () => {
  expect(readOf([plain(-5), plain(0), plain(1)])).toMatchObject([{ id: -5 }, { id: 0 }, { id: 1 }]);
  const db = new DatabaseSync(":memory:");
  db.exec(
    "CREATE TABLE entries (position INTEGER PRIMARY KEY, digest, time_ms, kind, principal, agent, session, outcome, bytes)",
  );
  for (const position of [-9_000, 1, 2])
    db.prepare("INSERT INTO entries (position, bytes) VALUES (?, '{}')").run(position);
  expect(entriesOf(db).next().value).toMatchObject({ position: -9_000 });
  db.close();
});

test("a payload whose numbers no program here can hold ends the reading with its reason", () => {
  const db = new DatabaseSync(":memory:");
  db.exec('CREATE TABLE payloads (id INTEGER PRIMARY KEY, commitment, "references", salt, bytes, children)');
  db.exec("INSERT INTO payloads VALUES (1, 'sha256:a', 9007199254740993, x'00', x'00', '')");
  expect(() => [...payloadsOf(db)]).toThrow(/a payload cannot be read/);
  db.close();
});
