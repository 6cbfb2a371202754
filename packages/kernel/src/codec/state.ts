/**
 * The state as text: each entity by a key such as `agents/agent-17-0`, for state digests, and all of it, for snapshots.
 *
 * Indexes are not encoded: they follow from the rows.
 */
import { Malformed, fault } from "../failure.ts";
import { LiveState, live } from "../state/live-state.ts";
import type { KernelState } from "../state/state.ts";
import type { Table } from "../state/table.ts";

/**
 * The state before the first entry.
 *
 * @returns a state of its own
 */
export function emptyState(): KernelState {
  return new LiveState();
}

/**
 * Writes one entity.
 *
 * @param state in which it lives
 * @param key `<table>/<id>`, or `head/head`
 * @returns JSON text, or undefined when it does not exist
 */
export function encodeEntity(state: KernelState, key: string): string | undefined {
  const at = live(state);
  if (key === headKey) return JSON.stringify(at.head);
  const slash = key.indexOf("/");
  const table = tablesOf(at).get(key.slice(0, slash));
  const row = table?.rows.get(key.slice(slash + 1));
  return row === undefined ? undefined : JSON.stringify(row);
}

/**
 * The keys of all entities.
 *
 * @returns them, sorted by UTF-16 unit
 */
export function entityKeys(state: KernelState): readonly string[] {
  const keys = [headKey];
  for (const [name, table] of tablesOf(live(state))) {
    for (const id of table.rows.keys()) keys.push(`${name}/${id}`);
  }
  return keys.sort();
}

/**
 * Takes hold of all entities as they are now. Rows are never changed, only replaced, so this costs a reference for each; it is written
 * as text when it is asked for, while the state moves on.
 *
 * @returns key and text of each, sorted by the key's UTF-16 units; to be gone through once
 */
export function holdEntities(state: KernelState): Iterable<readonly [key: string, text: string]> {
  const at = live(state);
  const { head } = at;
  const held: [name: string, rows: AnyRow[]][] = [];
  for (const [name, table] of tablesOf(at)) held.push([name, [...table.rows.values()]]);
  return entitiesOf(
    head,
    held.sort(([left], [right]) => byUnit(`${left}/`, `${right}/`)),
  );
}

/** Each table is let go of when the next is begun. */
function* entitiesOf(
  head: LiveState["head"],
  held: [name: string, rows: AnyRow[]][],
): Generator<readonly [key: string, text: string], void, undefined> {
  let headDue = true;
  for (let table = held.shift(); table !== undefined; table = held.shift()) {
    const [name, rows] = table;
    if (headDue && byUnit(headKey, `${name}/`) < 0) {
      headDue = false;
      yield [headKey, JSON.stringify(head)];
    }
    for (const row of rows.sort((left, right) => byUnit(left.id, right.id)))
      yield [`${name}/${row.id}`, JSON.stringify(row)];
  }
  if (headDue) yield [headKey, JSON.stringify(head)];
}

function byUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The keys of entities that were put or dropped since this was last asked. One that came and went in between is not among them.
 *
 * @returns them, sorted; after that nothing is dirty
 */
export function takeDirty(state: KernelState): readonly string[] {
  const at = live(state);
  const keys: string[] = at.headDirty ? [headKey] : [];
  at.headDirty = false;
  for (const [name, table] of tablesOf(at)) {
    for (const id of table.takeDirty()) keys.push(`${name}/${id}`);
  }
  return keys.sort();
}

/**
 * Writes the whole state.
 *
 * @returns JSON text, the same for equal states
 */
export function encodeState(state: KernelState): string {
  const at = live(state);
  const entities: string[] = [];
  for (const key of entityKeys(state)) {
    const text = encodeEntity(at, key) ?? fault(`${key} is gone while it is encoded`);
    entities.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${entities.join(",")}}`;
}

/**
 * Reads a state that `encodeState` wrote. Rows are taken as they stand: a snapshot is only used when its digest is trusted.
 *
 * @param text the snapshot
 * @returns a state of its own, with nothing dirty
 * @throws Malformed when it is no snapshot
 */
export function decodeState(text: string): KernelState {
  return stateOf(Object.entries(parsed(text)));
}

/**
 * Reads a state entity by entity, so that it never stands in memory twice. Rows are taken as they stand, as by `decodeState`.
 *
 * @param entities keys, each with what `encodeEntity` gave for it
 * @returns a state of its own, with nothing dirty
 * @throws Malformed when they are not the entities of a state, each once
 */
export function restoreState(entities: Iterable<readonly [key: string, text: string]>): KernelState {
  return stateOf(rowsOf(entities));
}

function stateOf(entities: Iterable<readonly [string, AnyRow]>): KernelState {
  const state = new LiveState();
  const tables = tablesOf(state);
  let headed = false;
  for (const [key, row] of entities) {
    const slash = key.indexOf("/");
    if (key === headKey && !headed) {
      state.head = row as unknown as LiveState["head"];
      headed = true;
      continue;
    }
    const table = tables.get(key.slice(0, slash));
    const id = key.slice(slash + 1);
    // A second row of one id would leave behind what the first one entered into the indexes.
    if (table === undefined || row.id !== id || table.rows.has(id)) {
      throw new Malformed({ path: key.slice(0, 64), wanted: "an entity under its own key, once", found: "another" });
    }
    table.put(row);
    // What is restored is not dirty, and noting all of it would take as much room as the ids themselves.
    if (table.rows.size % rowsBetweenClean === 0) table.takeDirty();
  }
  if (!headed) throw new Malformed({ path: "snapshot", wanted: "the entities of a state", found: "no head" });
  takeDirty(state);
  return state;
}

function* rowsOf(entities: Iterable<readonly [string, string]>): Generator<readonly [string, AnyRow], void, undefined> {
  for (const [key, text] of entities) {
    let row: unknown;
    try {
      row = JSON.parse(text);
    } catch {
      row = undefined;
    }
    if (typeof row !== "object" || row === null)
      throw new Malformed({ path: key.slice(0, 64), wanted: "an entity", found: "something else" });
    yield [key, row as AnyRow];
  }
}

const rowsBetweenClean = 4_096;

interface AnyRow {
  readonly id: string;
}

type AnyTable = Table<string, AnyRow>;

function tablesOf(state: LiveState): ReadonlyMap<string, AnyTable> {
  const known = tablesByState.get(state);
  if (known !== undefined) return known;
  // Each table takes only its own rows; the codec puts back what the same table wrote.
  const tables = new Map(Object.entries(state.table) as unknown as [string, AnyTable][]);
  tablesByState.set(state, tables);
  return tables;
}

const tablesByState = new WeakMap<LiveState, ReadonlyMap<string, AnyTable>>();

function parsed(text: string): { readonly [key: string]: AnyRow } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || !(headKey in value)) {
    throw new Malformed({ path: "snapshot", wanted: "the entities of a state", found: "something else" });
  }
  return value as { readonly [key: string]: AnyRow };
}

const headKey = "head/head";
