/** How far somebody has come in the log, by name, kept in a file, so that a restart neither loses anything nor tells all of it again. */
import { readFile } from "node:fs/promises";

import { replaceFile } from "@toka/store";

import { type ServiceFailure, systemCode } from "../failure.ts";

/** Remembers positions by the name of a sink. */
export class DeliveryPositions {
  readonly #path: string;
  readonly #positions: Map<string, number>;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, positions: Map<string, number>) {
    this.#path = path;
    this.#positions = positions;
  }

  /**
   * Reads them.
   *
   * @param path - of the file; it need not be there
   * @param malformed - the failure when it does not hold positions
   * @returns the positions
   * @throws that failure, or the system's
   */
  static async open(path: string, malformed: (path: string) => ServiceFailure): Promise<DeliveryPositions> {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    });
    if (text === undefined) return new DeliveryPositions(path, new Map());
    const positions = positionsIn(text);
    if (positions !== undefined) return new DeliveryPositions(path, positions);
    throw malformed(path);
  }

  /** How many there are. */
  get count(): number {
    return this.#positions.size;
  }

  /**
   * How far a sink has come.
   *
   * @returns a position, or undefined for one that was never heard of
   */
  of(name: string): number | undefined {
    return this.#positions.get(name);
  }

  /**
   * Moves a sink on.
   *
   * @throws the system's error; the file then holds an earlier position
   */
  async set(name: string, position: number): Promise<void> {
    this.#positions.set(name, position);
    await this.#write();
  }

  /** Forgets all sinks but these: one that comes back later begins anew. */
  async keepOnly(names: readonly string[]): Promise<void> {
    const gone = [...this.#positions.keys()].filter((name) => !names.includes(name));
    if (gone.length === 0) return;
    for (const name of gone) this.#positions.delete(name);
    await this.#write();
  }

  // One after the other: several sinks share the file.
  async #write(): Promise<void> {
    const before = this.#last;
    const writing = (async (): Promise<void> => {
      await before.catch(() => {});
      const positions = Object.fromEntries(this.#positions);
      await replaceFile(this.#path, `${JSON.stringify({ format: 1, positions })}\n`);
    })();
    this.#last = writing;
    await writing;
  }
}

function positionsIn(text: string): Map<string, number> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("format" in value) || value.format !== 1) return undefined;
  if (!("positions" in value) || typeof value.positions !== "object" || value.positions === null) return undefined;
  const positions = new Map<string, number>();
  for (const [name, position] of Object.entries(value.positions)) {
    if (typeof position !== "number" || !Number.isSafeInteger(position) || position < 0) return undefined;
    positions.set(name, position);
  }
  return positions;
}
