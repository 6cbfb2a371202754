/** Alerts on their way: a real vault, real programs, and a web server on loopback. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { type Caller, genesisIds, type Operation } from "@toka/kernel";
import { createVault, localProof, openVault, type Vault } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Alert } from "../src/alerts/alert.ts";
import { type AlertsConfig, defaultAlerts } from "../src/alerts/config.ts";
import { positionsFile, startAlerts } from "../src/alerts/start-alerts.ts";
import { HandClock, startMs } from "./hand-clock.ts";

const operator: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };

interface Received {
  readonly alert: Alert;
  readonly headers: IncomingHttpHeaders;
}

let dir: string;
let clock: HandClock;
let vault: Vault;
let notes: string[];
let stop: AbortController;
let stopped: Promise<unknown>;
let server: Server;
let received: Received[];
/** Answers in order; the last one stays. */
let answers: number[];
/** The server answers nothing before this. */
let hold: Promise<void>;
const arrivals = new Set<() => void>();

async function start(config: Partial<AlertsConfig>): Promise<void> {
  stop = new AbortController();
  const onNote = (line: string): void => {
    notes.push(line);
    for (const arrive of arrivals) arrive();
  };
  const parts = { machine: vault.machine, vault: vault.id, dir: vault.dir, clock, signal: stop.signal, onNote };
  ({ stopped } = await startAlerts({ ...parts, config: { ...defaultAlerts, terminal: false, ...config } }));
}

async function restart(config: Partial<AlertsConfig>): Promise<void> {
  stop.abort();
  await stopped;
  await vault.close();
  vault = await openVault({ dir: join(dir, "vault"), knownVaults: join(dir, "known"), clock: () => clock.nowMs() });
  await start(config);
}

/** Resolves when something has arrived or was noted, and the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((arrive) => arrivals.add(arrive)).finally(() => arrivals.clear());
}

function webhook(name = "hook"): AlertsConfig["sinks"] {
  const { port } = server.address() as AddressInfo;
  return [{ name, to: { webhook: `http://127.0.0.1:${port}/alerts` }, timeoutMs: 5_000 }];
}

function program(body: string): AlertsConfig["sinks"] {
  const path = join(dir, "program.sh");
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o700);
  return [{ name: "program", to: { command: [path, "--fixed"] }, timeoutMs: 5_000 }];
}

async function raise(title: string, changes: { severity?: "info" | "critical"; content?: string } = {}): Promise<void> {
  const draft = changes.content === undefined ? undefined : vault.machine.seal(changes.content);
  const operation: Operation = {
    type: "alert.raise",
    agent: null,
    severity: changes.severity ?? "critical",
    code: "disk.full",
    title,
    content: draft?.content ?? null,
  };
  const payloads = draft === undefined ? [] : [draft];
  const { outcome } = await vault.machine.submit(operation, { caller: operator, payloads });
  expect(outcome).toHaveProperty("events");
}

function titles(): readonly string[] {
  return received.map(({ alert }) => alert.title);
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "toka-alerts-"));
  clock = new HandClock();
  [notes, received, answers, hold] = [[], [], [200], Promise.resolve()];
  server = createServer((request, response) => {
    void text(request).then(async (body) => {
      received.push({ alert: JSON.parse(body) as Alert, headers: request.headers });
      for (const arrive of arrivals) arrive();
      await hold;
      response.writeHead((answers.length > 1 ? answers.shift() : answers[0]) ?? 200).end("thanks");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const genesis = {
    name: "test",
    host: "host",
    root: "operator",
    allotment: { tokens: 100, cpuMs: 1_000 },
    held: false,
  };
  vault = await createVault(genesis, {
    dir: join(dir, "vault"),
    knownVaults: join(dir, "known"),
    clock: () => clock.nowMs(),
  });
  stop = new AbortController();
  stopped = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await stopped;
  await vault.close();
  await new Promise((closed) => server.close(closed));
  rmSync(dir, { recursive: true, force: true });
});

describe("a webhook", () => {
  test("gets each alert once, in order, as JSON with a key of its own", async () => {
    await start({ sinks: webhook() });
    await raise("The first", { content: "It is full.\n" });
    await raise("The second");
    await until(() => received.length === 2);
    const [first, second] = received;
    expect(first?.alert).toEqual({
      key: expect.stringMatching(/^sha256:[\w-]{43}\/0$/),
      vault: vault.id,
      position: 3,
      time: new Date(startMs).toISOString(),
      severity: "critical",
      code: "disk.full",
      title: "The first",
      agent: null,
      text: "It is full.\n",
      budget: null,
    });
    expect(first?.headers).toMatchObject({
      "content-type": "application/json",
      "idempotency-key": `"${first?.alert.key}"`,
    });
    expect(second?.alert.key).not.toBe(first?.alert.key);
  });

  test("gets only what is bad enough", async () => {
    await start({ sinks: webhook(), minimum: "warning" });
    await raise("Mild", { severity: "info" });
    await raise("Bad");
    await until(() => received.length === 1);
    expect(titles()).toEqual(["Bad"]);
  });

  test("that fails is asked again with the same key, later each time, and holds up nobody", async () => {
    answers = [503, 500, 200];
    await start({ sinks: webhook() });
    await raise("Late");
    await clock.waitedFor(1_000);
    // The log goes on meanwhile.
    await raise("Later");
    clock.pass(1_000);
    await clock.waitedFor(3_000);
    clock.pass(2_000);
    await until(() => received.length === 4);
    expect(titles()).toEqual(["Late", "Late", "Late", "Later"]);
    expect(new Set(received.map(({ alert }) => alert.key)).size).toBe(2);
    expect(notes).toEqual([
      expect.stringContaining("note: alerts to hook wait, and are tried again: it answered 503 (entry 3)"),
      "note: alerts to hook go on",
    ]);
  });

  test("that does not take an alert gets the next one", async () => {
    answers = [422, 200];
    await start({ sinks: webhook() });
    await raise("Odd");
    await raise("Plain");
    await until(() => received.length === 2);
    expect(notes).toEqual(["note: hook does not take the alert of entry 3: it answered 422"]);
  });

  test("that is nowhere gets everything when it is there, also from the next process", async () => {
    const sinks = webhook();
    await new Promise((closed) => server.close(closed));
    await start({ sinks });
    await raise("One");
    await raise("Two");
    await clock.waitedFor(1_000);
    expect(notes).toEqual([expect.stringContaining("ECONNREFUSED")]);
    expect(notes.join("")).not.toContain("127.0.0.1");
    const { port } = new URL(sinks[0] !== undefined && "webhook" in sinks[0].to ? sinks[0].to.webhook : "");
    await new Promise<void>((listening) => server.listen(Number(port), "127.0.0.1", listening));
    await restart({ sinks });
    await until(() => received.length === 2);
    expect(titles()).toEqual(["One", "Two"]);
  });

  test("gets nothing again after a restart, and what came while nobody delivered", async () => {
    await start({ sinks: webhook() });
    await raise("Before");
    await until(() => received.length === 1);
    await restart({ sinks: [] });
    await raise("Meanwhile");
    await restart({ sinks: webhook() });
    await raise("After");
    await until(() => received.length === 3);
    expect(titles()).toEqual(["Before", "Meanwhile", "After"]);
  });

  test("gets an alert again with the same key where nobody knows whether it was delivered", async () => {
    await start({ sinks: webhook() });
    await raise("Twice");
    await until(() => received.length === 1);
    stop.abort();
    await stopped;
    // As a process leaves it that died between the answer and its note.
    writeFileSync(join(vault.dir, positionsFile), JSON.stringify({ format: 1, positions: { hook: 2 } }));
    await restart({ sinks: webhook() });
    await until(() => received.length === 2);
    expect(received[0]?.alert.key).toBe(received[1]?.alert.key);
  });

  test("that is answering when the process stops in order is waited for, and not asked again", async () => {
    let answer: () => void = () => {};
    hold = new Promise((done) => (answer = done));
    await start({ sinks: webhook() });
    await raise("Once");
    await until(() => received.length === 1);
    stop.abort();
    answer();
    await restart({ sinks: webhook() });
    await raise("Next");
    await until(() => received.length === 2);
    expect(titles()).toEqual(["Once", "Next"]);
  });

  test("that is new begins with what comes from now on, and one that was taken out and comes back, too", async () => {
    await start({ sinks: [] });
    await raise("Old");
    await restart({ sinks: webhook("first") });
    await raise("New");
    await until(() => received.length === 1);
    await restart({ sinks: webhook("second") });
    await raise("For the second");
    await until(() => received.length === 2);
    await restart({ sinks: webhook("first") });
    await raise("For the first");
    await until(() => received.length === 3);
    expect(titles()).toEqual(["New", "For the second", "For the first"]);
  });
});

describe("a program", () => {
  test("gets the alert on its standard input, and nothing of it as an argument or in its environment", async () => {
    process.env["TOKA_TEST_SECRET"] = "hunter2";
    try {
      await start({ sinks: program(`cat > ${dir}/in; echo "$@" > ${dir}/args; env > ${dir}/env; touch ${dir}/done`) });
      await raise("$(touch ${dir}/owned); `id` --help");
      await new Promise<void>((done) => {
        const look = (): void => void (existsSync(join(dir, "done")) ? done() : setImmediate(look));
        look();
      });
    } finally {
      delete process.env["TOKA_TEST_SECRET"];
    }
    const lines = readFileSync(join(dir, "in"), "utf8").split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ title: "$(touch ${dir}/owned); `id` --help" });
    expect(readFileSync(join(dir, "args"), "utf8")).toBe("--fixed\n");
    expect(readFileSync(join(dir, "env"), "utf8")).not.toContain("hunter2");
    expect(existsSync(join(dir, "owned"))).toBe(false);
  });

  test("that fails is started again, and one that says that it will never do is not", async () => {
    const count = join(dir, "count");
    await start({ sinks: program(`echo x >> ${count}; [ $(wc -l < ${count}) -gt 2 ] && exit 65; exit 1`) });
    await raise("Never");
    await clock.waitedFor(1_000);
    clock.pass(1_000);
    await clock.waitedFor(3_000);
    clock.pass(2_000);
    await until(() => notes.some((note) => note.includes("exited with 65")));
    expect(readFileSync(count, "utf8")).toBe("x\nx\nx\n");
  });

  test("that does not end is ended with all that it started", async () => {
    const [sink] = program(`sleep 600 & echo $! > ${dir}/child; wait`);
    await start({ sinks: sink === undefined ? [] : [{ ...sink, timeoutMs: 500 }] });
    await raise("Slow");
    await until(() => notes.length === 1);
    expect(notes[0]).toContain("it took more than 500 ms");
    const child = Number(readFileSync(join(dir, "child"), "utf8"));
    while (isAlive(child)) await new Promise((done) => setImmediate(done));
  });

  test("that is not there is told of", async () => {
    await start({ sinks: [{ name: "absent", to: { command: ["/no/such/program"] }, timeoutMs: 5_000 }] });
    await raise("Nobody");
    await until(() => notes.length === 1);
    expect(notes[0]).toContain("ENOENT");
  });
});

describe("the terminal", () => {
  test("shows an alert as a line, with its entry", async () => {
    await start({ terminal: true });
    await raise("The disk is full");
    await until(() => notes.length === 1);
    expect(notes).toEqual(["alert: critical disk.full: The disk is full (entry 3)"]);
  });

  test("shows once that most of a budget is spent", async () => {
    await start({ terminal: true });
    const carve: Operation = {
      type: "budget.carve",
      parent: genesisIds.rootBudget,
      holder: genesisIds.root,
      amounts: { cpuMs: 1_000 },
    };
    const { outcome } = await vault.machine.submit(carve, { caller: operator });
    const [carved] = "events" in outcome ? outcome.events : [];
    if (carved?.type !== "budget.carved") throw new Error("Cannot go on: nothing was carved");
    for (const used of [850, 50]) await spend(carved.budget, used);
    await until(() => notes.length === 1);
    await raise("After");
    await until(() => notes.length === 2);
    const budget = `${carved.budget} of operator has spent 85 % of its cpuMs (850 of 1000)`;
    expect(notes[0]).toMatch(
      new RegExp(`^alert: warning budget\\.warned: The budget ${budget.replace(/[()]/g, "\\$&")}`),
    );
    expect(notes[1]).toContain("After");
  });
});

/** A process that was killed may be a zombie until its new parent has looked at it. */
function isAlive(pid: number): boolean {
  try {
    return !["Z", "X"].includes(readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[2] ?? "X");
  } catch {
    return false;
  }
}

/** Runs nothing, and has it booked all the same. */
async function spend(budget: Extract<Operation, { type: "budget.close" }>["budget"], cpuMs: number): Promise<void> {
  const draft = vault.machine.seal("{}");
  const request: Operation = {
    type: "effect.request",
    kind: "code",
    label: "work",
    agent: null,
    task: null,
    step: null,
    tool: null,
    arguments: draft.content,
    claims: [],
    reserve: { cpuMs },
    budget,
    timeoutMs: 1_000,
    inputs: [],
  };
  const asked = await vault.machine.submit(request, { caller: operator, payloads: [draft] });
  const [event] = "events" in asked.outcome ? asked.outcome.events : [];
  if (event?.type !== "effect.requested") throw new Error(`Cannot go on: ${JSON.stringify(asked.outcome)}`);
  const settle: Operation = {
    type: "effect.settle",
    effect: event.effect,
    outcome: "succeeded",
    code: "0",
    result: null,
    usage: { cpuMs },
    changes: null,
    changed: 0,
  };
  const { outcome } = await vault.machine.submit(settle, { caller: vault.host });
  expect(outcome).toHaveProperty("events");
}
