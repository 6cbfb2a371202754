/** Things done a few at once: how many, in which order, and what a failure stops. */
import { expect, test } from "vitest";
import { forEachAtOnce } from "../../src/sandbox/lanes.ts";

test("a list is done in its order, never more than four at once", async () => {
  const begun: number[] = [];
  let open = 0;
  let most = 0;
  await forEachAtOnce(
    Array.from({ length: 20 }, (_, item) => item),
    async (item) => {
      begun.push(item);
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    },
  );
  expect(begun).toEqual(Array.from({ length: 20 }, (_, item) => item));
  expect([most, open]).toEqual([4, 0]);
});

test("after a failure none is begun, and those under way are waited for", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const done = forEachAtOnce([1, 2, 3, 4, 5, 6], async (item) => {
    begun.push(item);
    if (item === 2) throw new Error("the disk is full");
    for (let turn = 0; turn < item; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    ended.push(item);
  });
  await expect(done).rejects.toThrow("the disk is full");
  expect(begun).toEqual([1, 2, 3, 4]);
  expect(ended).toEqual([1, 3, 4]);
});
