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
  /**
   * Waits until every settlement that has begun is over.
   * @throws what the first one that failed threw: from then on the tree lacks what the log says, until a next start has brought it in
   */
  settled(): Promise<void>;
}

/**
 * Makes the order of settlements of one vault.
 * @returns a tree with nothing under way
 */
export function createTree(): Tree {
  let last: Promise<unknown> = Promise.resolve();
  let broken: { readonly by: unknown } | undefined;
  return {
    exclusive: (settlement) => {
      const mine = last.then(settlement);
      // The next one waits for this one's end, whatever that is.
      last = mine.catch((thrown: unknown) => {
        broken ??= { by: thrown };
      });
      return mine;
    },
    settled: async () => {
      await last;
      if (broken !== undefined) throw broken.by;
    },
  };
}
