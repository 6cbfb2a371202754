/** The kernel alone, without a store: decides and applies at once. For properties that need thousands of runs. */
import {
  applyEntry,
  decide,
  emptyState,
  genesisIds,
  genesisPrevious,
  type Content,
  type KernelEvent,
  type KernelState,
  type Operation,
  type PayloadDraft,
  type PrincipalId,
  type GrantId,
  type Refusal,
} from "@toka/kernel";

const proof = { method: "local-uid", digest: `sha256:${"A".repeat(43)}` } as const;

/** What came of an operation. */
export type Answer = { readonly events: readonly KernelEvent[] } | { readonly refusal: Refusal };

/** A vault in memory whose time the test moves. */
export class PureVault {
  readonly state: KernelState = emptyState();
  readonly #payloads = new Map<string, Uint8Array>();
  timeMs = 1_800_000_000_000;

  constructor() {
    this.ask(
      {
        type: "vault.open",
        format: 1,
        vault: `vault-${"0".repeat(32)}`,
        name: "pure",
        host: "host",
        root: "operator",
        allotment: { cpuMs: 1e9, wallMs: 1e9, toolCalls: 1e6, memoryBytes: 2 ** 40, storedBytes: 2 ** 40 },
        held: false,
      },
      { principal: genesisIds.host, grant: null },
    );
  }

  /** Has an operation decided, by the operator unless said otherwise, and applies what was decided. */
  ask(
    operation: Operation,
    who: { readonly principal: PrincipalId; readonly grant: GrantId | null } = {
      principal: genesisIds.root,
      grant: genesisIds.rootGrant,
    },
  ): Answer {
    const stamp = { timeMs: this.timeMs, principal: who.principal, grant: who.grant, causes: [], proof };
    const decision = decide(this.state, operation, stamp);
    if ("refused" in decision && !decision.recorded) return { refusal: decision.refused };
    const outcome =
      "refused" in decision
        ? { refusal: decision.refused }
        : { events: decision.accepted, ...(decision.counts === undefined ? {} : { counts: decision.counts }) };
    applyEntry(this.state, {
      position: this.state.head.position + 1,
      previous: genesisPrevious,
      stamp,
      operation,
      outcome,
    });
    return outcome;
  }

  /** Seals without salt: here nobody guesses. */
  seal(bytes: Uint8Array | string): PayloadDraft {
    const raw = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    const number = String(this.#payloads.size).padStart(42, "0");
    const content: Content = { commitment: `sha256:${number}A`, size: raw.byteLength };
    this.#payloads.set(content.commitment, raw);
    return { content, salt: new Uint8Array(16), bytes: raw };
  }

  /** The bytes behind a content. */
  async payload(content: Content): Promise<Uint8Array | undefined> {
    return this.#payloads.get(content.commitment);
  }
}
