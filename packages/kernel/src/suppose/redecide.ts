/**
 * Decides a history again under a supposition, entry by entry. Nothing is performed: what an effect came to is what was recorded.
 * After the first entry that comes out otherwise, what follows is hypothetical: nobody knows what would have been asked then.
 */
import { applyEntry } from "../apply.ts";
import { addAmounts, type Amounts, noAmounts } from "../budget/amounts.ts";
import { decideWith } from "../decide.ts";
import type { Entry, Outcome } from "../entry.ts";
import type { Families } from "../family-port.ts";
import type { KernelEvent } from "../event.ts";
import type { RefusalCode } from "../refusal.ts";
import { live, type LiveState } from "../state/live-state.ts";
import type { KernelState } from "../state/state.ts";
import { timeAfterRefusal } from "../time.ts";
import { Overlay, type Supposition } from "./supposition.ts";

/**
 * How an entry came out: as before, refused or allowed when it was not, otherwise in what it did or why it was refused, or not
 * decidable, since it speaks of something that would not be there or not be so.
 */
export type Fate = "same" | "refused" | "allowed" | "otherwise" | "undecidable";

/** An entry decided again. */
export interface Redecided {
  readonly fate: Fate;
  /** The code of the refusal, or the types of what happened. */
  readonly was: string;
  readonly now: string;
  /** What it booked as spent, as recorded. */
  readonly booked: Amounts;
  /** What it would have. */
  readonly bookedNow: Amounts;
  /** Something before it came out otherwise. */
  readonly hypothetical: boolean;
}

/** One history, decided again. */
export class Redecision {
  readonly #state: LiveState;
  readonly #overlay: Overlay;
  readonly #families: Families;
  readonly #from: number;
  /** A bit for each entry since: it came out otherwise. */
  #otherwise: Uint8Array = new Uint8Array(1024);
  #diverged = false;

  /**
   * @param state after the entry to begin behind, of an open vault; it is changed from here on, and no longer that of any log
   * @param of what is supposed, and what answers for families
   */
  constructor(state: KernelState, of: { readonly supposition: Supposition; readonly families: Families }) {
    this.#state = live(state);
    this.#from = this.#state.head.position;
    this.#families = of.families;
    this.#overlay = new Overlay(of.supposition);
    this.#overlay.begin(this.#state);
  }

  /** In how many places the supposition changed something: rows of the state, and operations. */
  get places(): number {
    return this.#overlay.places;
  }

  /**
   * Decides the next entry.
   *
   * @param entry as it was recorded
   * @returns how it came out
   */
  next(entry: Entry): Redecided {
    const { position, stamp } = entry;
    const state = this.#state;
    const hypothetical = this.#diverged;
    const operation = this.#overlay.asked(entry.operation, { position, state });
    const decision = decideWith(state, operation, { stamp, families: this.#families });
    const refusal = "refused" in decision ? decision.refused : undefined;
    const { accepted: events = [], counts } = "refused" in decision ? {} : decision;
    const decided: Outcome =
      refusal === undefined ? { events, ...(counts === undefined ? {} : { counts }) } : { refusal };
    // Whoever has no bundle knows of a family's refusals only what was recorded.
    const unknown = wordOf(decided) === "family_absent" && "refusal" in entry.outcome;
    const outcome = unknown ? entry.outcome : decided;
    const fate = this.#fateOf(entry, outcome);
    if (fate !== "same") this.#mark(position);
    // A refusal of what would not have been asked leaves nothing behind, nor does one that is not recorded.
    if (fate === "undecidable" || (!unknown && "refused" in decision && !decision.recorded))
      state.advance({ position, timeMs: timeAfterRefusal(state, stamp) });
    else applyEntry(state, { ...entry, operation, outcome });
    return {
      fate,
      was: wordOf(entry.outcome),
      now: wordOf(outcome),
      booked: bookedIn(entry.outcome),
      bookedNow: fate === "undecidable" ? noAmounts : bookedIn(outcome),
      hypothetical,
    };
  }

  #fateOf({ stamp, operation, outcome: was }: Entry, now: Outcome): Fate {
    if (wordOf(was) === wordOf(now)) return "same";
    if (!("refusal" in now)) return "refusal" in was ? "allowed" : "otherwise";
    if (wordOf(now) === "family_absent") return "undecidable";
    if (this.#speaksOfOtherwise(stamp.grant) || this.#speaksOfOtherwise(operation)) return "undecidable";
    return "refusal" in was ? "otherwise" : "refused";
  }

  #mark(position: number): void {
    this.#diverged = true;
    const at = position - this.#from;
    const byte = at >> 3;
    if (byte >= this.#otherwise.length) {
      const wider = new Uint8Array(Math.max(byte + 1, 2 * this.#otherwise.length));
      wider.set(this.#otherwise);
      this.#otherwise = wider;
    }
    this.#otherwise[byte] = (this.#otherwise[byte] ?? 0) | (1 << (at & 7));
  }

  /** Whether an id in it was made by an entry that came out otherwise. */
  #speaksOfOtherwise(value: unknown): boolean {
    if (typeof value === "string") {
      const position = Number(placed.exec(value)?.[1] ?? 0);
      const at = position - this.#from;
      return at > 0 && ((this.#otherwise[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
    }
    return (
      typeof value === "object" && value !== null && Object.values(value).some((one) => this.#speaksOfOtherwise(one))
    );
  }
}

/** An id of anything: see ids.ts. */
const placed = /^[a-z]+-([1-9][0-9]{0,15})-(?:0|[1-9][0-9]{0,5})$/;

function wordOf(outcome: Outcome): string {
  if ("refusal" in outcome) {
    const { refusal } = outcome;
    const code: RefusalCode = refusal.code === "batch_refused" ? refusal.refusal.code : refusal.code;
    return code;
  }
  // A warning says how a budget stands, not what came of what was asked.
  return outcome.events
    .filter(({ type }) => type !== "budget.warned")
    .map(doneBy)
    .join(", ");
}

function doneBy(event: KernelEvent): string {
  return event.type === "objective.judged" ? `${event.type} ${event.met ? "met" : "not met"}` : event.type;
}

function bookedIn(outcome: Outcome): Amounts {
  if ("refusal" in outcome) return noAmounts;
  let sum = noAmounts;
  for (const event of outcome.events)
    if (event.type === "effect.settled" || event.type === "effect.owed") sum = addAmounts(sum, event.booked);
  return sum;
}
