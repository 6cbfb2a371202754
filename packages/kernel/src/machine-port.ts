/** The port through which agents, runtime and service see the log: types only, implemented by the store. */
import type { Content } from "./content.ts";
import type { Entry, Outcome } from "./entry.ts";
import type { Digest, GrantId, PrincipalId } from "./ids.ts";
import type { Operation } from "./operation.ts";
import type { Proof } from "./stamp.ts";
import type { KernelState } from "./state/state.ts";

/** Who asks, as the host attests it. */
export interface Caller {
  readonly principal: PrincipalId;
  /** Null only for the host's own operations. */
  readonly grant: GrantId | null;
  readonly proof: Proof;
}

/** Bytes with their commitment, not stored before an operation that names them is. */
export interface PayloadDraft {
  readonly content: Content;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  readonly bytes: Uint8Array;
  /** Contents that these bytes name, kept as long as they are. */
  readonly references?: readonly Content[];
}

/** The answer to an operation. */
export interface Receipt {
  /** Null: refused, and not recorded singly. */
  readonly position: number | null;
  readonly digest: Digest | null;
  readonly outcome: Outcome;
}

/** A durable entry with its digest. */
export interface RecordedEntry {
  readonly entry: Entry;
  readonly digest: Digest;
}

/** What the kernel's compiler knows of an `AbortSignal`, which is what callers pass. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** By what entries are found; what is given must all hold. */
export interface EntryFilter {
  /**
   * Id or name of an agent that an entry concerns: that made it, that it is about, or for whom something was made that the
   * entry names.
   */
  readonly agent?: string;
  /** Id of a session that it names, or that such an agent is of. */
  readonly session?: string;
  /** Type of the operation, or of one in a batch, such as `effect.request`; `effect.*` is any of the area. */
  readonly kind?: string;
  /** Position of an entry that it names as what led to it. */
  readonly cause?: number;
  /** Entries that settle an effect which changed something, or ask for an undo; a few others may be among them. */
  readonly changes?: true;
}

/** The log and the state, as everybody above the store sees them. */
export interface MachinePort {
  /**
   * Has an operation decided and made durable.
   *
   * @returns the receipt, after the entry is durable
   * @throws a failure, for instance `outcome_unknown` when the log did not answer
   */
  submit(
    operation: Operation,
    options: {
      readonly caller: Caller;
      /** Positions of entries that led here, at most 16. */
      readonly causes?: readonly number[];
      /** The bytes behind the contents that the operation names. */
      readonly payloads?: readonly PayloadDraft[];
    },
  ): Promise<Receipt>;

  /** Reads the durable state; what `select` returns must not hold on to tables. */
  view<T>(select: (state: KernelState) => T): Promise<T>;

  /** Every durable entry after a position that passes the filter, if there is one, none lost, then live ones, until the signal. */
  watch(
    after: number,
    options: { readonly signal: StopSignal; readonly filter?: EntryFilter },
  ): AsyncIterable<RecordedEntry>;

  /** Durable entries after a position, oldest first, at most `limit`. */
  read(after: number, options: { readonly limit: number }): Promise<readonly RecordedEntry[]>;

  /**
   * Durable entries after a position that pass a filter, oldest first, at most `limit`: found by an index, so that those
   * between cost nothing.
   */
  find(
    filter: EntryFilter,
    options: { readonly after: number; readonly limit: number },
  ): Promise<readonly RecordedEntry[]>;

  /** Salts bytes and commits to them; a string is taken as UTF-8. Nothing is stored. */
  seal(bytes: Uint8Array | string, references?: readonly Content[]): PayloadDraft;

  /** The bytes behind a content; undefined when they were erased or never stored. */
  payload(content: Content): Promise<Uint8Array | undefined>;
}
