/** What every part of the generator draws with. */
import type { KernelState } from "../../src/index.ts";
import type { By, Draft } from "../world.ts";

/** Takes choices from a list of numbers that the property draws and shrinks. */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    const number = this.#numbers[this.#next % this.#numbers.length] ?? 0;
    this.#next += 1;
    // A cycle through the numbers must not repeat the same choices in the same places.
    return (number + this.#next * 7_919) % limit;
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of several, or undefined when there is none. */
  of<T>(items: Iterable<T>): T | undefined {
    const list = [...items];
    return list[this.below(Math.max(1, list.length))];
  }

  /** Some of several, in their order. */
  some<T>(items: readonly T[]): readonly T[] {
    return items.filter(() => this.chance(50));
  }
}

/** What is drawn from. */
export interface Setting {
  readonly state: KernelState;
  readonly choices: Choices;
}

/** What was drawn: all but the type. */
export interface Made {
  readonly draft: Omit<Draft, "type">;
  readonly by?: By;
  /** How far the clock moves before it is asked, ms; drawn when absent. */
  readonly passMs?: number;
}
