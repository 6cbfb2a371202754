/**
 * The effect gate: follows the log, performs each effect that the kernel allowed, and settles it.
 *
 * It sees the log only through the machine port. It holds nothing that a crash may not take: what is under way stands in the log, and
 * what is half applied stands in the folder of layers.
 */
import type { Caller, Effect, EffectId, EffectKind, FaultRecord, MachinePort, RecordedEntry } from "@toka/kernel";
import { approvalsIn, placeOf } from "@toka/kernel";
import { RuntimeFailure } from "../failure.ts";
import { notPerformed, perform, type Performance } from "../perform.ts";
import { discardLayer } from "../sandbox/layer.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { ToolCatalogue } from "../tools/tool.ts";
import { createDeadlines, type Deadlines } from "./approvals.ts";
import { standingOf } from "./authority.ts";
import { noHooks, type GateHooks } from "./hooks.ts";
import type { HostClock } from "./host-clock.ts";
import { layerOf } from "./layers.ts";
import { createOutputs, type OutputListener } from "./outputs.ts";
import { recoverLayers } from "./recover.ts";
import { settle, type SettlementMeans } from "./settlement.ts";
import { submitSurely } from "./surely.ts";
import { createTree } from "./tree.ts";

/**
 * Effects of a kind that are performed at once: each may hold its output twice in memory, and more boxes than processors only wait. The
 * programs of people have places of their own, since one may stay for an hour. Undos run one by one, so that none takes back what
 * another one is about to take back.
 */
const atOnce: Readonly<Record<EffectKind, number>> = { tool: 4, code: 8, undo: 1 };

/** What the gate is built from. */
export interface RuntimeOptions {
  readonly machine: MachinePort;
  /** The host principal, which alone starts and settles. */
  readonly host: Caller;
  readonly sandbox: Sandbox;
  readonly tools: ToolCatalogue;
  /** Absolute folder for the layers of runs, of this vault alone. */
  readonly layersDir: string;
  /** Absolute paths that no box shows, whatever is claimed below them, such as the vault's own folder. */
  readonly hiddenPaths: readonly string[];
  /** Folders below a hidden path whose content can be claimed all the same, such as that of deliverables; none when absent. */
  readonly outputPaths?: readonly string[];
  readonly clock: HostClock;
  /** Told once when the gate can go on no longer; effects then stay in the log until a next start. */
  readonly onFailure: (failure: unknown) => void;
  readonly hooks?: GateHooks;
}

/** The gate of one vault. */
export interface Runtime {
  /**
   * Recovers what an earlier process left, then follows the log.
   * @returns when recovery is done and new effects will be performed
   * @throws a failure when the log or a layer cannot be read
   */
  start(): Promise<void>;
  /**
   * Ends every run and stops following the log. Runs that can be done again stay in the log for the next start.
   * @returns when no program of the gate is left
   */
  stop(): Promise<void>;
  /**
   * Listens to the output of the effect whose arguments have this commitment. Commitments are salted, so a caller knows his own before
   * he requests, and misses nothing.
   * @returns a function that stops listening
   */
  listen(argumentsCommitment: string, listener: OutputListener): () => void;
  /**
   * Waits until the tree holds the changes of every effect that is settled by now: call it before reading what an effect wrote.
   * @throws a failure `apply_failed` when changes could not be brought in, such as on a full disk; the next start tries again
   */
  whenApplied(): Promise<void>;
}

interface Waiting {
  readonly effect: Effect;
  readonly digest: string;
}

/**
 * Builds the gate.
 * @returns it, not yet started
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  return new Gate(options);
}

class Gate implements Runtime {
  readonly #options: RuntimeOptions;
  readonly #hooks: GateHooks;
  readonly #tree = createTree();
  readonly #outputs = createOutputs();
  readonly #deadlines: Deadlines;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<EffectId, { readonly effect: Effect; readonly controller: AbortController }>();
  readonly #work = new Set<Promise<void>>();
  readonly #busy: Record<EffectKind, number> = { tool: 0, code: 0, undo: 0 };
  readonly #stopping = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#hooks = options.hooks ?? noHooks;
    this.#deadlines = createDeadlines({ ...options, onFailure: (failure) => this.#fail(failure) });
  }

  async start(): Promise<void> {
    const { machine, layersDir } = this.#options;
    await recoverLayers(layersDir, this.#settlementMeans());
    const { position, effects } = await machine.view((state) => ({
      position: state.head.position,
      effects: [...state.effects.values()],
    }));
    for (const effect of effects) {
      const { status, approval, id } = effect;
      if (status === "awaiting" && approval !== null) this.#deadlines.watch(id, approval.deadlineMs);
      else if (status !== "owed") this.#waiting.push({ effect, digest: await requestDigest(machine, id) });
    }
    await this.#giveUpUnauthorised();
    this.#following = this.#follow(position);
    this.#fill();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { controller } of this.#running.values()) controller.abort("host_stopped");
    await this.#following;
    await this.#deadlines.stop();
    while (this.#work.size > 0) await Promise.all(this.#work);
    // A settlement that failed was told by `onFailure`; here only its end counts.
    await this.#tree.settled().catch(() => undefined);
  }

  listen(argumentsCommitment: string, listener: OutputListener): () => void {
    return this.#outputs.listen(argumentsCommitment, listener);
  }

  whenApplied(): Promise<void> {
    return this.#tree.settled();
  }

  async #follow(position: number): Promise<void> {
    try {
      for await (const recorded of this.#options.machine.watch(position, { signal: this.#stopping.signal }))
        await this.#see(recorded);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#fail(error);
    }
  }

  async #see({ entry, digest }: RecordedEntry): Promise<void> {
    if (!("events" in entry.outcome)) return;
    let authorityMayHaveEnded = false;
    for (const event of entry.outcome.events) {
      if (event.type === "effect.requested") await this.#queue(event.effect, digest);
      else if (event.type === "approval.requested") this.#deadlines.watch(event.effect, event.deadlineMs);
      else if (
        event.type === "approval.allowed" ||
        event.type === "approval.denied" ||
        event.type === "approval.expired"
      ) {
        this.#deadlines.forget(event.effect);
        // Under the digest of its request, as always: an answer may come after several starts of the process.
        if (event.type === "approval.allowed") {
          await this.#queue(event.effect, await requestDigest(this.#options.machine, event.effect));
        }
      }
      authorityMayHaveEnded ||= event.type === "grant.revoked" || event.type === "agent.terminated";
    }
    if (authorityMayHaveEnded) {
      await this.#abortUnauthorised();
      await this.#giveUpUnauthorised();
    }
    this.#fill();
  }

  async #queue(id: EffectId, digest: string): Promise<void> {
    const effect = await this.#options.machine.view((state) => state.effects.get(id));
    if (effect !== undefined) this.#waiting.push({ effect, digest });
  }

  /** What waits for an approval and is nobody's any more waits for nothing. */
  async #giveUpUnauthorised(): Promise<void> {
    const { machine, clock, layersDir } = this.#options;
    const nowMs = clock.nowMs();
    const orphaned = await machine.view((state) =>
      approvalsIn(state).flatMap(({ effect }) => {
        const standing = standingOf(state, { effect, nowMs });
        return standing.live ? [] : [{ effect, code: standing.code }];
      }),
    );
    for (const { effect, code } of orphaned) {
      const message = `Cannot begin the effect: ${code.replaceAll("_", " ")}`;
      const verdict = { outcome: "aborted", code, message } as const;
      const performance = notPerformed(effect, { verdict, seal: machine.seal.bind(machine) });
      const causes = causesOf(effect);
      this.#deadlines.forget(effect.id);
      await settle({ effect, causes, layer: layerOf(layersDir, effect.id), performance }, this.#settlementMeans());
    }
  }

  async #abortUnauthorised(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const running = [...this.#running.values()];
    const ended = await this.#options.machine.view((state) =>
      running.flatMap(({ effect, controller }) => {
        const standing = standingOf(state, { effect, nowMs });
        return standing.live ? [] : [{ controller, code: standing.code }];
      }),
    );
    for (const { controller, code } of ended) controller.abort(code);
  }

  #fill(): void {
    while (!this.#stopping.signal.aborted && !this.#failed) {
      const index = this.#waiting.findIndex(({ effect }) => this.#busy[effect.kind] < atOnce[effect.kind]);
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (next === undefined) return;
      const { kind } = next.effect;
      this.#busy[kind] += 1;
      const work = this.#take(next)
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#work.delete(work);
          this.#busy[kind] -= 1;
          this.#fill();
        });
      this.#work.add(work);
    }
  }

  async #take({ effect, digest }: Waiting): Promise<void> {
    const controller = new AbortController();
    this.#running.set(effect.id, { effect, controller });
    try {
      await this.#hooks.at("after-request-seen", effect.id);
      const layer = layerOf(this.#options.layersDir, effect.id);
      const causes = causesOf(effect);
      const performance = await this.#perform({ effect, digest }, { layer, causes, signal: controller.signal });
      if (performance === undefined) return;
      await this.#hooks.at("after-perform", effect.id);
      await settle({ effect, causes, layer, performance }, this.#settlementMeans());
    } finally {
      this.#running.delete(effect.id);
    }
  }

  /** @returns undefined when the effect is left to the next start, or is no longer anybody's to perform */
  async #perform(
    { effect, digest }: Waiting,
    { layer, causes, signal }: { readonly layer: string; readonly causes: number[]; readonly signal: AbortSignal },
  ): Promise<Performance | undefined> {
    const { machine, clock, sandbox, tools, hiddenPaths, outputPaths = [] } = this.#options;
    const seal = machine.seal.bind(machine);
    const unable = (verdict: Performance["verdict"]): Performance => notPerformed(effect, { verdict, seal });
    const once = effect.sideEffect === "external" || effect.sideEffect === "privileged";
    if (once && effect.status === "started") {
      return unable({
        outcome: "unknown",
        code: "host_stopped",
        message: "Cannot tell what came of the effect: the host stopped while it was under way",
      });
    }
    const nowMs = clock.nowMs();
    const standing = await machine.view((state) => standingOf(state, { effect, nowMs }));
    if (!standing.live) {
      if (standing.code === "effect_settled") return undefined;
      return unable({
        outcome: "aborted",
        code: standing.code,
        message: `Cannot begin the effect: ${standing.code.replaceAll("_", " ")}`,
      });
    }
    if (once && effect.status !== "started") {
      const refused = await this.#start(effect, causes);
      if (refused !== undefined) {
        return unable({
          outcome: "aborted",
          code: refused,
          message: `Cannot begin the effect: the kernel refused its start: ${refused}`,
        });
      }
    }
    // What led to this effect may have been settled a moment ago; its changes must be in the tree first.
    await this.#tree.settled();
    const performance = await perform(
      {
        effect,
        arguments: await machine.payload(effect.arguments),
        idempotencyKey: digest,
        tool: effect.tool === null ? undefined : tools.tool(effect.tool),
        layer,
        hiddenPaths,
        outputPaths,
        authorityMs: standing.endsAtMs === null ? null : standing.endsAtMs - nowMs,
      },
      { sandbox, seal, log: machine, signal, onOutput: this.#outputs.for(effect.arguments.commitment) },
    );
    const stopped = this.#stopping.signal.aborted && performance.verdict.outcome === "aborted";
    if (!stopped) return performance;
    // What can be done again is done again by the next start, under the same idempotency key.
    discardLayer(layer);
    return undefined;
  }

  /** @returns why the kernel refused it, or undefined when the start is durable */
  async #start(effect: Effect, causes: number[]): Promise<string | undefined> {
    const { machine, host, clock } = this.#options;
    const receipt = await submitSurely(machine, {
      operation: { type: "effect.start", effect: effect.id },
      host,
      clock,
      causes,
      isDone: () => machine.view((state) => state.effects.get(effect.id)?.status === "started"),
    });
    if (receipt !== undefined && "refusal" in receipt.outcome) return receipt.outcome.refusal.code;
    if (typeof receipt?.position === "number") causes.push(receipt.position);
    await this.#hooks.at("after-start", effect.id);
    return undefined;
  }

  #settlementMeans(): SettlementMeans {
    const { machine, host, clock } = this.#options;
    return {
      machine,
      host,
      clock,
      tree: this.#tree,
      hooks: this.#hooks,
      onUnapplied: async ({ message }) => {
        const fault: FaultRecord = {
          type: "fault.record",
          category: "storage",
          code: 1,
          severity: "error",
          component: "runtime",
          message: message.slice(0, 1000),
          principal: null,
          count: 1,
        };
        await machine.submit(fault, { caller: host });
      },
    };
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stopping.abort();
    for (const { controller } of this.#running.values()) controller.abort("host_stopped");
    this.#options.onFailure(error);
  }
}

async function requestDigest(machine: MachinePort, effect: EffectId): Promise<string> {
  const { position } = placeOf(effect);
  const [recorded] = await machine.read(position - 1, { limit: 1 });
  if (recorded?.entry.position !== position) {
    throw new RuntimeFailure(`Cannot go on with ${effect}: the log has no entry ${position}`, {
      code: "entry_missing",
      retry: "never",
    });
  }
  return recorded.digest;
}

/** What led to an effect being performed: the request, and the answer that allowed it where one was needed. */
function causesOf({ id, approval }: Effect): number[] {
  const by = approval?.by ?? null;
  return [placeOf(id).position, ...(by === null ? [] : [by.position])];
}
