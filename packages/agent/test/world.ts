/**
 * A small world for the tests: a real vault in a temporary folder, and instead of the runtime a performer behind the log,
 * which carries out the tests' tools in this process and counts what it did.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  genesisIds,
  type Caller,
  type EffectId,
  type EffectOutcome,
  type Entry,
  type MachinePort,
  type RecordedEntry,
} from "@toka/kernel";
import { createVault, localProof, type Vault } from "@toka/store";
import type { CrewDefinition } from "../src/crew/crew-definition.ts";
import { readCrew } from "../src/crew/read-crew.ts";
import type { Deliverable } from "../src/judge/deliverable.ts";
import type { Clock } from "../src/run/clock.ts";
import { agentText, bytes, knownTools, shown, testTools, type AgentParts } from "./files.ts";

/** Host time that only the test moves. */
export class TestClock implements Clock {
  #nowMs = 1_800_000_000_000;
  #waiting: { readonly timeMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves time on and wakes whoever waited for it. */
  set(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const due = this.#waiting.filter((waiter) => waiter.timeMs <= this.#nowMs);
    this.#waiting = this.#waiting.filter((waiter) => waiter.timeMs > this.#nowMs);
    for (const waiter of due) waiter.wake();
  }

  reach(timeMs: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (timeMs <= this.#nowMs || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ timeMs, wake: resolve });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

/** What performing one effect came to. */
export interface Performed {
  readonly outcome: EffectOutcome;
  readonly code: string | null;
  readonly result: unknown;
}

/** One call as the performer sees it. */
export interface Call {
  readonly effect: EffectId;
  readonly label: string;
  readonly tool: string | null;
  readonly given: Readonly<Record<string, unknown>>;
  /** How often this step was performed before, in this world. */
  readonly before: number;
}

/** Carries out a call; undefined leaves the effect unsettled. */
export type Perform = (call: Call) => Promise<Performed | undefined> | Performed | undefined;

/** A vault with its callers and folders. */
export interface World {
  readonly vault: Vault;
  readonly machine: MachinePort;
  readonly clock: TestClock;
  readonly operator: Caller;
  readonly host: Caller;
  readonly folders: { readonly workspace: string; readonly output: string };
  /** Labels of steps in the order they were performed. */
  readonly performed: string[];
  /** Settles an effect that the performer left unsettled. */
  settle(effect: EffectId, answer: Performed): Promise<void>;
  /** Resolves with the first entry that passes, from the log's start on. */
  until(passes: (entry: Entry) => boolean): Promise<Entry>;
  /** Every entry so far. */
  entries(): Promise<readonly Entry[]>;
  readDeliverable(path: string): Promise<Deliverable | undefined>;
  close(): Promise<void>;
}

/** Makes a world whose performer answers as `perform` says, or else carries the tests' tools out. */
export async function makeWorld(perform: Perform = carryOut): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), "toka-agent-"));
  const clock = new TestClock();
  const vault = await createVault(
    {
      name: "test",
      host: "host",
      root: "operator",
      allotment: { cpuMs: 1e9, wallMs: 1e9, toolCalls: 1e6, memoryBytes: 2 ** 40, storedBytes: 2 ** 40 },
      held: false,
    },
    { dir: join(root, "vault"), clock: () => clock.nowMs(), knownVaults: null },
  );
  const { machine } = vault;
  const operator: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };
  const performed: string[] = [];
  const stop = new AbortController();
  await registerTools(machine, operator);
  const following = performAll({ machine, host: vault.host, perform, performed, signal: stop.signal });
  return {
    vault,
    machine,
    clock,
    operator,
    host: vault.host,
    folders: { workspace: join(root, "workspace"), output: root },
    performed,
    settle: async (effect, answer) => await settle({ machine, host: vault.host }, { effect, answer }),
    until: async (passes) => {
      const over = new AbortController();
      try {
        for await (const { entry } of machine.watch(0, { signal: over.signal })) if (passes(entry)) return entry;
      } finally {
        over.abort();
      }
      throw new Error("the watch ended");
    },
    entries: async () => {
      const all: RecordedEntry[] = [];
      for (;;) {
        const page = await machine.read(all.length, { limit: 1000 });
        if (page.length === 0) return all.map(({ entry }) => entry);
        all.push(...page);
      }
    },
    readDeliverable: async (path) => {
      try {
        const content = await readFile(path);
        return { size: content.byteLength, bytes: content };
      } catch {
        return undefined;
      }
    },
    close: async () => {
      stop.abort();
      await following;
      await vault.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Reads a crew from parts of agent files, which must be right. */
export function crewOf(agents: readonly AgentParts[], crewFile = ""): CrewDefinition {
  const text = ["name: testers", "description: A crew of the tests", crewFile].join("\n");
  const files = new Map([
    ["crew.yaml", bytes(text)],
    ...agents.map((parts) => [`agents/${parts.name ?? "reader"}.yaml`, bytes(agentText(parts))] as const),
  ]);
  const read = readCrew(files, { prefix: "", tools: knownTools() });
  if ("problems" in read) throw new Error(shown(read).join("\n"));
  return read.value;
}

/** What the tests' tools do: count says 3 files, write writes, peek reads, send tells how long its text is. */
export async function carryOut({ tool, given }: Call): Promise<Performed> {
  const done = (result: unknown): Performed => ({ outcome: "succeeded", code: "0", result });
  if (tool === "count") return done({ files: 3, languages: ["ts", "md"], total: { bytes: 42 } });
  if (tool === "write") {
    await writeFile(String(given["path"]), String(given["content"]));
    return done({ bytes: String(given["content"]).length });
  }
  if (tool === "peek") return done({ text: await readFile(String(given["path"]), "utf8") });
  if (tool === "send") return done({ sent: String(given["text"]).length });
  return done({ exit: { code: 0 }, stdout: { text: "fine" } });
}

async function registerTools(machine: MachinePort, operator: Caller): Promise<void> {
  const catalogue = knownTools();
  for (const { name } of testTools) {
    const tool = catalogue.find(name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    const manifest = machine.seal(JSON.stringify(tool));
    const receipt = await machine.submit(
      {
        type: "tool.register",
        name,
        version: tool.version,
        sideEffect: tool.sideEffect,
        manifest: manifest.content,
        program: `sha256:${"A".repeat(43)}`,
        permissions: tool.permissions,
        timeoutMsMax: tool.timeoutMs,
      },
      { caller: operator, payloads: [manifest] },
    );
    if ("refusal" in receipt.outcome) throw new Error(JSON.stringify(receipt.outcome.refusal));
  }
}

interface Performing {
  readonly machine: MachinePort;
  readonly host: Caller;
  readonly perform: Perform;
  readonly performed: string[];
  readonly signal: AbortSignal;
}

async function performAll({ machine, host, perform, performed, signal }: Performing): Promise<void> {
  for await (const { entry } of machine.watch(0, { signal })) {
    if (!("events" in entry.outcome)) continue;
    for (const event of entry.outcome.events) {
      if (event.type !== "effect.requested" && event.type !== "approval.allowed") continue;
      const { effect } = event;
      const row = await machine.view((state) => state.effects.get(effect));
      // Given up meanwhile.
      if (row === undefined) continue;
      const { label, tool, sideEffect } = row;
      const given: unknown = JSON.parse(new TextDecoder().decode(await machine.payload(row.arguments)));
      const before = performed.filter((one) => one === label).length;
      performed.push(label);
      const call: Call = {
        effect,
        label,
        tool,
        given: given as Readonly<Record<string, unknown>>,
        before,
      };
      const answer = await perform(call);
      if (answer === undefined) continue;
      if (sideEffect === "external" || sideEffect === "privileged")
        await machine.submit({ type: "effect.start", effect }, { caller: host });
      await settle({ machine, host }, { effect, answer });
    }
  }
}

async function settle(
  { machine, host }: Pick<World, "machine" | "host">,
  { effect, answer }: { readonly effect: EffectId; readonly answer: Performed },
): Promise<void> {
  const result = machine.seal(JSON.stringify(answer.result));
  await machine.submit(
    {
      type: "effect.settle",
      effect,
      outcome: answer.outcome,
      code: answer.code,
      result: result.content,
      usage: { cpuMs: 5, wallMs: 7, toolCalls: 1 },
      changes: null,
      changed: 0,
    },
    { caller: host, payloads: [result] },
  );
}
