/** One life of the host's process: it opens what the last one left, serves, and ends with a kill or in order. */
import { genesisIds, parseOperation, type Caller, type Operation } from "@toka/kernel";
import { createRuntime, type Runtime } from "@toka/runtime";
import { join } from "node:path";
import { workerPart, toolOf } from "../packages/kernel/test/furnished.ts";
import { genesis, type Draft } from "../packages/kernel/test/world.ts";
import { createSegmentLog, openSegmentLog } from "../packages/store/src/backends/segments/log.ts";
import { checkpointKeyPurpose, originOf } from "../packages/store/src/checkpoint.ts";
import { Fold } from "../packages/store/src/fold.ts";
import { Keeper } from "../packages/store/src/keeper.ts";
import type { Log } from "../packages/store/src/log.ts";
import { Machine } from "../packages/store/src/machine.ts";
import { generateKey, signerOf } from "../packages/store/src/note.ts";
import { replay } from "../packages/store/src/replay.ts";
import { localProof } from "../packages/store/src/vault.ts";
import { wrapped } from "../packages/store/test/wrapped-log.ts";
import { contentOf } from "./audit.ts";
import { Broken } from "./ledger.ts";
import { simulatedSandbox } from "./performer.ts";
import type { World } from "./world.ts";

/** The operator. */
export const operator: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };

/** The host. */
export const host: Caller = { principal: genesisIds.host, grant: null, proof: localProof() };

const signer = signerOf(originOf(String(genesis["vault"])), generateKey());

const dayMs = 86_400_000;

/** Bytes from which a simulated segment is followed by another: a few dozen entries. */
const segmentBytes = 24_000;

/** An agent that has what it needs for most of what is drawn. */
const inhabitant: Draft = {
  type: "agent.spawn",
  definition: "definition-7-0",
  parent: null,
  session: null,
  permissions: workerPart.permissions,
  expiresAtMs: null,
  allotment: { tokens: 10_000, cpuMs: 10_000, wallMs: 100_000, toolCalls: 200, memoryBytes: 1_000, storedBytes: 1_000 },
  budget: genesisIds.rootBudget,
};

/** One life. */
export class Life {
  readonly #world: World;
  #gate: Runtime | undefined;
  /** Trouble that ends this life, told by whoever met it. */
  ended: unknown;
  machine!: Machine;
  /** A second writer of the same log, where there is one. */
  rival: Machine | undefined;
  keeper!: Keeper;
  log!: Log;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Opens the vault, made when there is none, compares it with what was told, and starts the gate.
   *
   * @throws what opening throws, or Broken
   */
  async begin({
    rival,
    gate,
    acceptsClock = false,
  }: {
    readonly rival: boolean;
    readonly gate: boolean;
    /** An operator confirms the clock, where it is more than a day ahead of the log. */
    readonly acceptsClock?: boolean;
  }): Promise<void> {
    const { ledger, plant } = this.#world;
    const opened = await this.#openLog();
    const log = wrapped(opened, {
      append: (expected, batch) => {
        ledger.asked(batch);
        return opened.append(expected, batch);
      },
    });
    this.log = plant.log?.(log, this.#world) ?? log;
    const { rows, checkpoints } = await contentOf(this.log);
    ledger.check(rows, checkpoints);
    const last = await this.log.lastCheckpoint();
    const parts = { log: this.log, signer, vault: String(genesis["vault"]), path: "", knownVaults: null };
    this.keeper = new Keeper(
      { ...parts, snapshotPath: "", onTrouble: () => this.#world.counts.add("checkpoint fails") },
      { checkpoint: last?.size ?? 0, snapshot: 0 },
    );
    this.machine = this.#machine(this.keeper);
    await this.machine.start();
    if (acceptsClock) await this.#acceptClock();
    await this.#furnish();
    // It keeps no checkpoints: one of the two does.
    if (rival) {
      this.rival = this.#machine(undefined);
      await this.rival.start();
    }
    if (gate) await this.#startGate();
    void this.#follow();
  }

  /** Signs a checkpoint of everything durable, and remembers that it is told of. */
  async checkpoint(): Promise<void> {
    const size = await this.machine.still(async (fold) => {
      await this.keeper.keep(fold, { snapshot: false });
      return fold.head.position;
    });
    const last = await this.log.lastCheckpoint();
    if (last === undefined || last.size < size) throw new Broken(`the checkpoint of size ${size} is not in the log`);
    this.#world.ledger.checkpointed(last);
  }

  /**
   * Ends in order.
   *
   * @throws a failure when the last entries could not be made durable
   */
  async end(): Promise<void> {
    await this.#gate?.stop();
    await this.rival?.close();
    await this.machine.close();
    await this.checkpoint();
    await this.log.close();
  }

  async #openLog(): Promise<Log> {
    const { disk, plant, random, nonceRandom } = this.#world;
    const mounted = disk.mount(this);
    const mount = plant.disk?.(mounted, random) ?? mounted;
    const options = { segmentBytes, nonce: () => nonceRandom.bytes(16) };
    try {
      return await openSegmentLog(mount, options);
    } catch (thrown) {
      if (!(thrown instanceof Error && "code" in thrown && thrown.code === "vault_absent")) throw thrown;
      await createSegmentLog(mount, options);
      return openSegmentLog(mount, options);
    }
  }

  #machine(keeper: Keeper | undefined): Machine {
    return new Machine({
      log: this.log,
      host,
      clock: () => this.#world.hostMs(),
      load: async () => {
        const fold = new Fold();
        await replay(fold, { log: this.log });
        return fold;
      },
      ...(keeper === undefined
        ? {}
        : {
            restsAfter: (entries) => keeper.isDue(entries),
            atRest: (fold) => keeper.atRest(fold),
          }),
    });
  }

  async #acceptClock(): Promise<void> {
    // The kernel's own time: a refusal for a jump moves it no further.
    const { position, timeMs } = await this.machine.view(({ head }) => ({ ...head }));
    const nowMs = this.#world.hostMs();
    if (position === 0 || nowMs - timeMs <= dayMs) return;
    this.#world.counts.add("clock confirmed");
    await this.machine.submit({ type: "clock.accept", timeMs: nowMs }, { caller: operator });
  }

  /** Genesis, tools and the definition, each unless it is there: a life before may have ended in the middle. */
  async #furnish(): Promise<void> {
    const { furnisher, tools } = this.#world;
    const ask = async (operation: Operation, by: Caller = host): Promise<void> => {
      const { position, digest } = await this.machine.submit(operation, { caller: by });
      if (position !== null && digest !== null) this.#world.ledger.told(position, digest);
    };
    const state = await this.machine.view(({ vault, lookup }) => ({
      open: vault !== null,
      tools: [...tools.programs.keys()].filter((name) => lookup.tool(name) !== undefined),
      definition: lookup.definition("worker") !== undefined,
    }));
    if (!state.open)
      await Promise.all([
        ask(parseOperation({ ...genesis, held: this.#world.held })),
        ask({ type: "key.record", publicKey: signer.verifier.text, purpose: checkpointKeyPurpose }),
      ]);
    const effects = { reader: "read_only", sender: "external", admin: "privileged", spare: "idempotent" };
    const drafts = Object.entries(effects).map(([name, sideEffect]) => toolOf(name, { sideEffect }));
    const inhabitants = ["first", "second"].map((name) => ({ ...inhabitant, name }));
    const missing = [
      ...drafts.filter(({ name }) => !state.tools.includes(String(name)) && !this.#world.furnished),
      ...(state.definition || this.#world.furnished
        ? []
        : [{ type: "definition.register", part: workerPart, source: { commitment: "", size: 0 } }, ...inhabitants]),
    ];
    for (const draft of missing) {
      const made = furnisher.furnish(draft);
      if (made === undefined) continue;
      const { position, digest } = await this.machine.submit(made.operation, {
        caller: operator,
        payloads: made.payloads,
      });
      if (position !== null && digest !== null) this.#world.ledger.told(position, digest);
    }
    this.#world.furnished = true;
  }

  async #startGate(): Promise<void> {
    const { schedule, tools, plant } = this.#world;
    const sandbox = simulatedSandbox(this, { ...this.#world, random: this.#world.random.fork() });
    const runtime = createRuntime({
      machine: plant.gateMachine?.(this.machine) ?? this.machine,
      host,
      sandbox,
      tools: tools.catalogue,
      layersDir: join(tools.dir, "layers"),
      hiddenPaths: [],
      clock: {
        nowMs: () => this.#world.hostMs(),
        after: (ms, task) => schedule.after(this, { ms, task }),
      },
      onFailure: (failure) => {
        this.#world.counts.add("gate gives up");
        this.ended ??= failure;
      },
    });
    this.#gate = runtime;
    await runtime.start();
  }

  /** Whoever follows the log is shown what is durable, and nothing twice. */
  async #follow(): Promise<void> {
    let after = 0;
    try {
      for await (const { entry, digest } of this.machine.watch(0, { signal: new AbortController().signal })) {
        if (entry.position !== after + 1)
          this.#world.broken ??= `a watcher is shown entry ${entry.position} after ${after}`;
        after = entry.position;
        this.#world.ledger.told(entry.position, digest);
      }
    } catch (thrown) {
      this.ended ??= thrown;
    }
  }
}
