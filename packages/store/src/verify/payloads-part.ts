/** The second part of verification: what entries name is there, whole and counted right, and the lookup index finds it. */
import type { DatabaseSync } from "node:sqlite";
import type { Prefix } from "../backends/sqlite/prefix.ts";
import type { VaultFiles } from "../vault-files.ts";
import { erasuresIn } from "../erasure.ts";
import { contentsIn } from "./asked-text.ts";
import type { Finding } from "./finding.ts";
import { LookupCheck } from "./lookup-check.ts";
import { PayloadCheck } from "./payload-check.ts";
import type { VerifyPart } from "./reading.ts";
import { payloadsOf } from "./payload-rows.ts";
import type { FoundEntry, FoundPayload } from "./rows.ts";

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
  #last = 0;
  #blind = false;
  #complete = false;

  /**
   * @param db the log, in the transaction that verifies it
   * @param of `files` of the vault, and the beginning that it shares
   */
  constructor(db: DatabaseSync, { files, prefix }: { readonly files: VaultFiles; readonly prefix: Prefix }) {
    this.#base = prefix.base;
    this.#before = prefix.parts.toReversed().map(({ name, upTo }) => {
      const exists = db.prepare(`SELECT 1 FROM ${name}.payloads WHERE commitment = ? LIMIT 1`);
      return { upTo, check: new PayloadCheck(payloadsOf(db, name), (one) => exists.get(one) !== undefined) };
    });
    const find = db.prepare("SELECT 1 FROM payloads WHERE commitment = ? LIMIT 1");
    this.#lookups = new LookupCheck(db, files.lookup);
    this.#check = new PayloadCheck(
      seenBy(this.#lookups, payloadsOf(db)),
      (commitment) => find.get(commitment) !== undefined,
    );
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
    this.#check.finish(this.#last);
    this.#lookups.finish();
  }
}

function* seenBy(lookups: LookupCheck, payloads: Iterable<FoundPayload>): Generator<FoundPayload, void, undefined> {
  for (const payload of payloads) {
    lookups.payload(payload);
    yield payload;
  }
}
