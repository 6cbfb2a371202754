/** Turns what the kernel's generators draw into what a machine takes: every content gets bytes, every tool its program. */
import type { Digest, Operation, PayloadDraft } from "@toka/kernel";
import { parseOperation } from "@toka/kernel";
import { someDigest, type Draft } from "../packages/kernel/test/world.ts";
import { seal } from "../packages/store/src/contents.ts";
import type { Random } from "./random.ts";
import type { SimulatedTools } from "./tools.ts";

/** An operation, with the payloads that its contents stand for. */
export interface Furnished {
  readonly operation: Operation;
  readonly payloads: readonly PayloadDraft[];
}

/** Makes drafts into operations, and remembers what it sealed. */
export class Furnisher {
  readonly #random: Random;
  readonly #tools: SimulatedTools;
  /** Sealed before, and in the log if their operations are. */
  readonly #sealed: PayloadDraft[] = [];
  /** Everything ever sealed, by commitment. */
  readonly drafts: Map<string, PayloadDraft> = new Map<string, PayloadDraft>();
  #count = 0;

  constructor(random: Random, tools: SimulatedTools) {
    this.#random = random;
    this.#tools = tools;
  }

  /**
   * Furnishes a draft.
   *
   * @returns the operation; undefined for what no simulated host performs
   */
  furnish(draft: Draft): Furnished | undefined {
    const payloads: PayloadDraft[] = [];
    const full = this.#full(draft, payloads);
    if (typeof full !== "object" || full === null || holdsUndo(full)) return undefined;
    return { operation: parseOperation(full), payloads };
  }

  #full(value: unknown, payloads: PayloadDraft[]): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#full(one, payloads));
    if (typeof value === "string") return value.replace("/w/", `${this.#tools.dir}/w/`);
    if (typeof value !== "object" || value === null) return value;
    if ("commitment" in value && "size" in value) return this.#content(payloads);
    const full = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, this.#full(part, payloads)]));
    const { type, name, program } = full;
    if (type === "payload.erase") return { ...full, payloads: this.#erased() };
    // The generator knows of one program that is right, and of one that is another.
    if ((type === "tool.register" || type === "tool.update") && program === someDigest)
      return { ...full, program: this.#program(String(name)) };
    return full;
  }

  /** Contents used before, each once; some of them may be lost, needed or gone. */
  #erased(): readonly Digest[] {
    const random = this.#random;
    const known = this.#sealed;
    if (known.length === 0) return [someDigest];
    const drawn = Array.from({ length: 1 + random.below(3) }, () => random.of(known).content.commitment);
    return [...new Set(drawn)];
  }

  #program(name: string): Digest {
    return this.#tools.programs.get(name) ?? someDigest;
  }

  /** A content of its own, mostly; sometimes one that was used before, which may be lost, or one that names others. */
  #content(payloads: PayloadDraft[]): PayloadDraft["content"] {
    const random = this.#random;
    const known = this.#sealed;
    const again = known.length > 0 && random.chance(150) ? random.of(known) : undefined;
    if (again !== undefined && random.chance(500)) return again.content;
    const draft = again ?? this.#fresh();
    payloads.push(draft);
    for (const reference of draft.references ?? []) {
      const child = known.find(({ content }) => content.commitment === reference.commitment);
      if (child !== undefined) payloads.push(child);
    }
    return draft.content;
  }

  #fresh(): PayloadDraft {
    const random = this.#random;
    this.#count += 1;
    const size = random.chance(50) ? random.below(3_000) : random.below(80);
    const leaves = this.#sealed.filter(({ references = [] }) => references.length === 0);
    const children = leaves.length > 0 && random.chance(100) ? [random.of(leaves).content] : [];
    const draft = seal(`content ${this.#count} ${"x".repeat(size)}`, children);
    this.#sealed.push(draft);
    this.drafts.set(draft.content.commitment, draft);
    // What is long gone is not named again.
    if (this.#sealed.length > 40) this.#sealed.shift();
    return draft;
  }
}

function holdsUndo(value: object): boolean {
  if ("kind" in value && value.kind === "undo") return true;
  return "operations" in value && Array.isArray(value.operations) && value.operations.some(holdsUndo);
}
