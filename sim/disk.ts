/**
 * A simulated disk: a folder whose bytes and names last once they are synced, and of which a crash leaves anything in between.
 *
 * Each call takes virtual time twice: on its way to the disk and on its way back. A crash may fall before, behind and inside.
 */
import type { Disk, DiskFile } from "../packages/store/src/backends/segments/disk.ts";
import type { Counts } from "./counts.ts";
import type { Random } from "./random.ts";
import type { Owner, Schedule } from "./schedule.ts";
import { Sectors } from "./sectors.ts";

/** How often things go wrong, each in a thousand calls. */
export interface Trouble {
  readonly full: number;
  readonly syncFails: number;
  readonly readFails: number;
  readonly nameFails: number;
  readonly slow: number;
}

/** A disk on which nothing goes wrong. */
export const noTrouble: Trouble = { full: 0, syncFails: 0, readFails: 0, nameFails: 0, slow: 0 };

type NameChange =
  | { readonly type: "set"; readonly name: string; readonly file: Sectors }
  | { readonly type: "move"; readonly from: string; readonly to: string }
  | { readonly type: "drop"; readonly name: string };

/** What a process has asked of the disk and the disk has not done. */
interface UnderWay {
  readonly owner: Owner;
  readonly done: () => void;
  readonly half: (() => void) | undefined;
}

/** What is done by one call. */
interface Call<T> {
  readonly done: () => T;
  /** Does a part of it, where it has parts. */
  readonly half?: () => void;
  /** In a thousand calls, and with what it then fails; what is left behind. */
  readonly fails?: { readonly permille: number; readonly how: string; readonly leaves?: () => void };
}

/** One disk, which outlives every process. */
export class SimulatedDisk {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #counts: Counts;
  readonly #underWay = new Set<UnderWay>();
  #shown = new Map<string, Sectors>();
  #kept = new Map<string, Sectors>();
  #unsynced: NameChange[] = [];
  #fullUntilMs = -1;
  /** What goes wrong from here on. */
  trouble: Trouble = noTrouble;

  constructor(schedule: Schedule, { random, counts }: { readonly random: Random; readonly counts: Counts }) {
    this.#schedule = schedule;
    this.#random = random;
    this.#counts = counts;
  }

  /** @returns the files by their names, as everybody sees them */
  get files(): ReadonlyMap<string, Sectors> {
    return this.#shown;
  }

  /** @returns the disk as one process reaches it, until that ends */
  mount(owner: Owner): Disk {
    return {
      list: () => this.#call(owner, { done: () => [...this.#shown.keys()] }),
      read: (name, part) =>
        this.#call(owner, {
          done: () => {
            const file = this.#file(name);
            return part === undefined ? file.read(0, file.size) : file.read(part.offset, part.length);
          },
          fails: { permille: this.trouble.readFails, how: "read fails" },
        }),
      open: async (name) => {
        await this.#call(owner, {
          done: () => {
            if (!this.#shown.has(name)) this.#name({ type: "set", name, file: new Sectors() });
          },
          fails: this.#noRoom(),
        });
        return this.#open(owner, this.#file(name));
      },
      rename: (from, to) =>
        this.#call(owner, {
          done: () => {
            this.#file(from);
            this.#name({ type: "move", from, to });
          },
          fails: { permille: this.trouble.nameFails, how: "rename fails" },
        }),
      remove: (name) =>
        this.#call(owner, {
          done: () => {
            if (this.#shown.has(name)) this.#name({ type: "drop", name });
          },
        }),
      syncFolder: () =>
        this.#call(owner, {
          done: () => {
            this.#kept = new Map(this.#shown);
            this.#unsynced = [];
          },
          // Whether it is on the disk nobody knows; unlike a file's bytes, a later sync of the folder does tell.
          fails: { permille: this.trouble.nameFails, how: "folder sync fails" },
        }),
    };
  }

  /** A process ends: the system does with what was under way what it likes, and keeps what was written. */
  killed(owner: Owner): void {
    for (const one of this.#underWay) {
      if (one.owner !== owner) continue;
      this.#underWay.delete(one);
      const fate = this.#random.below(3);
      if (fate === 0) continue;
      this.#counts.add(fate === 1 || one.half === undefined ? "kill behind a call" : "kill inside a call");
      (fate === 1 ? one.done : (one.half ?? one.done))();
    }
  }

  /** The power is gone: any part of what was not synced is left, of bytes and of names. */
  losePower(): void {
    for (const file of new Set([...this.#shown.values(), ...this.#kept.values()])) {
      if (file.dirty) this.#counts.add("unsynced bytes at loss of power");
      file.losePower(this.#random);
    }
    if (this.#unsynced.length > 0) this.#counts.add("unsynced names at loss of power");
    for (const change of this.#unsynced) if (this.#random.chance(500)) apply(this.#kept, change);
    this.#unsynced = [];
    this.#shown = new Map(this.#kept);
  }

  #open(owner: Owner, file: Sectors): DiskFile {
    let open = true;
    const call = async <T>(of: Call<T>): Promise<T> => {
      if (!open) throw new Error("EBADF: the file is closed");
      return this.#call(owner, of);
    };
    return {
      append: (bytes) => {
        const part = (): void => file.append(bytes.subarray(0, this.#random.below(bytes.length)));
        return call({ done: () => file.append(bytes), half: part, fails: { ...this.#noRoom(), leaves: part } });
      },
      truncate: (size) => call({ done: () => file.cut(size) }),
      sync: () =>
        call({
          done: () => file.sync(),
          half: () => file.loseSync(this.#random),
          fails: {
            permille: this.trouble.syncFails,
            how: "sync fails",
            leaves: () => file.loseSync(this.#random),
          },
        }),
      close: async () => {
        open = false;
      },
    };
  }

  #noRoom(): { readonly permille: number; readonly how: string } {
    const full = this.trouble.full > 0 && this.#schedule.nowMs < this.#fullUntilMs;
    return { permille: full ? 1000 : this.trouble.full, how: "no room" };
  }

  async #call<T>(owner: Owner, { done, half, fails }: Call<T>): Promise<T> {
    const slow = this.#random.chance(this.trouble.slow);
    if (slow) this.#counts.add("slow call");
    const one: UnderWay = { owner, done: () => void done(), half };
    this.#underWay.add(one);
    await this.#schedule.wait(owner, slow ? 1_000 + this.#random.below(100_000) : this.#random.below(4));
    this.#underWay.delete(one);
    if (fails !== undefined && fails.permille > 0 && this.#random.chance(fails.permille)) {
      this.#counts.add(fails.how);
      fails.leaves?.();
      if (fails.how === "no room") this.#fullUntilMs = this.#schedule.nowMs + this.#random.below(2_000);
      await this.#schedule.wait(owner, this.#random.below(3));
      throw new Error(`EIO: ${fails.how}`);
    }
    const value = done();
    await this.#schedule.wait(owner, this.#random.below(3));
    return value;
  }

  #file(name: string): Sectors {
    const file = this.#shown.get(name);
    if (file === undefined) throw new Error(`ENOENT: ${name} is absent`);
    return file;
  }

  #name(change: NameChange): void {
    apply(this.#shown, change);
    this.#unsynced.push(change);
  }
}

function apply(names: Map<string, Sectors>, change: NameChange): void {
  if (change.type === "set") names.set(change.name, change.file);
  else if (change.type === "drop") names.delete(change.name);
  else {
    const file = names.get(change.from);
    if (file === undefined) return;
    names.delete(change.from);
    names.set(change.to, file);
  }
}
