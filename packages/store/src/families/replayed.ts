/**
 * Families as a verifier decides them again: with the bundle that the log names, where it is there. Where it is not, the answer is
 * taken from the entry itself; all around it is decided again, and the entry is *hash only*.
 */
import { decodeEntry, partsOf, type Families, type FamilyAnswer, type FamilyCalling } from "@toka/kernel";
import type { FamilyEngine } from "./engine.ts";

/** What a verifier has of families. */
export interface ReplayParts {
  readonly engine: FamilyEngine | undefined;
  /** The bundle behind a commitment, its bytes compared with it; undefined when it is not there. */
  readonly bundle: (commitment: string) => string | undefined;
}

/** Thrown inside a decision that cannot be made again, since what it rests on is not recorded; never leaves verification. */
export class Undecidable extends Error {}

/** The families of one verification. */
export class ReplayedFamilies implements Families {
  readonly #parts: ReplayParts;
  readonly #bundles = new Map<string, string | undefined>();
  #text = "";
  #calls = 0;
  #recorded = false;

  /** @param parts what there is */
  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /** Whether an answer was taken from the entry since `begin`. */
  get isRecorded(): boolean {
    return this.#recorded;
  }

  /** Begins with an entry, by its text. */
  begin(text: string): void {
    this.#text = text;
    this.#calls = 0;
    this.#recorded = false;
  }

  answer(calling: FamilyCalling): FamilyAnswer {
    this.#calls += 1;
    const bundle = this.#bundleOf(calling.bundle.commitment);
    const answer: FamilyAnswer =
      bundle === undefined || this.#parts.engine === undefined
        ? { absent: true }
        : this.#parts.engine.answer(bundle, calling);
    if (!("absent" in answer)) return answer;
    this.#recorded = true;
    return this.#answerRecorded();
  }

  #bundleOf(commitment: string): string | undefined {
    if (!this.#bundles.has(commitment)) this.#bundles.set(commitment, this.#parts.bundle(commitment));
    return this.#bundles.get(commitment);
  }

  #answerRecorded(): FamilyAnswer {
    const entry = decodeEntry(this.#text);
    const calls = partsOf(entry).filter(({ operation }) => operation.type === "family.call");
    const happened = calls[this.#calls - 1]?.events.filter((event) => event.type === "family.happened") ?? [];
    if ("refusal" in entry.outcome || happened.length === 0) throw new Undecidable();
    return { events: happened.map(({ name, body, writes }) => ({ name, body, writes })) };
  }
}
