/** One table of the state: rows by id, what changed since last asked, and a way back. */

import { compareIds, type Id as AnyIdOf, type IdKind } from "../ids.ts";

/** The way back out of a trial: what undoes each change, oldest first; null when changes are for good. */
export interface Trial {
  undo: (() => void)[] | null;
}

/** What a table tells its indexes: the row before and after; undefined where there is none. */
export type OnChange<Row> = (before: Row | undefined, after: Row | undefined) => void;

/** Rows by id. */
export class Table<Key extends string, Row extends { readonly id: Key }> {
  readonly rows: Map<Key, Row> = new Map();
  /** Ids changed in the innermost trial. */
  readonly touched: Set<Key> = new Set();
  // An id may stand here several times: appending is cheaper than asking a set each time.
  #dirty: Key[] = [];
  #dirtyMax: number = dirtyMaxAtFirst;
  readonly #trial: Trial;
  readonly #onChange: OnChange<Row> | undefined;

  constructor(trial: Trial, onChange?: OnChange<Row>) {
    this.#trial = trial;
    this.#onChange = onChange;
  }

  /** Puts a row in place of the one with its id. */
  put(row: Row): void {
    const before = this.rows.get(row.id);
    this.#note(row.id, before);
    this.rows.set(row.id, row);
    this.#onChange?.(before, row);
  }

  /** Takes a row out. */
  drop(id: Key): void {
    const before = this.rows.get(id);
    if (before === undefined) return;
    this.#note(id, before);
    this.rows.delete(id);
    this.#onChange?.(before, undefined);
  }

  /**
   * The ids put or dropped for good since this was last asked.
   *
   * @returns them, each once, in no order
   */
  takeDirty(): ReadonlySet<Key> {
    const dirty = new Set(this.#dirty);
    this.#dirty = [];
    return dirty;
  }

  #note(id: Key, before: Row | undefined): void {
    if (this.#trial.undo === null) {
      this.#dirty.push(id);
      // Nobody may ever ask; then the list is kept as short as the ids in it are few.
      if (this.#dirty.length > this.#dirtyMax) this.#shorten();
      return;
    }
    this.touched.add(id);
    this.#trial.undo.push(() => {
      const after = this.rows.get(id);
      if (before === undefined) this.rows.delete(id);
      else this.rows.set(id, before);
      this.#onChange?.(after, before);
    });
  }

  #shorten(): void {
    this.#dirty = [...new Set(this.#dirty)];
    this.#dirtyMax = Math.max(dirtyMaxAtFirst, 2 * this.#dirty.length);
  }
}

const dirtyMaxAtFirst = 65_536;

type AnyId = AnyIdOf<IdKind>;

/** Ids by something that their rows have in common. Most keys have one id, which then needs no set. */
export class Index<Key extends string, Id extends AnyId> {
  readonly #ids = new Map<Key, Id | Set<Id>>();

  /** Moves an id from one key to another; null is none. */
  move(id: Id, { from, to }: { readonly from: Key | null; readonly to: Key | null }): void {
    if (from === to) return;
    if (from !== null) this.#remove(from, id);
    if (to !== null) this.#add(to, id);
  }

  /** How many ids are under a key. */
  count(key: Key): number {
    const ids = this.#ids.get(key);
    if (ids === undefined) return 0;
    return typeof ids === "string" ? 1 : ids.size;
  }

  /** The ids under a key, in the order of creation: a set's own order depends on its history, and nothing may depend on that. */
  idsOf(key: Key): readonly Id[] {
    const ids = this.#ids.get(key);
    if (ids === undefined) return [];
    return typeof ids === "string" ? [ids] : [...ids].sort(compareIds);
  }

  /** The one id under a key that never has more. */
  onlyOf(key: Key): Id | undefined {
    const ids = this.#ids.get(key);
    return typeof ids === "object" ? this.idsOf(key)[0] : ids;
  }

  #add(key: Key, id: Id): void {
    const ids = this.#ids.get(key);
    if (ids === undefined) this.#ids.set(key, id);
    else if (typeof ids === "object") ids.add(id);
    else this.#ids.set(key, new Set([ids, id]));
  }

  #remove(key: Key, id: Id): void {
    const ids = this.#ids.get(key);
    if (typeof ids === "object") ids.delete(id);
    if (ids === id || (typeof ids === "object" && ids.size === 0)) this.#ids.delete(key);
  }
}
