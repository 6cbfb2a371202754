/** The machine while appends are under way: what is decided ahead of the durable position is told to nobody. */
import type { KernelState, Operation, Receipt } from "@toka/kernel";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMemoryLog } from "../src/backends/memory/log.ts";
import { Fold } from "../src/fold.ts";
import { flushesInFlightMax } from "../src/limits.ts";
import type { Log } from "../src/log.ts";
import { Machine, type MachineParts } from "../src/machine.ts";
import { replay } from "../src/replay.ts";
import { held, someTurns, turnsUntil, type HeldAppend } from "./wrapped-log.ts";
import { asRoot, genesis, host, root, sessionOf, steadyClock } from "./world.ts";

const opening: Operation = { type: "vault.open", format: 1, vault: `vault-${"0".repeat(32)}`, ...genesis };
const person = (name: string): Operation => ({ type: "principal.register", name, kind: "person" });
const people = (state: KernelState): string[] => [...state.principals.values()].map(({ name }) => name).slice(2);
const positionOf = (receipt: Receipt): number | null => receipt.position;

async function machineOver(log: Log, also: Partial<MachineParts> = {}): Promise<Machine> {
  const load = async (): Promise<Fold> => {
    const fold = new Fold();
    await replay(fold, { log });
    return fold;
  };
  const machine = new Machine({ log, load, clock: steadyClock(), host, ...also });
  await machine.start();
  return machine;
}

let inner: Log;
let machine: Machine;
let appends: HeldAppend[];
beforeEach(async () => {
  inner = openMemoryLog();
  const first = await machineOver(inner);
  await first.submit(opening, { caller: host });
  await first.close();
  const holding = held(inner);
  appends = holding.appends;
  machine = await machineOver(holding.log);
});
afterEach(async () => {
  const closed = machine.close();
  for (;;) {
    if (await Promise.race([closed.then(() => true), someTurns().then(() => false)])) break;
    await appends.shift()?.release();
  }
});

/** Submits, and waits until the append was asked for: what is submitted next comes into another flush. */
async function underWay(name: string): Promise<{ readonly receipt: Promise<Receipt>; readonly told: () => boolean }> {
  const before = appends.length;
  let told = false;
  const receipt = asRoot(machine, person(name)).finally(() => (told = true));
  receipt.catch(() => undefined);
  await turnsUntil(() => appends.length > before);
  return { receipt, told: () => told };
}

function nth(index: number): HeldAppend {
  const append = appends[index];
  if (append === undefined) throw new Error(`Cannot go on: there is no append ${index}`);
  return append;
}

describe("a flush that is under way", () => {
  test("has nobody answered before it is durable, and then in the order of the asking", async () => {
    const first = await underWay("ann");
    const second = await underWay("bob");
    await someTurns();
    expect([first.told(), second.told()]).toEqual([false, false]);
    expect((await inner.head()).position).toBe(1);
    await nth(0).release();
    expect(positionOf(await first.receipt)).toBe(2);
    await someTurns();
    expect(second.told()).toBe(false);
    await nth(1).release();
    expect(positionOf(await second.receipt)).toBe(3);
  });

  test("keeps those after it waiting although the log has answered those already", async () => {
    const order: string[] = [];
    const first = await underWay("ann");
    const second = await underWay("bob");
    void first.receipt.then(() => order.push("ann"));
    void second.receipt.then(() => order.push("bob"));
    await nth(0).make();
    await nth(1).release();
    await someTurns();
    expect(order).toEqual([]);
    nth(0).answer();
    await second.receipt;
    expect(order).toEqual(["ann", "bob"]);
  });

  test("is one of a few: what comes later waits, and goes into one flush", async () => {
    for (let index = 0; index < flushesInFlightMax; index += 1) await underWay(`p${index}`);
    const waiting = ["x", "y", "z"].map((name) => asRoot(machine, person(name)));
    await someTurns();
    expect(appends).toHaveLength(flushesInFlightMax);
    await nth(0).release();
    await turnsUntil(() => appends.length > flushesInFlightMax);
    expect(nth(flushesInFlightMax).batch.rows).toHaveLength(3);
    for (const append of appends.slice(1)) await append.release();
    expect((await Promise.all(waiting)).map(positionOf)).toEqual([4, 5, 6]);
  });

  test("shows its state to nobody before it is durable, and holds nobody up who looks", async () => {
    await underWay("ann");
    const looks: string[] = [];
    const seen = machine.view(people).then((names) => looks.push(names.join(" ")));
    // A look does not stop the next flush from being decided.
    await underWay("bob");
    const both = machine.view(people).then((names) => looks.push(names.join(" ")));
    await someTurns();
    expect(looks).toEqual([]);
    await nth(0).release();
    await seen;
    expect(looks).toEqual(["ann"]);
    await nth(1).release();
    await both;
    expect(looks).toEqual(["ann", "ann bob"]);
  });

  test("keeps back also the error of a look at its state", async () => {
    await underWay("ann");
    let told = false;
    const look = machine.view((state) => {
      if (people(state).includes("ann")) throw new Error("ann is there");
      return "nobody";
    });
    const settled = look.then(String, String).finally(() => (told = true));
    await someTurns();
    expect(told).toBe(false);
    nth(0).fail();
    expect(await settled).toBe("nobody");
  });

  test("is seen by no watcher, reader or finder before it has landed, although the log holds it", async () => {
    const watched: number[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { entry } of machine.watch(1, { signal: stop.signal })) watched.push(entry.position);
    })();
    const { receipt } = await underWay("ann");
    await nth(0).make();
    await someTurns();
    expect((await inner.head()).position).toBe(2);
    expect(watched).toEqual([]);
    expect(await machine.read(1, { limit: 10 })).toEqual([]);
    expect(await machine.find({ kind: "principal.register" }, { after: 0, limit: 10 })).toEqual([]);
    expect(await machine.head()).toMatchObject({ position: 1 });
    nth(0).answer();
    await receipt;
    await turnsUntil(() => watched.length > 0);
    expect(watched).toEqual([2]);
    expect(await machine.find({ kind: "principal.register" }, { after: 0, limit: 10 })).toHaveLength(1);
    expect(await machine.head()).toMatchObject({ position: 2 });
    stop.abort();
    await watching;
  });

  test("brings payloads that an operation decided behind it may name", async () => {
    const draft = machine.seal("shared");
    const start = sessionOf(draft.content);
    const first = asRoot(machine, start, [draft]);
    await turnsUntil(() => appends.length === 1);
    const second = asRoot(machine, start);
    await turnsUntil(() => appends.length === 2);
    await nth(0).release();
    await nth(1).release();
    expect([positionOf(await first), positionOf(await second)]).toEqual([2, 3]);
    expect((await inner.payload(draft.content.commitment))?.references).toBe(2);
  });

  test("is waited for by whoever needs the fold to stand still, and by close", async () => {
    const first = await underWay("ann");
    let head = 0;
    const still = machine.still(async (fold) => (head = fold.head.position));
    const closed = machine.close();
    await someTurns();
    expect(head).toBe(0);
    await nth(0).release();
    await still;
    await closed;
    expect(head).toBe(2);
    expect(first.told()).toBe(true);
  });

  test("is the last for a while when a rest is due after it", async () => {
    const rests: number[] = [];
    const holding = held(inner);
    const resting = await machineOver(holding.log, {
      restsAfter: (entries) => entries.some(({ entry }) => entry.position === 2),
      atRest: async (fold) => void rests.push(fold.head.position, fold.state.principals.size),
    });
    const first = asRoot(resting, person("ann"));
    await turnsUntil(() => holding.appends.length === 1);
    const second = asRoot(resting, person("bob"));
    await someTurns();
    expect(holding.appends).toHaveLength(1);
    await holding.appends[0]?.release();
    await first;
    await turnsUntil(() => holding.appends.length === 2);
    expect(rests).toEqual([2, 3]);
    await holding.appends[1]?.release();
    expect(positionOf(await second)).toBe(3);
    await resting.close();
  });
});

describe("a flush that fails while another is under way", () => {
  test("fails the other, too, and the state is what the log holds before anybody is told", async () => {
    const first = await underWay("ann");
    const second = await underWay("bob");
    nth(0).fail();
    await someTurns();
    // The other's append is not answered yet, so the log cannot be asked what it holds.
    expect([first.told(), second.told()]).toEqual([false, false]);
    await nth(1).release();
    for (const { receipt } of [first, second])
      await expect(receipt).rejects.toMatchObject({ code: "outcome_unknown", retry: "later" });
    expect(await machine.view(people)).toEqual([]);
    expect((await inner.head()).position).toBe(1);
    const third = await underWay("cid");
    await nth(2).release();
    expect(positionOf(await third.receipt)).toBe(2);
  });

  test("is told as unknown when only its answer was lost, and so is the other, though both are in the log", async () => {
    const first = await underWay("ann");
    const second = await underWay("bob");
    await nth(0).lose();
    await nth(1).release();
    for (const { receipt } of [first, second]) await expect(receipt).rejects.toMatchObject({ code: "outcome_unknown" });
    expect(await machine.view(people)).toEqual(["ann", "bob"]);
    const third = await underWay("cid");
    await nth(2).release();
    expect(positionOf(await third.receipt)).toBe(4);
  });

  test("leaves the one before it durable and answered", async () => {
    const first = await underWay("ann");
    const second = await underWay("bob");
    const looked = machine.view(people);
    nth(1).fail();
    await someTurns();
    await nth(0).release();
    expect(positionOf(await first.receipt)).toBe(2);
    await expect(second.receipt).rejects.toMatchObject({ code: "outcome_unknown" });
    // Asked while bob was decided; he never came to be.
    expect(await looked).toEqual(["ann"]);
    expect((await machine.read(1, { limit: 10 })).map(({ entry }) => entry.position)).toEqual([2]);
  });

  test("lets what waited behind it be decided on what the log holds", async () => {
    for (const name of ["ann", "bob"]) await underWay(name);
    const waiting = asRoot(machine, person("cid"));
    nth(0).fail();
    nth(1).fail();
    await turnsUntil(() => appends.length === 3);
    expect(nth(2).batch.rows.map((row) => row.position)).toEqual([2]);
    await nth(2).release();
    expect(positionOf(await waiting)).toBe(2);
  });

  test("does not tell a refusal that nobody recorded", async () => {
    const first = await underWay("ann");
    const flood = Array.from({ length: 30 }, () => machine.submit(person("x"), { caller: { ...root, grant: null } }));
    const told = Promise.allSettled(flood);
    await turnsUntil(() => appends.length === 2);
    nth(0).fail();
    nth(1).fail();
    await expect(first.receipt).rejects.toMatchObject({ code: "outcome_unknown" });
    for (const result of await told) expect(result).toMatchObject({ reason: { code: "outcome_unknown" } });
  });

  test("property: whatever fails, in whatever order, what was acknowledged is there, once, and in order", async () => {
    const fates = fc.array(fc.constantFrom("release", "fail", "lose"), { minLength: 1, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(fates, fc.integer({ min: 1, max: 3 }), async (plan, width) => {
        const log = openMemoryLog();
        const opener = await machineOver(log);
        await opener.submit(opening, { caller: host });
        await opener.close();
        const holding = held(log);
        const under = await machineOver(holding.log);
        const acknowledged = new Map<string, number>();
        const settled: Promise<unknown>[] = [];
        let done = 0;
        const serve = async (): Promise<void> => {
          const append = holding.appends[done];
          if (append === undefined) return;
          await append[plan[done % plan.length] ?? "release"]();
          done += 1;
        };
        for (const [round] of plan.entries()) {
          for (let lane = 0; lane < width; lane += 1) {
            const name = `p${round}-${lane}`;
            const receipt = asRoot(under, person(name));
            settled.push(receipt.then(({ position }) => acknowledged.set(name, position ?? 0)).catch(() => undefined));
          }
          await new Promise((resolve) => setImmediate(resolve));
          if (round % 2 === 1) await serve();
        }
        const closed = under.close();
        while (!(await Promise.race([closed.then(() => true), someTurns().then(() => false)]))) await serve();
        await Promise.all(settled);
        const there = (await log.read({ after: 1, limit: 1_000 })).map(
          (row) => (JSON.parse(row.bytes) as { operation: { name: string } }).operation.name,
        );
        expect(new Set(there).size).toBe(there.length);
        for (const [name, position] of acknowledged) expect(there[position - 2]).toBe(name);
      }),
      { numRuns: 60 },
    );
  });
});
