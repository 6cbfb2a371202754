/**
 * Tries a bundle before a vault has it: calls are drawn from what it says of itself and run here as in a vault, in the engine that
 * decides and in another. What it finds is wrong; that it finds nothing proves nothing.
 */
import { type FamilyAnswer, type FamilyCalling, genesisIds, takeFamilyAnswer } from "@toka/kernel";
import { digestOf } from "../../digest.ts";
import { engineVersion, type FamilyDescription, type FamilyEngine } from "../engine.ts";
import { type DrawnCall, drawCalls } from "./draw-calls.ts";
import { loadSecond, type SecondAnswer, type SecondEngine } from "./second-engine.ts";

/** Whoever asks: it need not be anybody, since a bundle sees the name alone. */
const principal = genesisIds.root;

/** What can be wrong with a bundle. */
export type BundleFault =
  | "unreadable"
  | "imports"
  | "clock"
  | "chance"
  | "mutates"
  | "throws"
  | "steps"
  | "memory"
  | "answer"
  | "remembers"
  | "differs"
  | "grows";

/** One thing that is wrong, where it was met first. */
export interface BundleFinding {
  readonly fault: BundleFault;
  /** The call that showed it; null when it is the bundle as a whole. */
  readonly call: DrawnCall | null;
  readonly message: string;
}

/** What trying a bundle came to. */
export interface BundleReport {
  readonly family: string | null;
  readonly version: number | null;
  readonly seed: number;
  readonly calls: number;
  /** Calls that led to events; with none, little was tried. */
  readonly accepted: number;
  readonly findings: readonly BundleFinding[];
}

/** Rounds, of which each asks the same calls again. */
const rounds = 8;
/** In so many rounds at the end rows must have grown each time: what a round of the same calls writes, the next writes over. */
const roundsGrownMax = 4;

/**
 * Tries a bundle.
 *
 * @param text - the bundle
 * @param options - the engine that decides, the seed that calls are drawn from, and how many of them a round has
 * @returns what was found, each fault once
 */
export function checkBundle(
  text: string,
  { engine, seed, perRound }: { readonly engine: FamilyEngine; readonly seed: number; readonly perRound: number },
): BundleReport {
  const description = engine.describe(text);
  const none = { family: null, version: null, seed, calls: 0, accepted: 0 };
  // Before anything is run in an engine that has more than the other. It is found in words of the language alone, not in names.
  if (/\bimport\s*[(/.<-]/u.test(text))
    return {
      ...none,
      findings: [{ fault: "imports", call: null, message: "a bundle is one script and imports nothing" }],
    };
  if ("problem" in description) {
    const message = description.problem;
    const named = /\b(Date|performance)\b.* is not defined/u.test(message) ? "clock" : "unreadable";
    return { ...none, findings: [{ fault: named, call: null, message }] };
  }
  const trial = new Trial(text, { engine, description });
  const drawn = drawCalls(description, { seed, count: perRound });
  for (let round = 0; round < rounds; round += 1) trial.round(drawn);
  const { prefix: family, version } = description;
  return { family, version, seed, calls: trial.calls, accepted: trial.accepted, findings: trial.findings() };
}

class Trial {
  readonly #text: string;
  readonly #engine: FamilyEngine;
  readonly #asked: Omit<FamilyCalling, "read" | "verb" | "body" | "timeMs" | "position">;
  readonly #second: SecondEngine;
  readonly #watch: SecondEngine;
  readonly #rows = new Map<string, string>();
  readonly #found = new Map<string, BundleFinding>();
  readonly #sizes: { readonly rows: number; readonly chars: number }[] = [];
  /** Characters that a round may add, one for each call: numbers become longer, and ever less often. */
  #sparedChars = 0;
  #halted = false;
  calls = 0;
  accepted = 0;

  constructor(
    text: string,
    { engine, description }: { readonly engine: FamilyEngine; readonly description: FamilyDescription },
  ) {
    this.#text = text;
    this.#engine = engine;
    this.#second = loadSecond(text, { watched: false });
    this.#watch = loadSecond(text, { watched: true });
    const { prefix: family, version } = description;
    const program = digestOf(text);
    const bundle = { commitment: program, size: Buffer.byteLength(text) };
    this.#asked = { family, version, program, engine: engineVersion, bundle, principal, agent: null };
  }

  round(drawn: readonly DrawnCall[]): void {
    for (const call of drawn) if (!this.#halted) this.#try(call);
    this.#sparedChars = drawn.length;
    let chars = 0;
    for (const [key, value] of this.#rows) chars += key.length + value.length;
    this.#sizes.push({ rows: this.#rows.size, chars });
  }

  findings(): readonly BundleFinding[] {
    const last = this.#sizes.slice(-roundsGrownMax - 1);
    const grown = last.filter((size, index) => {
      const before = last[index - 1];
      return before !== undefined && (size.rows > before.rows || size.chars > before.chars + this.#sparedChars);
    });
    const { rows = 0, chars = 0 } = last.at(-1) ?? {};
    const asked = `the same calls, asked ${rounds} times over, leave ever more: ${rows} rows of ${chars} characters`;
    if (grown.length === roundsGrownMax) this.#note({ fault: "grows", call: null, message: asked });
    return [...this.#found.values()];
  }

  #try(call: DrawnCall): void {
    this.calls += 1;
    const calling = { ...this.#asked, ...call, position: this.calls, timeMs: 1_800_000_000_000 + this.calls * 1000 };
    const read = (key: string): string | undefined => this.#rows.get(key);
    const answer = this.#engine.answer(this.#text, { ...calling, read });
    if ("failed" in answer && (answer.failed === "steps" || answer.failed === "memory")) {
      // In the other engine nobody counts.
      this.#halted = true;
      return this.#note({ fault: answer.failed, call, message: answer.message });
    }
    const second = this.#second.answer(calling, this.#rows);
    if ("endless" in second) {
      this.#halted = true;
      return this.#note({
        fault: "differs",
        call,
        message: "it ends in the engine of vaults, and in Node it does not",
      });
    }
    this.#watch.answer(calling, this.#rows);
    const reached = this.#watch.reached();
    for (const fault of reached)
      this.#note({
        fault,
        call,
        message: `it asks for ${fault === "clock" ? "the time" : "chance"}, and there is none`,
      });
    this.#compare(call, {
      answer,
      second,
      fresh: () => loadSecond(this.#text, { watched: false }).answer(calling, this.#rows),
    });
    if ("failed" in answer && reached.length === 0) this.#note({ ...named(answer, second), call });
    const row = { ...this.#asked, id: this.#asked.family, rows: 0, chars: 0 };
    const taken = takeFamilyAnswer(row, { answer, read });
    if ("refused" in taken) {
      const { refused } = taken;
      if (refused.code === "family_failed" && refused.reason === "answer")
        this.#note({ fault: "answer", call, message: refused.message });
      return;
    }
    this.accepted += 1;
    for (const { writes } of taken.accepted)
      for (const { key, value } of writes) {
        if (value === null) this.#rows.delete(key);
        else this.#rows.set(key, value);
      }
  }

  #compare(
    call: DrawnCall,
    given: { readonly answer: FamilyAnswer; readonly second: SecondAnswer; readonly fresh: () => SecondAnswer },
  ): void {
    const one = comparable(given.answer);
    const other = comparable(given.second);
    if (one === other || this.#found.has(`remembers ${call.verb}`) || this.#found.has(`differs ${call.verb}`)) return;
    if (comparable(given.fresh()) === one)
      this.#note({
        fault: "remembers",
        call,
        message: "it answers by what an earlier call left in its variables, which no vault keeps",
      });
    else {
      const message = `the engine of vaults says ${one.slice(0, 200)}, Node says ${other.slice(0, 200)}`;
      this.#note({ fault: "differs", call, message });
    }
  }

  #note(finding: BundleFinding): void {
    const key = `${finding.fault} ${finding.call?.verb ?? ""}`;
    if (!this.#found.has(key)) this.#found.set(key, finding);
  }
}

// Each engine throws in words of its own.
function comparable(answer: FamilyAnswer | SecondAnswer): string {
  if ("failed" in answer) return answer.failed;
  return "endless" in answer ? "endless" : JSON.stringify(answer);
}

/** What a throw is about: it is named by the words of the prelude, and by those of V8 for what is frozen. */
function named(
  answer: { readonly failed: string; readonly message: string },
  second: SecondAnswer,
): Pick<BundleFinding, "fault" | "message"> {
  const { message } = answer;
  const other = "failed" in second ? second.message : "";
  if (/read only property|not extensible|Cannot (?:delete|add|redefine) property/u.test(other))
    return { fault: "mutates", message: `it changes what it was given, or what all share: ${other}` };
  const ofAnswer =
    / holds | nests too deep|which only drop says|is not declared|gave something|neither events|: wanted |is missing, wanted|is not known|key of a row/u;
  return { fault: ofAnswer.test(message) ? "answer" : "throws", message };
}
