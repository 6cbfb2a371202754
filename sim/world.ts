/** A simulated world: a disk and a ledger that outlive every process, time, and what chance has in store. */
import type { MachinePort } from "@toka/kernel";
import type { Disk } from "../packages/store/src/backends/segments/disk.ts";
import type { Log } from "../packages/store/src/log.ts";
import { Counts } from "./counts.ts";
import { SimulatedDisk } from "./disk.ts";
import { Furnisher } from "./draft.ts";
import { Ledger } from "./ledger.ts";
import { Performances } from "./performer.ts";
import { Random } from "./random.ts";
import { Schedule } from "./schedule.ts";
import type { SimulatedTools } from "./tools.ts";

/** A bug that is planted at a port, to see that a simulation catches it. */
export interface Plant {
  readonly disk?: (disk: Disk, random: Random) => Disk;
  readonly log?: (log: Log, world: World) => Log;
  readonly gateMachine?: (machine: MachinePort) => MachinePort;
}

/** Where the clock of every world begins, ms since 1970. */
const startMs = 1_790_000_000_000;

/** One world. */
export class World {
  readonly random: Random;
  readonly nonceRandom: Random;
  readonly schedule: Schedule = new Schedule();
  readonly counts: Counts = new Counts();
  readonly ledger: Ledger = new Ledger();
  readonly performances: Performances = new Performances();
  readonly disk: SimulatedDisk;
  readonly furnisher: Furnisher;
  readonly tools: SimulatedTools;
  readonly plant: Plant;
  /** What was noticed beside the course of events. */
  broken: string | undefined;
  /** Tools and definition were registered once. */
  furnished = false;
  /** Whether the vault is made held. */
  readonly held: boolean;
  /** Whether the host's clock steps and jumps. */
  jumps = false;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  /** How far the host's clock is off. */
  #offMs = 0;

  constructor(seed: number, { tools, plant }: { readonly tools: SimulatedTools; readonly plant: Plant }) {
    this.random = new Random(seed);
    this.nonceRandom = this.random.fork();
    this.disk = new SimulatedDisk(this.schedule, { random: this.random.fork(), counts: this.counts });
    this.tools = tools;
    this.furnisher = new Furnisher(this.random.fork(), tools);
    this.plant = plant;
    this.held = this.random.chance(60);
  }

  /** @returns the host's time, ms since 1970 */
  hostMs(): number {
    return startMs + this.schedule.nowMs + this.#offMs;
  }

  /** The host's clock steps. */
  jump(ms: number): void {
    this.#offMs += ms;
    this.counts.add(ms < 0 ? "clock steps back" : ms > 86_400_000 ? "clock jumps by more than a day" : "clock jumps");
  }

  /** Writes down what happened. */
  trace(line: string): void {
    const told = `${String(this.schedule.nowMs).padStart(9)} ms  ${line}`;
    for (const char of told) this.#hash = Math.imul(this.#hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
    this.#lines.push(told);
    if (this.#lines.length > 60) this.#lines.shift();
  }

  /** @returns the last of what happened, a line each */
  lastLines(): string {
    return this.#lines.slice(-30).join("\n");
  }

  /** @returns 8 hexadecimal digits over everything that happened */
  digest(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** Somebody sets the host's clock right. */
  setClock(): void {
    this.#offMs = 0;
  }
}
