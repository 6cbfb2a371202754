/** The machine on each backend: answers, payloads, watching, back-pressure, and what happens when the log fails. */
import { genesisIds, type KernelState, type Operation, type RecordedEntry } from "@toka/kernel";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMemoryLog } from "../src/backends/memory/log.ts";
import { Fold } from "../src/fold.ts";
import { payloadBytesMax, queueOperationsMax, sealedCopyBytesMax } from "../src/limits.ts";
import type { Log, LogBatch } from "../src/log.ts";
import { Machine } from "../src/machine.ts";
import { replay } from "../src/replay.ts";
import { failsAt, fated, wrapped, type Fate } from "./wrapped-log.ts";
import {
  asRoot,
  count,
  genesis,
  host,
  live,
  overreach,
  prepare,
  root,
  sessionOf,
  spawnCounter,
  steadyClock,
} from "./world.ts";

const opening: Operation = { type: "vault.open", format: 1, vault: `vault-${"0".repeat(32)}`, ...genesis };

function person(name: string): Operation {
  return { type: "principal.register", name, kind: "person" };
}

async function machineOver(log: Log, clock: () => number = steadyClock()): Promise<Machine> {
  const load = async (): Promise<Fold> => {
    const fold = new Fold();
    await replay(fold, { log });
    return fold;
  };
  const machine = new Machine({ log, load, clock, host });
  await machine.start();
  if ((await machine.head()).position === 0) await machine.submit(opening, { caller: host });
  return machine;
}

async function stateDigestOf(log: Log): Promise<string> {
  const fold = new Fold();
  await replay(fold, { log });
  return fold.stateDigest();
}

let log: Log;
let machine: Machine;
beforeEach(async () => {
  log = openMemoryLog();
  machine = await machineOver(log);
});
afterEach(async () => {
  await machine.close();
  await log.close();
});

describe("machine", () => {
  test("answers with position and digest of the entry when an operation is accepted or refused", async () => {
    const accepted = await asRoot(machine, person("ann"));
    const refused = await machine.submit(person("bob"), { caller: { ...root, grant: null } });
    const [first, second] = await log.read({ after: 1, limit: 2 });
    expect(accepted).toMatchObject({
      position: 2,
      digest: first?.digest,
      outcome: { events: [{ type: "principal.registered" }] },
    });
    expect(refused).toMatchObject({
      position: 3,
      digest: second?.digest,
      outcome: { refusal: { code: "grant_not_held" } },
    });
  });

  test("moves no time by what a clock that jumped ahead was refused", async () => {
    let timeMs = 1_000;
    const own = openMemoryLog();
    const jumping = await machineOver(own, () => timeMs);
    await asRoot(jumping, person("ann"));
    timeMs += 48 * 3_600_000;
    const jumped = await asRoot(jumping, person("bob"));
    expect(jumped.outcome).toMatchObject({ refusal: { code: "clock_jump" } });
    timeMs = 2_000;
    await asRoot(jumping, person("bob"));
    timeMs += 48 * 3_600_000;
    await asRoot(jumping, { type: "clock.accept", timeMs });
    const fold = new Fold();
    await replay(fold, { log: own });
    const rows = await own.read({ after: 0, limit: 10 });
    expect(rows.map((row) => row.timeMs)).toEqual([1_000, 1_000, 1_000, 2_000, timeMs]);
    expect(fold.state.head.timeMs).toBe(fold.head.timeMs);
    await jumping.close();
    await own.close();
  });

  test("decides what arrives in one turn in order and appends it at once", async () => {
    const appended: number[] = [];
    const counting = wrapped(log, {
      append: async (at: number, batch: LogBatch) => {
        appended.push(batch.rows.length);
        await log.append(at, batch);
      },
    });
    machine = await machineOver(counting);
    const receipts = await Promise.all(Array.from({ length: 100 }, (_, index) => asRoot(machine, person(`p${index}`))));
    expect(receipts.map((receipt) => receipt.position)).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
    expect(appended).toEqual([100]);
  });

  test("shows no state that is not durable: a view during an append waits for it", async () => {
    const release = Promise.withResolvers<void>();
    const slow = wrapped(log, {
      append: async (at: number, batch: LogBatch) => {
        await release.promise;
        await log.append(at, batch);
      },
    });
    const slowMachine = await machineOver(slow);
    const submitted = asRoot(slowMachine, person("ann"));
    await new Promise((resolve) => setImmediate(resolve));
    const seen = slowMachine.view((state: KernelState) => ({
      people: state.principals.size,
      position: state.head.position,
    }));
    expect((await log.head()).position).toBe(1);
    release.resolve();
    expect((await submitted).position).toBe(2);
    expect(await seen).toEqual({ people: 3, position: 2 });
    await slowMachine.close();
  });

  test("stops with a message for everybody when the kernel meets a fault, and writes nothing", async () => {
    const watched = machine.watch(1, { signal: new AbortController().signal })[Symbol.asyncIterator]().next();
    const told = expect(watched).rejects.toMatchObject({ name: "Failure", code: "vault_faulted", retry: "never" });
    await machine.still(async (fold) => void Reflect.set(fold, "state", {}));
    const waiting = [asRoot(machine, person("ann")), asRoot(machine, person("bob"))];
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "vault_faulted" });
    await expect(asRoot(machine, person("cid"))).rejects.toThrow(/because of a fault: Cannot go on/);
    await expect(machine.view((state) => state.head)).rejects.toMatchObject({ code: "vault_faulted" });
    await told;
    expect((await log.head()).position).toBe(1);
  });

  test("refuses what is malformed before it reaches the log", async () => {
    const odd = { ...person("ann"), extra: 1 } as unknown as Operation;
    await expect(asRoot(machine, odd)).rejects.toMatchObject({ name: "Failure", retry: "never" });
    await expect(machine.submit(person("ann"), { caller: root, causes: [3, 2] })).rejects.toMatchObject({
      code: "operation_malformed",
    });
    await expect(
      machine.submit(person("ann"), { caller: root, causes: Array.from({ length: 17 }, (_, index) => index + 1) }),
    ).rejects.toMatchObject({ code: "operation_malformed" });
    const proof = { method: "local-uid", digest: "x" } as const;
    await expect(machine.submit(person("ann"), { caller: { ...root, proof } })).rejects.toMatchObject({
      code: "operation_malformed",
    });
    expect((await log.head()).position).toBe(1);
  });

  test("counts refusals beyond those recorded, and books them in the next minute", async () => {
    let now = 1_760_000_000_000;
    machine = await machineOver(log, () => now);
    const asked = await Promise.all(
      Array.from({ length: 50 }, () => machine.submit(person("x"), { caller: { ...root, grant: null } })),
    );
    const recorded = asked.filter((receipt) => receipt.position !== null).length;
    expect(
      asked.every((receipt) => "refusal" in receipt.outcome && receipt.outcome.refusal.code === "grant_not_held"),
    ).toBe(true);
    expect(recorded).toBe(20);
    now += 60_000;
    await asRoot(machine, person("ann"));
    const booked = (await machine.read(0, { limit: 100 })).filter(
      ({ entry }) => entry.operation.type === "fault.record",
    );
    expect(booked).toHaveLength(1);
    expect(booked[0]?.entry).toMatchObject({
      stamp: { principal: genesisIds.host },
      operation: { principal: genesisIds.root, count: 30 },
      outcome: { events: [{ type: "fault.recorded" }] },
    });
  });

  test("books the counted refusals at close", async () => {
    machine = await machineOver(log, () => 1_760_000_000_000);
    await Promise.all(
      Array.from({ length: 25 }, () => machine.submit(person("x"), { caller: { ...root, grant: null } })),
    );
    await machine.close();
    const rows = await log.find({ kind: "fault.record" }, { after: 0, limit: 10 });
    expect(rows).toHaveLength(1);
  });

  test("fails with queue_full when more waits than may, and goes on", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: queueOperationsMax + 5 }, () => asRoot(machine, person("x"))),
    );
    const full = tries.filter((result) => result.status === "rejected");
    expect(full).toHaveLength(5);
    expect(full[0]).toMatchObject({ reason: { code: "queue_full", retry: "later" } });
    await expect(asRoot(machine, person("ann"))).resolves.toHaveProperty("outcome");
  });

  test("answers what waits and fails what comes later when it is closed", async () => {
    const waiting = asRoot(machine, person("ann"));
    await machine.close();
    expect((await waiting).position).toBe(2);
    await expect(asRoot(machine, person("bob"))).rejects.toMatchObject({ code: "vault_closed" });
    await expect(machine.view(() => 1)).rejects.toMatchObject({ code: "vault_closed" });
  });
});

describe("machine with payloads", () => {
  test("stores what an entry names and what that names, and drops drafts that nothing names", async () => {
    await prepare(machine);
    const counter = await spawnCounter(machine, "one");
    await count(machine, counter);
    const named = (await machine.read(0, { limit: 100 }))
      .map(({ entry }) => entry.operation)
      .find((operation) => operation.type === "effect.settle");
    if (named?.type !== "effect.settle" || named.changes === null || named.result === null)
      throw new Error("Cannot test: no effect was settled");
    const manifest = await log.payload(named.changes.commitment);
    expect(manifest?.children).toHaveLength(1);
    expect((await log.payload(manifest?.children[0] ?? ""))?.references).toBe(1);
    expect((await log.payload(named.result.commitment))?.references).toBe(2);
    expect(Buffer.from((await machine.payload(named.result)) ?? []).toString()).toBe('{"words":12}');
    const stray = machine.seal("stray");
    await asRoot(machine, person("ann"), [stray]);
    expect(await machine.payload(stray.content)).toBeUndefined();
  });

  test("fails before anything is decided when a payload is missing, changed, or of another size", async () => {
    const source = machine.seal("content");
    await expect(asRoot(machine, sessionOf(source.content))).rejects.toMatchObject({ code: "payload_missing" });
    const changed = { ...source, bytes: Buffer.from("Content") };
    await expect(asRoot(machine, sessionOf(source.content), [changed])).rejects.toMatchObject({
      code: "payload_mismatch",
    });
    await expect(asRoot(machine, sessionOf({ ...source.content, size: 8 }), [source])).rejects.toMatchObject({
      code: "payload_mismatch",
    });
    const parent = machine.seal("parent", [machine.seal("child nobody brings").content]);
    await expect(asRoot(machine, sessionOf(parent.content), [parent])).rejects.toMatchObject({
      code: "payload_missing",
    });
    expect((await log.head()).position).toBe(1);
    expect((await asRoot(machine, sessionOf(source.content), [source])).position).toBe(2);
    await expect(asRoot(machine, sessionOf({ ...source.content, size: 8 }))).rejects.toMatchObject({
      code: "payload_mismatch",
    });
    expect((await asRoot(machine, sessionOf(source.content))).position).toBe(3);
    expect((await log.payload(source.content.commitment))?.references).toBe(2);
  });

  test("stores what was sealed, or nothing, when the bytes of a draft were changed afterwards", async () => {
    const small = machine.seal("as it was sealed");
    small.bytes.fill(0);
    small.salt.fill(0);
    await asRoot(machine, sessionOf(small.content), [small]);
    expect(Buffer.from((await machine.payload(small.content)) ?? []).toString()).toBe("as it was sealed");
    const large = machine.seal(Buffer.alloc(sealedCopyBytesMax + 1, 1));
    large.bytes.fill(0);
    await expect(asRoot(machine, sessionOf(large.content), [large])).rejects.toMatchObject({
      code: "payload_mismatch",
    });
    expect(await machine.payload(large.content)).toBeUndefined();
  });

  test("counts a draft that is submitted again and again, and stores it once", async () => {
    const draft = machine.seal("again");
    const start = sessionOf(draft.content);
    await Promise.all([asRoot(machine, start, [draft]), asRoot(machine, start, [draft])]);
    await asRoot(machine, start, [draft]);
    expect((await log.payload(draft.content.commitment))?.references).toBe(3);
  });

  test("a payload brought by one operation serves a later one of the same flush, unless the first was not recorded", async () => {
    const draft = machine.seal("shared");
    const start = sessionOf(draft.content);
    const [first, second] = await Promise.all([asRoot(machine, start, [draft]), asRoot(machine, start)]);
    expect([first?.position, second?.position]).toEqual([2, 3]);
    const flood = Array.from({ length: 30 }, () => machine.submit(person("x"), { caller: { ...root, grant: null } }));
    const lost = machine.seal("lost");
    const unrecorded = machine.submit(sessionOf(lost.content), { caller: { ...root, grant: null }, payloads: [lost] });
    const orphan = asRoot(machine, sessionOf(lost.content));
    await Promise.all(flood);
    expect((await unrecorded).position).toBeNull();
    await expect(orphan).rejects.toMatchObject({ code: "payload_missing" });
  });

  test("seals with a fresh salt each time, and refuses what is too large", () => {
    expect(machine.seal("same").content.commitment).not.toBe(machine.seal("same").content.commitment);
    expect(() => machine.seal(Buffer.alloc(payloadBytesMax + 1))).toThrow(
      expect.objectContaining({ code: "payload_too_large" }),
    );
  });
});

describe("machine with watchers", () => {
  test("every watcher sees every entry once and in order while many append", async () => {
    const stop = new AbortController();
    const total = 2_000;
    const watch = async (after: number): Promise<number[]> => {
      const seen: number[] = [];
      for await (const { entry, digest } of machine.watch(after, { signal: stop.signal })) {
        expect(digest).toMatch(/^sha256:/);
        seen.push(entry.position);
        if (entry.position === total) break;
      }
      return seen;
    };
    const early = [watch(0), watch(1), watch(500)];
    const appenders = Array.from({ length: 10 }, async (_, index) => {
      for (let step = index; step < total; step += 10) await asRoot(machine, person(`p${step}`));
    });
    const late = Promise.resolve().then(() => watch(0));
    await Promise.all(appenders);
    const upTo = (after: number): number[] => Array.from({ length: total - after }, (_, index) => after + index + 1);
    expect(await Promise.all([...early, late])).toEqual([upTo(0), upTo(1), upTo(500), upTo(0)]);
  });

  test("a watcher that reads slowly or joins late misses nothing that quicker ones have let go of", async () => {
    const total = 3_000;
    const stop = new AbortController();
    const seen = async (after: number, pauses: number): Promise<number[]> => {
      const positions: number[] = [];
      for await (const { entry } of machine.watch(after, { signal: stop.signal })) {
        positions.push(entry.position);
        if (entry.position === total) break;
        if (pauses > 0 && entry.position % pauses === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return positions;
    };
    const watchers = [seen(0, 0), seen(0, 7)];
    for (let step = 1; step < total; step += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => asRoot(machine, person(`p${step}-${index}`))));
      if (step === 1_501) watchers.push(seen(step - 700, 50));
    }
    const upTo = (after: number): number[] => Array.from({ length: total - after }, (_, index) => after + index + 1);
    expect(await Promise.all(watchers)).toEqual([upTo(0), upTo(0), upTo(801)]);
  });

  test("a watcher far behind reads from the log what memory no longer holds", async () => {
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => asRoot(machine, person(`p${index}`))));
    const seen: RecordedEntry[] = [];
    for await (const recorded of machine.watch(0, { signal: new AbortController().signal })) {
      seen.push(recorded);
      if (recorded.entry.position === 10_001) break;
    }
    expect(seen.map(({ entry }) => entry.position)).toEqual(Array.from({ length: 10_001 }, (_, index) => index + 1));
  });
});

describe("machine when an append fails", () => {
  test.each(["before", "after"] as const)(
    "at every boundary, %s it is durable: it says so, knows the truth, and goes on",
    async (when) => {
      await live(machine);
      const appends = (await machine.head()).position;
      expect(appends).toBeGreaterThan(20);
      for (let at = 1; at < appends; at += 1) {
        const inner = openMemoryLog();
        await machineOver(inner);
        const broken = await machineOver(fated(inner, failsAt(at, when)));
        const watched: number[] = [];
        const stop = new AbortController();
        const watching = (async () => {
          for await (const { entry } of broken.watch(0, { signal: stop.signal })) watched.push(entry.position);
        })();
        await expect(live(broken)).rejects.toMatchObject({ code: "outcome_unknown", retry: "later" });
        const { position } = await inner.head();
        expect(position).toBe(when === "before" ? at : at + 1);
        expect(await broken.view((state) => state.head.position)).toBe(position);
        const receipt = await asRoot(broken, person("afterwards"));
        expect(receipt.position).toBe(position + 1);
        expect(await broken.still(async (fold) => fold.stateDigest())).toBe(await stateDigestOf(inner));
        await broken.close();
        await watching;
        expect(watched).toEqual(Array.from({ length: watched.length }, (_, index) => index + 1));
      }
    },
  );

  test("while the log can neither be written nor read, every use fails with the log's failure, and later works", async () => {
    let down = false;
    const fail = (): never => {
      throw new Error("no disk");
    };
    const flaky = wrapped(log, {
      append: async (at: number, batch: LogBatch) => (down ? fail() : log.append(at, batch)),
      read: async (page: { after: number; limit: number }) => (down ? fail() : log.read(page)),
    });
    const broken = await machineOver(flaky);
    down = true;
    await expect(asRoot(broken, person("a"))).rejects.toMatchObject({ code: "outcome_unknown" });
    await expect(asRoot(broken, person("b"))).rejects.toThrow("no disk");
    await expect(broken.view(() => 1)).rejects.toThrow("no disk");
    down = false;
    expect((await asRoot(broken, person("c"))).position).toBe(2);
    await broken.close();
  });

  test("property: whatever fails, what was acknowledged is in the log and nothing is there twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<Fate>("ok", "before", "after"), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (plan, width) => {
          const inner = openMemoryLog();
          await machineOver(inner);
          const broken = await machineOver(fated(inner, plan));
          const acknowledged: string[] = [];
          const submitted: string[] = [];
          for (let round = 0; round < plan.length; round += 1) {
            const names = Array.from({ length: width }, (_, index) => `r${round}-${index}`);
            submitted.push(...names);
            const results = await Promise.allSettled(names.map((name) => asRoot(broken, person(name))));
            results.forEach((result, index) => result.status === "fulfilled" && acknowledged.push(names[index] ?? ""));
          }
          await broken.close();
          const there = (await inner.read({ after: 1, limit: 1_000 })).map(
            (row) => (JSON.parse(row.bytes) as { operation: { name: string } }).operation.name,
          );
          expect(new Set(there).size).toBe(there.length);
          expect(there).toEqual(expect.arrayContaining(acknowledged));
          expect(submitted).toEqual(expect.arrayContaining(there));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a refusal that nobody recorded is not told either when the entries before it were lost", async () => {
    const broken = await machineOver(fated(log, ["before"]), () => 1_760_000_000_000);
    const flood = await Promise.allSettled(
      Array.from({ length: 30 }, () => broken.submit(person("x"), { caller: { ...root, grant: null } })),
    );
    expect(flood.every((result) => result.status === "rejected" && result.reason.code === "outcome_unknown")).toBe(
      true,
    );
    await broken.close();
  });
});

describe("fold", () => {
  test("refused operations and faults of an agent leave a state that replays to the same digest", async () => {
    await live(machine);
    const counter = await spawnCounter(machine, "third");
    expect((await overreach(machine, counter.agent)).outcome).toHaveProperty("refusal");
    expect(await machine.still(async (fold) => fold.stateDigest())).toBe(await stateDigestOf(log));
  });
});
