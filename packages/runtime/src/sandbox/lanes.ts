/** Many small things for the disk, a few at once: it flushes several as quickly as one. */

/** Node has four threads for files; more would only wait for them. */
const lanes = 4;

/**
 * Does something for each of a list, a few at once, in the order in which they are begun. After one that failed none is begun, and all
 * that were begun are waited for.
 *
 * @param list - what to do it for
 * @param task - must not depend on what it does for any other of the list
 * @throws what the first failed one threw
 */
export async function forEachAtOnce<Item>(list: Iterable<Item>, task: (item: Item) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const rest = list[Symbol.iterator]();
  const run = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && failures.length === 0; next = rest.next()) {
      try {
        await task(next.value);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, run));
  if (failures.length > 0) throw failures[0];
}
