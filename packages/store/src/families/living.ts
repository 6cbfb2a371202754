/** Families as the machine has them decided: the engine and the bundles are fetched before anything is decided that needs them. */
import type {
  Families,
  FamilyAnswer,
  FamilyCalling,
  KernelState,
  Operation,
  PayloadDraft,
  PlainOperation,
} from "@toka/kernel";
import { digestOf } from "../digest.ts";
import { StoreFailure } from "../failure.ts";
import { engineVersion, type FamilyEngine } from "./engine.ts";

/** Where bundles come from. */
export interface BundleSource {
  /** The state as it stands. */
  readonly state: () => KernelState | undefined;
  /** The bytes behind a commitment; undefined when they are gone. */
  readonly payload: (commitment: string) => Promise<Uint8Array | undefined>;
}

/** The engine of one machine, with the bundles that were used. */
export class LivingFamilies implements Families {
  readonly #source: BundleSource;
  /** By commitment. */
  readonly #bundles = new Map<string, string>();
  #engine: FamilyEngine | undefined;

  /** @param source of the bundles */
  constructor(source: BundleSource) {
    this.#source = source;
  }

  /**
   * Whether an operation needs what `prepare` fetches.
   *
   * @returns false for all but those of families
   */
  concerns(operation: Operation): boolean {
    return operation.type === "batch" ? operation.operations.some(isOfFamily) : isOfFamily(operation);
  }

  /**
   * Fetches what deciding an operation takes.
   *
   * @param operation one of a family, or a batch with one
   * @param payloads that came with it
   * @throws StoreFailure `operation_malformed` when a bundle is not the program that it is called
   */
  async prepare(operation: Operation, payloads: readonly PayloadDraft[]): Promise<void> {
    const { loadFamilyEngine } = await import("./load-engine.ts");
    this.#engine ??= await loadFamilyEngine();
    for (const one of operation.type === "batch" ? operation.operations : [operation]) {
      if (one.type === "family.enable") this.#bring(one, payloads);
      if (one.type !== "family.call") continue;
      const family = this.#source.state()?.families.get(one.family);
      if (family === undefined || this.#bundles.has(family.bundle.commitment)) continue;
      const { commitment } = family.bundle;
      const bytes = await this.#source.payload(commitment);
      if (bytes !== undefined && digestOf(bytes) === family.program)
        this.#bundles.set(commitment, Buffer.from(bytes).toString("utf8"));
    }
  }

  answer(calling: FamilyCalling): FamilyAnswer {
    const bundle = this.#bundles.get(calling.bundle.commitment);
    return bundle === undefined || this.#engine === undefined ? { absent: true } : this.#engine.answer(bundle, calling);
  }

  #bring(
    { family, program, bundle, engine }: Extract<PlainOperation, { readonly type: "family.enable" }>,
    payloads: readonly PayloadDraft[],
  ): void {
    if (engine !== engineVersion)
      throw new StoreFailure("operation_malformed", {
        message: `Cannot enable the family ${family}: found the engine ${engine}, wanted ${engineVersion}`,
        retry: "never",
      });
    const draft = payloads.find(({ content }) => content.commitment === bundle.commitment);
    if (draft === undefined) return;
    const found = digestOf(draft.bytes);
    if (found !== program)
      throw new StoreFailure("operation_malformed", {
        message: `Cannot enable the family ${family}: its bundle has the digest ${found}, wanted ${program}`,
        retry: "never",
      });
    this.#bundles.set(bundle.commitment, Buffer.from(draft.bytes).toString("utf8"));
  }
}

function isOfFamily({ type }: PlainOperation): boolean {
  return type === "family.call" || type === "family.enable";
}
