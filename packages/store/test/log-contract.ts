/** The Log contract as a suite: every backend passes it, and declares what it cannot do with the reason. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { leafDigest, zeroDigest } from "../src/digest.ts";
import type { Log, LogBatch, LogFilter, LogRow, PayloadRow } from "../src/log.ts";
import { erasing } from "./erasure-contract.ts";
import { turnsUntil } from "./wrapped-log.ts";

/** A backend under test: `fresh` gives an empty log; `reopen` closes a log and opens what it left. */
export interface Backend {
  readonly name: string;
  fresh(): Promise<Log>;
  readonly reopen: ((log: Log) => Promise<Log>) | { readonly skipped: string };
  clean(): Promise<void>;
  /** Its folder; absent for a log that has none. */
  readonly dir?: () => string;
}

/** A row at a position whose text is unlike any other. */
export function rowAt(position: number, also: Partial<LogRow> = {}): LogRow {
  const bytes = also.bytes ?? JSON.stringify({ position, text: `é ${position}` });
  return {
    position,
    digest: leafDigest(bytes),
    timeMs: 1_000 + Math.floor(position / 3) * 10,
    kind: position % 2 === 0 ? "task.start" : "task.complete",
    principal: "principal-1-0",
    agent: position % 5 === 0 ? null : `agent-${position % 5}-0`,
    session: position % 7 === 0 ? "session-7-0" : null,
    outcome: "accepted",
    bytes,
    ...also,
  };
}

/** Rows `from` to `to` without payloads. */
export function rows(from: number, to: number): LogBatch {
  return { rows: Array.from({ length: to - from + 1 }, (_, index) => rowAt(from + index)), payloads: [] };
}

function payload(name: string, children: readonly string[] = []): PayloadRow {
  const bytes = new TextEncoder().encode(name);
  return { commitment: leafDigest(name), size: bytes.length, salt: new Uint8Array(16).fill(7), bytes, children };
}

const positions = (found: readonly LogRow[]): number[] => found.map((row) => row.position);

/** Defines the suite for one backend. */
export function logContract(backend: Backend): void {
  describe(`log contract on ${backend.name}`, () => {
    let log: Log;
    beforeEach(async () => {
      log = await backend.fresh();
    });
    afterEach(async () => {
      await log.close();
      await backend.clean();
    });
    describe("appending", () => appends(() => log));
    describe("reading", () => reads(() => log));

    describe("finding", () => finds(() => log));
    describe("finding what concerns somebody", () => findsConcerns(() => log));
    describe("payloads", () => payloads(() => log));
    describe("watching", () => watching(() => log));
    const { reopen } = backend;
    describe("erasing", () =>
      erasing({
        log: () => log,
        rowAt,
        dir: backend.dir,
        reopen:
          typeof reopen === "function"
            ? async () => {
                log = await reopen(log);
              }
            : undefined,
      }));
    if (typeof reopen === "function")
      durability(
        () => log,
        async () => {
          log = await reopen(log);
        },
      );
    else
      test(`declares that it cannot outlive its process: ${reopen.skipped}`, () => expect(reopen.skipped).not.toBe(""));
  });
}

function appends(log: () => Log): void {
  test("head is position 0 and the zero digest when nothing was appended", async () => {
    expect(await log().head()).toEqual({ position: 0, digest: zeroDigest, timeMs: 0 });
  });

  test("append moves the head to its last row when the expected position is right", async () => {
    await log().append(0, rows(1, 3));
    await log().append(3, rows(4, 4));
    expect(await log().head()).toEqual({ position: 4, digest: rowAt(4).digest, timeMs: rowAt(4).timeMs });
  });

  test.each([
    ["the expected position is behind", 1, rows(2, 2)],
    ["the expected position is ahead", 3, rows(4, 4)],
    ["the first row is not the next", 2, rows(4, 4)],
    ["a row is missing in the middle", 2, { rows: [rowAt(3), rowAt(5)], payloads: [] }],
    ["a row comes twice", 2, { rows: [rowAt(3), rowAt(3)], payloads: [] }],
  ])("append writes nothing and fails with position_conflict when %s", async (_, expected, batch) => {
    await log().append(0, rows(1, 2));
    await expect(log().append(expected, batch)).rejects.toMatchObject({
      name: "Failure",
      code: "position_conflict",
      retry: "never",
    });
    expect((await log().head()).position).toBe(2);
    expect(positions(await log().read({ after: 0, limit: 10 }))).toEqual([1, 2]);
  });

  test("append takes the next one before the first has resolved, and resolves in the order of the asking", async () => {
    const resolved: number[] = [];
    const asked = Array.from({ length: 10 }, (_, index) =>
      log()
        .append(index * 20, rows(index * 20 + 1, index * 20 + 20))
        .then(() => resolved.push(index)),
    );
    await Promise.all(asked);
    expect(resolved).toEqual(Array.from({ length: 10 }, (_, index) => index));
    expect(await log().read({ after: 0, limit: 1_000 })).toEqual(rows(1, 200).rows);
  });

  test("append writes nothing of those that were asked for after one that fails", async () => {
    const [kept, failing, behind] = await Promise.allSettled([
      log().append(0, rows(1, 20)),
      log().append(20, { ...rows(21, 40), payloads: [{ commitment: leafDigest("nowhere") }] }),
      log().append(40, rows(41, 60)),
    ]);
    expect(kept.status).toBe("fulfilled");
    expect(failing).toMatchObject({ reason: { code: "payload_missing" } });
    expect(behind).toMatchObject({ reason: { code: "position_conflict" } });
    expect((await log().head()).position).toBe(20);
    await log().append(20, rows(21, 22));
    expect((await log().head()).position).toBe(22);
  });

  test("append of one hundred concurrent callers at one expected position lets exactly one in", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 100 }, () => log().append(0, rows(1, 2))));
    expect(tries.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    expect((await log().head()).position).toBe(2);
  });
}

function reads(log: () => Log): void {
  beforeEach(async () => log().append(0, rows(1, 100)));

  test("read returns rows exactly as appended when asked for all", async () => {
    expect(await log().read({ after: 0, limit: 1_000 })).toEqual(rows(1, 100).rows);
  });

  test("read pages through everything once when each page starts at the last row of the one before", async () => {
    const seen: number[] = [];
    for (let after = 0; ;) {
      const page = await log().read({ after, limit: 7 });
      if (page.length === 0) break;
      seen.push(...positions(page));
      after = page.at(-1)?.position ?? 0;
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  test("seek returns the cursor before the first row at a time or later", async () => {
    const all = rows(1, 100).rows;
    for (const timeMs of [0, 1_000, 1_001, 1_010, 1_155, 1_330, 9_999]) {
      const first = all.find((row) => row.timeMs >= timeMs);
      expect(await log().seek(timeMs)).toBe(first === undefined ? 100 : first.position - 1);
    }
  });

  test("checkpoints come back by size, and one that is not larger is refused", async () => {
    await log().putCheckpoint({ size: 10, note: "ten" });
    await log().putCheckpoint({ size: 20, note: "twenty" });
    await expect(log().putCheckpoint({ size: 20, note: "again" })).rejects.toThrow();
    await expect(log().putCheckpoint({ size: 15, note: "between" })).rejects.toThrow();
    expect(await log().checkpoints({ after: 10, limit: 10 })).toEqual([{ size: 20, note: "twenty" }]);
    expect(await log().lastCheckpoint()).toEqual({ size: 20, note: "twenty" });
  });
}

/** Rows from position 101 on, in the shape of entries. */
const story: readonly Partial<LogRow>[] = [
  told(101, {
    kind: "agent.spawn",
    agent: "agent-101-0",
    made: {
      type: "agent.spawned",
      agent: "agent-101-0",
      name: "ann",
      session: "session-9-0",
      principal: "principal-101-1",
      grant: "grant-101-2",
    },
  }),
  told(102, { kind: "effect.start", principal: "principal-101-1", agent: null, made: { type: "x" } }),
  told(103, { kind: "grant.revoke", agent: null, asked: { grant: "grant-101-2" }, causes: [102] }),
  told(104, {
    kind: "effect.request",
    agent: "agent-101-0",
    made: { type: "effect.requested", agent: "agent-101-0", effect: "effect-104-0" },
    causes: [102, 103],
  }),
  told(105, {
    kind: "batch",
    agent: "agent-107-0",
    asked: {
      operations: [
        { type: "grant.revoke", grant: "grant-101-2" },
        { type: "effect-like", note: "agent-107-0" },
      ],
    },
  }),
  told(106, { kind: "effect.settle", agent: null, asked: { effect: "effect-104-0" } }),
  told(107, {
    kind: "agent.spawn",
    agent: "agent-107-0",
    made: { type: "agent.spawned", agent: "agent-107-0", name: "agent-101-9", session: null },
  }),
];

function told(
  position: number,
  {
    causes = [],
    asked = {},
    made = {},
    ...row
  }: Partial<LogRow> & {
    readonly causes?: readonly number[];
    readonly asked?: object;
    readonly made?: object;
  },
): Partial<LogRow> {
  const operation = { type: row.kind, ...asked };
  const text = { position, stamp: { causes }, operation, outcome: { events: [made] } };
  return { session: null, ...row, bytes: JSON.stringify(text) };
}

function finds(log: () => Log): void {
  beforeEach(async () => log().append(0, rows(1, 100)));

  test.each([
    [{ agent: "agent-2-0" }],
    [{ session: "session-7-0" }],
    [{ kind: "task.start" }],
    [{ kind: "task.start", agent: "agent-1-0" }],
    [{ session: "session-7-0", kind: "task.complete", agent: "agent-2-0" }],
    [{ agent: "agent-9-9" }],
  ])("find returns the rows that pass %j and no other, page by page", async (filter) => {
    const wanted = rows(1, 100).rows.filter((row) =>
      Object.entries(filter).every(([field, value]) => row[field as keyof LogRow] === value),
    );
    const seen: LogRow[] = [];
    for (let after = 0; ;) {
      const page = await log().find(filter, { after, limit: 3 });
      seen.push(...page);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(3);
      after = page.at(-1)?.position ?? 0;
    }
    expect(seen).toEqual(wanted);
  });

  test("find returns the entries that tell of changes, also those of one kind or agent, and no other", async () => {
    const told = (kind: string, rest: string): Partial<LogRow> => ({ kind, bytes: `{"kind":"tool",${rest}}` });
    const also: readonly Partial<LogRow>[] = [
      told("effect.settle", '"changes":{"commitment":"c"}'),
      told("effect.settle", '"changes":null'),
      told("effect.request", '"more":{"kind":"undo"}'),
      told("effect.request", '"undoes":[]'),
      told("batch", '"operations":[]'),
      told("task.report", '"changes":{}'),
      { ...told("effect.settle", '"changes":{"commitment":"d"}'), agent: "agent-9-0" },
    ];
    await log().append(100, { rows: also.map((one, index) => rowAt(101 + index, one)), payloads: [] });
    const found = async (filter: LogFilter, after = 0): Promise<readonly number[]> =>
      positions(await log().find(filter, { after, limit: 10 }));
    expect(await found({ changes: true })).toEqual([101, 103, 105, 107]);
    expect(await found({ changes: true }, 103)).toEqual([105, 107]);
    expect(await found({ changes: true, kind: "effect.settle" })).toEqual([101, 107]);
    expect(await found({ changes: true, agent: "agent-9-0" })).toEqual([107]);
  });

  test("find sees rows appended after an earlier find", async () => {
    await log().find({ kind: "task.start" }, { after: 0, limit: 1 });
    await log().append(100, { rows: [rowAt(101, { kind: "rare.kind" })], payloads: [] });
    expect(positions(await log().find({ kind: "rare.kind" }, { after: 0, limit: 10 }))).toEqual([101]);
  });
}

function findsConcerns(log: () => Log): void {
  beforeEach(async () => log().append(0, rows(1, 100)));

  test("find follows what was made for whom: by id and name of an agent, session, area, parts of a batch and cause", async () => {
    const found = async (filter: LogFilter, after = 100): Promise<readonly number[]> =>
      positions(await log().find(filter, { after, limit: 20 }));
    await log().append(100, { rows: story.map((one, index) => rowAt(101 + index, one)), payloads: [] });
    for (const agent of ["agent-101-0", "ann"]) expect(await found({ agent })).toEqual([101, 102, 103, 104, 105, 106]);
    for (const agent of ["agent-107-0", "107"])
      expect(await found({ agent })).toEqual(agent === "107" ? [] : [105, 107]);
    // Called like an id: whoever asks for that id must not be told of it.
    expect(await found({ agent: "agent-101-9" })).toEqual([]);
    expect(await found({ session: "session-9-0" })).toEqual([101, 102, 103, 104, 105, 106]);
    expect(await found({ kind: "grant.*" })).toEqual([103, 105]);
    expect(await found({ kind: "grant.revoke" })).toEqual([103, 105]);
    expect(await found({ kind: "grant" })).toEqual([]);
    expect(await found({ kind: "effect.*", agent: "ann" })).toEqual([102, 104, 106]);
    expect(await found({ cause: 102 })).toEqual([103, 104]);
    expect(await found({ cause: 102, kind: "effect.*" })).toEqual([104]);
    expect(await found({ cause: 103 })).toEqual([104]);
    expect(await found({ cause: 1 })).toEqual([]);
    expect(await found({ agent: "ann", session: "session-9-0", kind: "effect.*" }, 104)).toEqual([106]);
  });
}

function payloads(log: () => Log): void {
  const leaf = payload("leaf");
  const tree = payload("tree", [leaf.commitment]);

  test("payload is kept once and counted for every reference", async () => {
    await log().append(0, {
      rows: [rowAt(1)],
      payloads: [
        { commitment: tree.commitment, stored: tree },
        { commitment: leaf.commitment, stored: leaf },
      ],
    });
    await log().append(1, {
      rows: [rowAt(2)],
      payloads: [{ commitment: leaf.commitment }, { commitment: leaf.commitment, stored: leaf }],
    });
    const kept = await log().payload(leaf.commitment);
    expect({ ...kept, salt: [...(kept?.salt ?? [])], bytes: new TextDecoder().decode(kept?.bytes) }).toEqual({
      ...leaf,
      salt: [...leaf.salt],
      bytes: "leaf",
      references: 3,
    });
    expect((await log().payload(tree.commitment))?.children).toEqual([leaf.commitment]);
  });

  test("payload that one append brings is counted for another that was asked for before it had resolved", async () => {
    const brought = log().append(0, { rows: [rowAt(1)], payloads: [{ commitment: leaf.commitment, stored: leaf }] });
    const named = log().append(1, { rows: [rowAt(2)], payloads: [{ commitment: leaf.commitment }] });
    await Promise.all([brought, named]);
    expect((await log().payload(leaf.commitment))?.references).toBe(2);
  });

  test("payloadSizes names those that are in the log and no other", async () => {
    await log().append(0, { rows: [rowAt(1)], payloads: [{ commitment: leaf.commitment, stored: leaf }] });
    expect(await log().payloadSizes([leaf.commitment, tree.commitment])).toEqual(new Map([[leaf.commitment, 4]]));
    expect(await log().payload(tree.commitment)).toBeUndefined();
  });

  test("append writes neither rows nor payloads when a reference has no payload", async () => {
    const batch = {
      rows: [rowAt(1)],
      payloads: [{ commitment: leaf.commitment, stored: leaf }, { commitment: tree.commitment }],
    };
    await expect(log().append(0, batch)).rejects.toMatchObject({ code: "payload_missing" });
    expect((await log().head()).position).toBe(0);
    expect(await log().payload(leaf.commitment)).toBeUndefined();
  });
}

function watching(log: () => Log): void {
  test("watch yields every row once and in order when appends run beside many watchers", async () => {
    const stop = new AbortController();
    const total = 500;
    const watchers = [0, 0, 7, 250].map(async (after) => {
      const seen: number[] = [];
      for await (const row of log().watch(after, { signal: stop.signal })) {
        seen.push(row.position);
        if (row.position === total) break;
      }
      return { after, seen };
    });
    for (let position = 0; position < total; position += 10) {
      await log().append(position, rows(position + 1, position + 10));
      if (position % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { after, seen } of await Promise.all(watchers))
      expect(seen).toEqual(Array.from({ length: total - after }, (_, index) => after + index + 1));
  });

  test("watch ends when its signal aborts and when the log closes", async () => {
    await log().append(0, rows(1, 2));
    const stop = new AbortController();
    const follow = async (seen: number[], signal: AbortSignal): Promise<void> => {
      for await (const row of log().watch(0, { signal })) seen.push(row.position);
    };
    const [seen, alsoSeen]: [number[], number[]] = [[], []];
    const aborted = follow(seen, stop.signal);
    const closed = follow(alsoSeen, new AbortController().signal);
    await turnsUntil(() => seen.length === 2 && alsoSeen.length === 2);
    stop.abort();
    await aborted;
    await log().close();
    await closed;
    expect([seen, alsoSeen]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await expect(log().append(2, rows(3, 3))).rejects.toMatchObject({ code: "log_unavailable" });
  });
}

function durability(log: () => Log, reopen: () => Promise<void>): void {
  test("everything appended is there when the log is opened again", async () => {
    const kept = payload("kept");
    await log().append(0, { ...rows(1, 50), payloads: [{ commitment: kept.commitment, stored: kept }] });
    await log().putCheckpoint({ size: 50, note: "fifty" });
    await reopen();
    expect(await log().read({ after: 0, limit: 100 })).toEqual(rows(1, 50).rows);
    expect(positions(await log().find({ session: "session-7-0" }, { after: 0, limit: 100 }))).toEqual([
      7, 14, 21, 28, 35, 42, 49,
    ]);
    expect((await log().payload(kept.commitment))?.references).toBe(1);
    expect(await log().lastCheckpoint()).toEqual({ size: 50, note: "fifty" });
    await log().append(50, rows(51, 51));
    expect((await log().head()).position).toBe(51);
  });
}
