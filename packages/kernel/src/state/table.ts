/** One table of the state: rows by id, what changed since last asked, and a way back. */

/** The way back out of a trial: what undoes each change, oldest first; null when changes are for good. */
export interface Trial {
  undo: (() => void)[] | null;
}

/** What a table tells its indexes: the row before and after; undefined where there is none. */
export type OnChange<Row> = (before: Row | undefined, after: Row | undefined) => void;

/** Rows by id. */
export class Table<Key extends string, Row extends { readonly id: Key }> {
  readonly rows: Map<Key, Row> = new Map();
  /** Ids put or dropped for good since the set was last emptied. */
  readonly dirty: Set<Key> = new Set();
  /** Ids changed in the innermost trial. */
  readonly touched: Set<Key> = new Set();
  readonly #trial: Trial;
  readonly #onChange: OnChange<Row>;

  constructor(trial: Trial, onChange: OnChange<Row>) {
    this.#trial = trial;
    this.#onChange = onChange;
  }

  /** Puts a row in place of the one with its id. */
  put(row: Row): void {
    this.#note(row.id);
    this.#set(row.id, row);
  }

  /** Takes a row out. */
  drop(id: Key): void {
    if (!this.rows.has(id)) return;
    this.#note(id);
    this.#set(id, undefined);
  }

  #note(id: Key): void {
    if (this.#trial.undo === null) {
      this.dirty.add(id);
      return;
    }
    const before = this.rows.get(id);
    this.touched.add(id);
    this.#trial.undo.push(() => this.#set(id, before));
  }

  #set(id: Key, row: Row | undefined): void {
    const before = this.rows.get(id);
    if (row === undefined) this.rows.delete(id);
    else this.rows.set(id, row);
    this.#onChange(before, row);
  }
}

/** Ids by something that their rows have in common. Sets have no order that anybody may rely on. */
export class Index<Key extends string, Id extends string> {
  readonly #sets = new Map<Key, Set<Id>>();

  /** Moves an id from one key to another; null is none. */
  move(id: Id, { from, to }: { readonly from: Key | null; readonly to: Key | null }): void {
    if (from === to) return;
    if (from !== null) {
      const set = this.#sets.get(from);
      set?.delete(id);
      if (set?.size === 0) this.#sets.delete(from);
    }
    if (to !== null) {
      const set = this.#sets.get(to);
      if (set === undefined) this.#sets.set(to, new Set([id]));
      else set.add(id);
    }
  }

  /** The ids under a key, in no order. */
  of(key: Key): ReadonlySet<Id> {
    return this.#sets.get(key) ?? none;
  }
}

const none: ReadonlySet<never> = new Set<never>();
