/**
 * Reading payloads for verification. Small ones come a page at a time, the bytes of all in one piece: what SQLite hands over
 * one by one costs more than hashing it.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { textOf } from "../failure.ts";
import { differs } from "./finding.ts";
import { firstRowid, isSqlite, listing, rowsOf, type FoundPayload } from "./rows.ts";

const pageRows = 64;
/** Bytes of a page that are read in one piece (256 KiB); what a larger page holds is read row by row. */
const pageBytesMax = 262_144;

/** Null for an empty page. SQLite tells a length without reading what is so long. */
const lengthOf = (below: string): string =>
  `SELECT sum(length) FROM (SELECT length(salt) + length(bytes) AS length ${below} LIMIT ${pageRows})`;
/** Rows in which every column is what it must be, and a number one that JavaScript has: of others these lists would hold something else. */
const whole = `typeof(commitment) = 'text' AND typeof(salt) = 'blob' AND typeof(bytes) = 'blob' AND typeof(children) = 'text'
  AND typeof("references") = 'integer' AND abs("references") < 9007199254740992 AND abs(id) < 9007199254740992`;
const pageOf = (
  below: string,
): string => `SELECT count(*), sum(${whole}), group_concat(id), group_concat(commitment, char(10)),
  group_concat("references"), group_concat(length(salt)), group_concat(length(bytes)), group_concat(children, char(10)),
  CAST(group_concat(salt || bytes, '') AS BLOB)
  FROM (SELECT * ${below} LIMIT ${pageRows})`;
const rowsFrom = (below: string): string =>
  `SELECT id, commitment, "references", salt, bytes, children ${below} LIMIT ${pageRows}`;

/**
 * The payloads in the order in which they were stored.
 *
 * @param db a connection
 * @param of as what the `log` is attached that holds them, and the `first` id that is asked for
 * @returns rows in order
 * @throws Differs where SQLite cannot read on
 */
export function* payloadsOf(
  db: DatabaseSync,
  { log = "main", first = firstRowid }: { readonly log?: string; readonly first?: number | bigint } = {},
): Generator<FoundPayload, void, undefined> {
  const below = `FROM ${log}.payloads WHERE id >= ? ORDER BY id`;
  const [length, pages, rows] = [
    listing(db, lengthOf(below)),
    listing(db, pageOf(below)),
    listing(db, rowsFrom(below)),
  ];
  try {
    for (let from = first; ;) {
      const page = pageFrom(from, { length, pages });
      let last = page?.at(-1)?.id;
      if (page !== undefined) yield* page;
      else
        for (const row of rowsOf<Iterable<readonly unknown[]>>(rows.iterate(from))) {
          yield inPieces(row);
          last = row[0];
        }
      if (typeof last !== "number") return;
      from = last + 1;
    }
  } catch (thrown) {
    if (isSqlite(thrown)) differs(0, `a payload cannot be read: ${textOf(thrown)}`);
    throw thrown;
  }
}

/** The next payloads out of one piece; undefined where there are none, or they cannot be had so. */
function pageFrom(
  from: SQLInputValue,
  { length, pages }: { readonly length: StatementSync; readonly pages: StatementSync },
): readonly FoundPayload[] | undefined {
  try {
    const bytes: unknown = rowsOf<readonly (readonly unknown[])[]>(length.all(from))[0]?.[0];
    if (typeof bytes !== "number" || bytes > pageBytesMax) return undefined;
    return cut(rowsOf<readonly (readonly unknown[])[]>(pages.all(from))[0] ?? []);
  } catch (thrown) {
    if (isSqlite(thrown)) return undefined;
    throw thrown;
  }
}

function cut([count, sound, ...lists]: readonly unknown[]): readonly FoundPayload[] | undefined {
  const bytes = lists.pop();
  if (sound !== count || !(bytes instanceof Uint8Array)) return undefined;
  const separators = [",", "\n", ",", ",", ",", "\n"];
  const columns = lists.map((list, index) => String(list).split(separators[index] ?? ","));
  // A text with such a separator in it, or with an end in it, is no commitment; alone its row shows it as it is.
  if (columns.some((column) => column.length !== count)) return undefined;
  const [ids = [], commitments = [], references = [], salts = [], sizes = [], children = []] = columns;
  let at = 0;
  const found = ids.map((id, index) => {
    const size = Number(sizes[index]);
    const end = at + Number(salts[index]) + size;
    const salted = bytes.subarray(at, end);
    at = end;
    return {
      id: Number(id),
      commitment: commitments[index],
      references: Number(references[index]),
      salted,
      size,
      children: children[index],
    };
  });
  return at === bytes.length ? found : undefined;
}

function inPieces([id, commitment, references, salt, bytes, children]: readonly unknown[]): FoundPayload {
  const both = salt instanceof Uint8Array && bytes instanceof Uint8Array;
  return {
    id,
    commitment,
    references,
    salted: both ? Buffer.concat([salt, bytes]) : undefined,
    size: both ? bytes.length : 0,
    children,
  };
}
