/**
 * What differs between two states, entity by entity and field by field: agents, grants, budgets, tasks and all else that the
 * kernel's state holds.
 */
import { encodeEntity, entityKeys, type KernelState } from "@toka/kernel";

import type { AreaChanges, EntityChange, FieldChange, StateDiff } from "./answers.ts";

/** Entities of one answer, as with the rows of an area: a person reads a screen of them, a program some thousands. */
const diffEntitiesMax = 10_000;

/** What is kept of a state to compare another with. */
export interface StateTexts {
  readonly position: number;
  readonly timeMs: number;
  /** The text of each entity by its key. */
  readonly entities: ReadonlyMap<string, string>;
}

/**
 * Writes a state down, so that it can be compared when the state itself is gone.
 *
 * @param state - as it is
 * @returns its texts
 */
export function textsOf(state: KernelState): StateTexts {
  const entities = new Map<string, string>();
  for (const key of entityKeys(state)) if (key !== headKey) entities.set(key, encodeEntity(state, key) ?? "");
  return { ...state.head, entities };
}

/**
 * Compares two states.
 *
 * @param from - the one
 * @param to - the other, of the same vault
 * @returns what differs, by area and id
 */
export function diffOf(from: StateTexts, to: StateTexts): StateDiff {
  const areas: Record<string, AreaChanges> = {};
  const changes: EntityChange[] = [];
  let total = 0;
  for (const key of [...new Set([...from.entities.keys(), ...to.entities.keys()])].sort(byKey)) {
    const [before, after] = [from.entities.get(key), to.entities.get(key)];
    if (before === after) continue;
    const slash = key.indexOf("/");
    const [area, id] = [key.slice(0, slash), key.slice(slash + 1)];
    const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
    const counts = areas[area] ?? { added: 0, removed: 0, changed: 0 };
    areas[area] = { ...counts, [change]: counts[change] + 1 };
    total += 1;
    if (changes.length < diffEntitiesMax) changes.push({ area, id, change, ...changeOf(before, after) });
  }
  const momentOf = ({ position, timeMs }: StateTexts): StateDiff["from"] => ({ position, timeMs });
  return { from: momentOf(from), to: momentOf(to), areas, total, changes };
}

const headKey = "head/head";

type Fields = { readonly [field: string]: unknown };

function changeOf(
  before: string | undefined,
  after: string | undefined,
): Pick<EntityChange, "name" | "fields" | "entity"> {
  const [was, is] = [fieldsIn(before), fieldsIn(after)];
  const whole = was ?? is ?? {};
  const name = nameOf(is ?? whole);
  if (was === undefined || is === undefined) return { name, fields: [], entity: whole };
  return { name, fields: fieldChanges(was, is), entity: null };
}

function fieldsIn(text: string | undefined): Fields | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return isFields(value) ? value : undefined;
}

function nameOf(entity: Fields): string | null {
  for (const field of ["name", "key", "label", "topic"]) {
    const value = entity[field];
    if (typeof value === "string") return value;
  }
  const { part } = entity;
  return isFields(part) && typeof part["name"] === "string" ? part["name"] : null;
}

function fieldChanges(before: Fields, after: Fields, path = ""): readonly FieldChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) => {
    const [was, is] = [before[field] ?? null, after[field] ?? null];
    const at = path === "" ? field : `${path}.${field}`;
    if (isFields(was) && isFields(is)) return fieldChanges(was, is, at);
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ path: at, before: was, after: is }];
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By area, and within it in the order in which the entities were made: `agent-9-0` before `agent-10-0`. */
function byKey(left: string, right: string): number {
  const [one, other] = [left.split(/[/-]/u), right.split(/[/-]/u)];
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const [a, b] = [one[at] ?? "", other[at] ?? ""];
    if (a === b) continue;
    const [m, n] = [Number(a), Number(b)];
    return Number.isInteger(m) && Number.isInteger(n) && m !== n ? m - n : a < b ? -1 : 1;
  }
  return 0;
}
