/**
 * The user's tree, which is brought forward by one settlement at a time.
 *
 * An effect becomes durable before its changes reach the tree. Whoever reads the tree because of that effect has to wait for them, and
 * so has the next box: `settled` is that wait.
 */

/** Settlements in order, and a way to wait for those that have begun. */
export interface Tree {
  /** Runs one settlement when all earlier ones are over. */
  exclusive<T>(settlement: () => Promise<T>): Promise<T>;
  /** Resolves when every settlement that has begun is over. */
  settled(): Promise<void>;
}

/**
 * Makes the order of settlements of one vault.
 * @returns a tree with nothing under way
 */
export function createTree(): Tree {
  let last: Promise<unknown> = Promise.resolve();
  return {
    exclusive: (settlement) => {
      const mine = last.then(settlement);
      // The next one waits for this one's end, whatever that is.
      last = mine.catch(() => undefined);
      return mine;
    },
    settled: async () => {
      await last;
    },
  };
}
