/** One table of the state: rows by id, what changed since last asked, and a way back. */

import { compareIds, type Id as AnyIdOf, type IdKind } from "../ids.ts";

/** The way back out of a trial: what undoes each change, oldest first; null when changes are for good. */
export interface Trial {
  undo: (() => void)[] | null;
}

/** The indexes of a table, told of its rows. */
export interface Indexes<Row> {
  enter(row: Row): void;
  leave(row: Row): void;
  /** What rows are found by can change while they stand; of most tables it never does, and then only new and old rows are told of. */
  readonly movable?: true;
}

/** Rows by id. */
export class Table<Key extends string, Row extends { readonly id: Key }> {
  readonly rows: Map<Key, Row> = new Map();
  /** Ids changed in the innermost trial. */
  readonly touched: Set<Key> = new Set();
  // The ids changed since last asked, each with whether it was new then: what came and went in between leaves nothing here, so that
  // this stays as small as the table even when nobody ever asks.
  #dirty: Map<Key, boolean> = new Map();
  // Rows are often replaced several times in a row, and its id need not be noted again.
  #lastPut: Row | undefined = undefined;
  readonly #trial: Trial;
  readonly #indexes: Indexes<Row> | undefined;

  constructor(trial: Trial, indexes?: Indexes<Row>) {
    this.#trial = trial;
    this.#indexes = indexes;
  }

  /** Puts a row in place of the one with its id, if there is one. */
  put(row: Row): void {
    this.replace(this.rows.get(row.id), row);
  }

  /** The same for a caller who has looked: `before` must be the very row that stands under the id now. */
  replace(before: Row | undefined, row: Row): void {
    const { id } = row;
    if (this.#trial.undo !== null) this.#try(id, before);
    else {
      if (before === undefined || before !== this.#lastPut) this.#note(id, before);
      this.#lastPut = row;
    }
    this.rows.set(id, row);
    if (before === undefined) this.#indexes?.enter(row);
    else if (this.#indexes?.movable === true) this.#move(before, row);
  }

  /** Takes a row out. */
  drop(id: Key): void {
    const before = this.rows.get(id);
    if (before === undefined) return;
    if (this.#trial.undo !== null) this.#try(id, before);
    else if (this.#dirty.get(id) === true) this.#dirty.delete(id);
    else this.#dirty.set(id, false);
    this.rows.delete(id);
    this.#indexes?.leave(before);
  }

  /**
   * The ids put or dropped for good since this was last asked. A row that was put first and dropped last is not among them.
   *
   * @returns them, each once, in no order
   */
  takeDirty(): readonly Key[] {
    const dirty = [...this.#dirty.keys()];
    this.#dirty = new Map();
    this.#lastPut = undefined;
    return dirty;
  }

  #note(id: Key, before: Row | undefined): void {
    if (!this.#dirty.has(id)) this.#dirty.set(id, before === undefined);
  }

  #try(id: Key, before: Row | undefined): void {
    this.touched.add(id);
    this.#trial.undo?.push(() => {
      const after = this.rows.get(id);
      if (after !== undefined) this.#indexes?.leave(after);
      if (before === undefined) this.rows.delete(id);
      else {
        this.rows.set(id, before);
        this.#indexes?.enter(before);
      }
    });
  }

  #move(before: Row, after: Row): void {
    this.#indexes?.leave(before);
    this.#indexes?.enter(after);
  }
}

type AnyId = AnyIdOf<IdKind>;

/** Ids by something that their rows have in common. Most keys have one id, which then needs no set. */
export class Index<Key extends string, Id extends AnyId> {
  readonly #ids = new Map<Key, Id | Set<Id>>();

  /** Puts an id under a key; null is none. */
  add(key: Key | null, id: Id): void {
    if (key === null) return;
    const ids = this.#ids.get(key);
    if (ids === undefined) this.#ids.set(key, id);
    else if (typeof ids === "object") ids.add(id);
    else this.#ids.set(key, new Set([ids, id]));
  }

  /** Takes an id from under a key; null is none. */
  remove(key: Key | null, id: Id): void {
    if (key === null) return;
    const ids = this.#ids.get(key);
    if (typeof ids === "object") ids.delete(id);
    if (ids === id || (typeof ids === "object" && ids.size === 0)) this.#ids.delete(key);
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
}
