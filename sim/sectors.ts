/** A file as a disk has it and as the system shows it: two contents that only a sync makes one. */
import type { Random } from "./random.ts";

/** Bytes that reach the disk together or not at all. */
const sectorBytes = 512;

type Change =
  | { readonly type: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: "cut"; readonly size: number };

/** One file's bytes. */
export class Sectors {
  /** What everybody reads. */
  #shown: Buffer = Buffer.alloc(0);
  /** What is left when the power is gone. */
  #kept: Buffer = Buffer.alloc(0);
  /** What was done to the one and not to the other. */
  #unsynced: Change[] = [];

  /** @returns the length that is shown */
  get size(): number {
    return this.#shown.length;
  }

  /** Whether anything is shown that a loss of power may take. */
  get dirty(): boolean {
    return !this.#shown.equals(this.#kept);
  }

  /** @returns bytes as they are shown */
  read(offset: number, length: number): Uint8Array {
    return Uint8Array.from(this.#shown.subarray(offset, offset + length));
  }

  append(bytes: Uint8Array): void {
    this.#unsynced.push({ type: "write", offset: this.#shown.length, bytes });
    this.#shown = Buffer.concat([this.#shown, bytes]);
  }

  cut(size: number): void {
    this.#unsynced.push({ type: "cut", size });
    this.#shown = this.#shown.subarray(0, size);
  }

  /** Everything that was done is on the disk, but for what a sync before has lost. */
  sync(): void {
    for (const change of this.#unsynced) this.#kept = changed(this.#kept, change);
    this.#unsynced = [];
  }

  /**
   * A sync that fails: some of it is on the disk, and the rest never will be, though it may still be shown.
   * Source: https://lwn.net/Articles/752063/.
   */
  loseSync(random: Random): void {
    this.#keepSome(random);
    if (random.chance(300)) this.#shown = Buffer.from(this.#kept);
  }

  /** The power is gone: of what was not synced any part is there, in any order. */
  losePower(random: Random): void {
    this.#keepSome(random);
    this.#shown = Buffer.from(this.#kept);
  }

  /** Another byte at a place, on the disk and for everybody. */
  decay(at: number, by: number): void {
    this.#shown[at] = (this.#shown[at] ?? 0) ^ by;
    this.#kept = Buffer.from(this.#shown);
  }

  #keepSome(random: Random): void {
    const how = random.below(4);
    for (const change of this.#unsynced) {
      if (how === 0) continue;
      if (how === 1 || change.type === "cut") {
        if (how === 1 || random.chance(500)) this.#kept = changed(this.#kept, change);
        continue;
      }
      // Cut off anywhere, or sector by sector with holes of zeros or of what was on the disk before.
      const whole = how === 2 ? change.bytes.subarray(0, random.below(change.bytes.length + 1)) : holed(change, random);
      this.#kept = changed(this.#kept, { ...change, bytes: whole });
    }
    this.#unsynced = [];
  }
}

function changed(before: Buffer, change: Change): Buffer {
  if (change.type === "cut") return Buffer.from(before.subarray(0, change.size));
  const { offset, bytes } = change;
  const after = Buffer.alloc(Math.max(before.length, offset + bytes.length));
  before.copy(after);
  after.set(bytes, offset);
  return after;
}

function holed({ offset, bytes }: Extract<Change, { readonly type: "write" }>, random: Random): Uint8Array {
  const holes = Uint8Array.from(bytes);
  const filler = random.chance(500) ? 0 : random.below(256);
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sectorBytes - ((offset + at) % sectorBytes));
    if (random.chance(500)) holes.fill(filler, at, end);
    at = end;
  }
  // The length of a file reaches the disk by itself, too.
  return random.chance(300) ? holes.subarray(0, random.below(bytes.length + 1)) : holes;
}
