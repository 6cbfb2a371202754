/** The second part of verification: what entries name is there, whole and counted right, and the lookup index finds it. */
import type { DatabaseSync } from "node:sqlite";
import type { Prefix } from "../backends/sqlite/prefix.ts";
import type { VaultFiles } from "../vault-files.ts";
import { erasuresIn } from "../erasure.ts";
import { contentsIn } from "./asked-text.ts";
import { differs, type Finding } from "./finding.ts";
import { LookupCheck } from "./lookup-check.ts";
import { PayloadCheck, type PayloadsEdge, type Earlier } from "./payload-check.ts";
import type { VerifyPart } from "./reading.ts";
import { payloadsOf } from "./payload-rows.ts";
import { columnsOf, firstRowid, type FoundEntry, type FoundPayload } from "./rows.ts";
import { wholeLog, type Stretch } from "./stretch.ts";

/** What this part found. */
export interface PayloadsReport {
  /** Payloads whose bytes were compared with their commitment. */
  readonly payloads: number;
  /** Payloads that have no bytes since an entry erased them. */
  readonly erased: number;
  /** Entries that lie with a parent; 0 for a log that is whole. */
  readonly shared: number;
  readonly firstBad: Finding | undefined;
  /** Everything that entries name was found: what differs is left over at the end, or in the index. */
  readonly complete: boolean;
}

/** Payloads and lookup index of one log. */
export class PayloadsPart implements VerifyPart {
  readonly #check: PayloadCheck;
  readonly #lookups: LookupCheck;
  /** Of the parts of the beginning, each with the last entry that names its payloads. */
  readonly #before: readonly { readonly upTo: number; readonly check: PayloadCheck }[];
  readonly #base: number;
  readonly #earlier: Earlier | undefined;
  readonly #stretch: Stretch;
  readonly #db: DatabaseSync;
  readonly #first: unknown;
  #last = 0;
  #blind = false;
  #complete = false;

  /**
   * @param db the log, in the transaction that verifies it
   * @param of the `files` of the vault, and the beginning that it shares; of a half also its `stretch`
   */
  constructor(
    db: DatabaseSync,
    {
      files,
      prefix,
      stretch = wholeLog,
    }: { readonly files: VaultFiles; readonly prefix: Prefix; readonly stretch?: Stretch },
  ) {
    this.#base = prefix.base;
    this.#before = prefix.parts.toReversed().map(({ name, upTo }) => {
      const exists = db.prepare(`SELECT 1 FROM ${name}.payloads WHERE commitment = ? LIMIT 1`);
      const how = { exists: (one: string) => exists.get(one) !== undefined };
      return { upTo, check: new PayloadCheck(payloadsOf(db, { log: name }), how) };
    });
    const find = db.prepare("SELECT 1 FROM payloads WHERE commitment = ? LIMIT 1");
    const { after, payloadsAfter } = stretch;
    this.#stretch = stretch;
    this.#db = db;
    this.#earlier = after === 0 ? undefined : { references: [], erasures: [] };
    this.#lookups = new LookupCheck(db, { path: files.lookup, stretch });
    const rows = payloadsOf(db, { first: after === 0 ? firstRowid : payloadsAfter + 1 });
    this.#check = new PayloadCheck(seenBy(this.#lookups, rows), {
      exists: (commitment) => find.get(commitment) !== undefined,
      ...(this.#earlier === undefined ? {} : { earlier: this.#earlier }),
    });
    this.#first = this.#check.edge.next;
  }

  /** What a half leaves open for the other. */
  get edge(): HalfEdge {
    return { ...this.#check.edge, first: this.#first, earlier: this.#earlier ?? { references: [], erasures: [] } };
  }

  /**
   * What was found.
   *
   * @param firstBad the difference that ended this part
   * @returns the report
   */
  report(firstBad: Finding | undefined): PayloadsReport {
    const before = this.#before.reduce((sum, { check }) => sum + check.checked, 0);
    const payloads = before + this.#check.checked;
    return { payloads, erased: this.#check.erased, shared: this.#base, firstBad, complete: this.#complete };
  }

  take(found: FoundEntry): void {
    const { position, text } = found;
    // An entry that cannot be read ends this part: the other one names it, and nothing behind it says anything.
    if (this.#blind || typeof position !== "number" || text === undefined) {
      this.#blind = true;
      return;
    }
    this.#last = position;
    if (position > this.#base) this.#lookups.entry(found);
    const contents = contentsIn(text);
    if (contents === undefined) this.#blind = true;
    else for (const content of contents) this.#of(position).refer(content, position);
    for (const commitment of erasuresIn(text)) this.#of(position).erase(commitment, position);
  }

  /** What a parent counts, stores and erases for entries that are not shared is its own: only what is shared is compared. */
  #of(position: number): PayloadCheck {
    return this.#before.find(({ upTo }) => position <= upTo)?.check ?? this.#check;
  }

  finish(): void {
    this.#complete = true;
    // What the first half leaves open the second must close.
    if (this.#stretch.until === Infinity) this.#check.finish(this.#last);
    else this.#checkOutstanding();
    this.#lookups.finish();
  }

  /** A second payload of the same commitment, in the other half, would leave it open which of them a reference there means. */
  #checkOutstanding(): void {
    const { next, outstanding } = this.#check.edge;
    if (outstanding.size === 0 || typeof next !== "number") return;
    const sql = "SELECT commitment FROM payloads WHERE id >= ?";
    for (const [commitment] of columnsOf(this.#db, { sql, values: [next] }))
      if (outstanding.has(String(commitment))) differs(this.#last, `payload ${String(commitment)} is stored twice`);
  }
}

/** Where the payloads of a half begin and end. */
export interface HalfEdge extends PayloadsEdge {
  /** Id of its first payload; undefined for none. */
  readonly first: unknown;
  /** What its entries ask of payloads before that. */
  readonly earlier: Earlier;
}

function* seenBy(lookups: LookupCheck, payloads: Iterable<FoundPayload>): Generator<FoundPayload, void, undefined> {
  for (const payload of payloads) {
    lookups.payload(payload);
    yield payload;
  }
}
