/** The second part of verification: what entries name is there, whole and counted right, and the lookup index finds it. */
import type { DatabaseSync } from "node:sqlite";
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
  readonly firstBad: Finding | undefined;
  /** Everything that entries name was found: what differs is left over at the end, or in the index. */
  readonly complete: boolean;
}

/** Payloads and lookup index of one log. */
export class PayloadsPart implements VerifyPart {
  readonly #check: PayloadCheck;
  readonly #lookups: LookupCheck;
  #last = 0;
  #blind = false;
  #complete = false;

  /**
   * @param db the log, in the transaction that verifies it
   * @param files of the vault
   */
  constructor(db: DatabaseSync, files: VaultFiles) {
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
    return { payloads: this.#check.checked, erased: this.#check.erased, firstBad, complete: this.#complete };
  }

  take(found: FoundEntry): void {
    const { position, text } = found;
    // An entry that cannot be read ends this part: the other one names it, and nothing behind it says anything.
    if (this.#blind || typeof position !== "number" || text === undefined) {
      this.#blind = true;
      return;
    }
    this.#last = position;
    this.#lookups.entry(found);
    const contents = contentsIn(text);
    if (contents === undefined) this.#blind = true;
    else for (const content of contents) this.#check.refer(content, position);
    for (const commitment of erasuresIn(text)) this.#check.erase(commitment, position);
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
