/**
 * Checking payloads while the entries pass: they lie in the order in which entries first name them, so one look at each is
 * enough, and what is remembered does not grow with the log.
 */
import type { Content } from "@toka/kernel";
import { digestOf } from "../digest.ts";
import { childrenOf, erasedAtIn } from "../backends/sqlite/rows.ts";
import { differs, quoted } from "./finding.ts";
import type { FoundPayload } from "./rows.ts";

/** A reference to something that the payloads at hand do not show. */
export interface Reference {
  readonly commitment: string;
  /** Undefined where a payload makes the reference. */
  readonly size: number | undefined;
}

/** What is still open between two halves of a log. */
export interface PayloadsEdge {
  /** Id of the payload that comes next; undefined for none. */
  readonly next: unknown;
  /** Payloads that later entries must name, how often, and their size; undefined for an erased one. */
  readonly outstanding: ReadonlyMap<string, { readonly left: number; readonly size: number | undefined }>;
  /** Payloads without bytes, with the later entry that must erase each. */
  readonly blanked: ReadonlyMap<string, { readonly by: number }>;
}

/** What entries ask of payloads that are not among those at hand. */
export interface Earlier {
  readonly references: Reference[];
  readonly erasures: { readonly commitment: string; readonly by: number }[];
}

/** A payload that more references were counted for than have been seen. */
interface Outstanding {
  left: number;
  /** Undefined for an erased one. */
  readonly size: number | undefined;
  readonly position: number;
}

/** The payloads of one log, checked against the references of its entries. */
export class PayloadCheck {
  readonly #rows: Iterator<FoundPayload, void, undefined>;
  readonly #exists: (commitment: string) => boolean;
  readonly #outstanding = new Map<string, Outstanding>();
  /** Payloads without bytes whose erasure has not been seen: the entry that is said to have erased each, and the one that named it first. */
  readonly #blanked = new Map<string, { readonly by: number; readonly position: number }>();
  readonly #earlier: Earlier | undefined;
  #next: FoundPayload | undefined;
  #checked = 0;
  #erased = 0;

  /**
   * @param rows in the order of their ids
   * @param how whether a payload of this commitment `exists` anywhere in the log, asked only to explain a difference; and
   *   where goes what only an `earlier` payload can meet, when these are not all
   */
  constructor(
    rows: Iterable<FoundPayload>,
    { exists, earlier }: { readonly exists: (commitment: string) => boolean; readonly earlier?: Earlier },
  ) {
    this.#earlier = earlier;
    this.#rows = rows[Symbol.iterator]();
    this.#exists = exists;
    this.#advance();
  }

  /** Payloads whose bytes were compared with their commitment. */
  get checked(): number {
    return this.#checked;
  }

  /** Payloads that have no bytes since an entry erased them. */
  get erased(): number {
    return this.#erased;
  }

  /**
   * Takes in an erasure: the payload was named before, and has no bytes any more.
   *
   * @param position of the entry that erases it
   * @throws Differs when it still has its bytes, or was never there
   */
  erase(commitment: string, position: number): void {
    const blanked = this.#blanked.get(commitment);
    if (blanked === undefined && this.#earlier !== undefined && this.#earlier.erasures.length < earlierMax) {
      this.#earlier.erasures.push({ commitment, by: position });
      return;
    }
    if (blanked === undefined)
      differs(
        position,
        `payload ${quoted(commitment)}, which it erases, is there, or was erased before or never stored`,
      );
    if (blanked.by !== position)
      differs(position, `payload ${commitment}, which it erases, says that entry ${blanked.by} did`);
    this.#blanked.delete(commitment);
    this.#erased += 1;
  }

  /** What entries behind those so far must still name or erase. */
  get edge(): PayloadsEdge {
    return { next: this.#next?.id, outstanding: this.#outstanding, blanked: this.#blanked };
  }

  /**
   * Takes in one reference.
   *
   * @param position of the entry that makes it
   * @throws Differs when there is no such payload, or it is not what is committed to
   */
  refer({ commitment, size }: Reference, position: number): void {
    const known = this.#outstanding.get(commitment);
    if (known !== undefined) {
      if (size !== undefined && known.size !== undefined && size !== known.size)
        differs(position, wrongSize(commitment, { found: known.size, wanted: size }));
      known.left -= 1;
      if (known.left === 0) this.#outstanding.delete(commitment);
      return;
    }
    const row = this.#next;
    if (row?.commitment !== commitment) {
      const references = this.#earlier?.references;
      if (references === undefined || references.length >= earlierMax) this.#explain(commitment, position);
      references.push({ commitment, size });
      return;
    }
    this.#advance();
    this.#compare(row, { commitment, size, position });
  }

  /**
   * Ends the check: nothing may be left over.
   *
   * @param position of the last entry
   * @throws Differs when a payload is named by nothing, or more often counted than named
   */
  finish(position: number): void {
    for (const [commitment, { position: first }] of this.#blanked) differs(first, notErased(commitment));
    for (const [commitment, { left, position: first }] of this.#outstanding)
      differs(first, `payload ${commitment} counts ${left} more references than entries make`);
    if (this.#next !== undefined)
      differs(position, `payload ${quoted(this.#next.commitment)} is stored and named by no entry`);
  }

  #advance(): void {
    const next = this.#rows.next();
    this.#next = next.done === true ? undefined : next.value;
  }

  #compare(
    { references, salted, size: bytes, children }: FoundPayload,
    {
      commitment,
      size,
      position,
    }: { readonly commitment: string; readonly size: number | undefined; readonly position: number },
  ): void {
    if (salted === undefined) differs(position, `payload ${commitment} has no bytes`);
    const saltBytes = salted.length - bytes;
    const by = erasedAtIn({ salt: salted.subarray(0, saltBytes), bytes: salted.subarray(saltBytes) });
    if (by === undefined) {
      if (digestOf(salted) !== commitment)
        differs(position, `the bytes of payload ${commitment} are not those committed to`);
      if (size !== undefined && bytes !== size)
        differs(position, wrongSize(commitment, { found: bytes, wanted: size }));
      this.#checked += 1;
    } else {
      // Who erases it comes with this entry or behind it; until then nobody knows whether that is so.
      if (by < position) differs(position, notErased(commitment));
      this.#blanked.set(commitment, { by, position });
    }
    if (typeof references !== "number" || references < 1)
      differs(position, `payload ${commitment} counts ${quoted(references)} references`);
    const held = by === undefined ? bytes : size;
    if (references > 1) this.#outstanding.set(commitment, { left: references - 1, size: held, position });
    for (const child of childrenOf(String(children))) this.refer({ commitment: child, size: undefined }, position);
  }

  #explain(commitment: string, position: number): never {
    if (!this.#exists(commitment))
      differs(position, `payload ${commitment}, which it names, is missing, and no entry erased it`);
    differs(
      position,
      `payload ${commitment}, which it names, counts fewer references than entries make, or lies out of order`,
    );
  }
}

function notErased(commitment: string): string {
  return `payload ${commitment}, which it names, has no bytes, and no entry erased it`;
}

/** References to payloads of the first half that the second remembers: some 20 MB of them. */
const earlierMax = 100_000;

function wrongSize(
  commitment: Content["commitment"],
  { found, wanted }: { readonly found: number; readonly wanted: number },
): string {
  return `payload ${commitment} has ${found} bytes, and the entry says ${wanted}`;
}
