/**
 * Puts Toka together: the vault, the sandbox, the tools, the gate and the socket. This is the one place that builds things; everything
 * else is handed what it needs.
 *
 * Docs: docs/decisions/0008-one-process.md (who holds a vault, and who asks).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { clockOver } from "@toka/agent";
import type { Caller, MachinePort } from "@toka/kernel";
import type { Machine } from "@toka/store";
import {
  createRuntime,
  createSandbox,
  prepareRegistrations,
  type Runtime,
  type Sandbox,
  type Tool,
  type ToolCatalogue,
} from "@toka/runtime";

import { type AlertsConfig, defaultAlerts } from "./alerts/config.ts";
import { startAlerts } from "./alerts/start-alerts.ts";
import type { VaultApi } from "./api.ts";
import { ServiceFailure } from "./failure.ts";
import { createHostClock, type HostClock } from "./host-clock.ts";
import type { LoopbackOptions, LoopbackServer } from "./http/loopback.ts";
import { createGrowingTools, type GrowingTools } from "./growing-tools.ts";
import type { VaultServer } from "./http/server.ts";
import { type BackupSchedule, keepBackups } from "./keep/schedule.ts";
import { createLocalVault, type LocalVaultParts } from "./local-vault.ts";
import { endOrphans } from "./orphans.ts";
import { outputsFolder, type Places } from "./places.ts";
import { refusalInWords } from "./refusal-words.ts";
import type { ProofSource } from "./proof/proofs.ts";
import { keepTimers } from "./timers.ts";
import { desktopKeyring } from "./secrets/keyring.ts";
import { createRedactor } from "./secrets/redactor.ts";
import { onlyRead, ringMachine, ringSandbox } from "./secrets/ring.ts";
import { openSecretStore, type SecretStore, type SecretStoreParts } from "./secrets/secret-store.ts";
import { openTokenDesk, tokenKeysFile } from "./tokens/token-desk.ts";
import { createSessions, type Sessions } from "./sessions/sessions.ts";
import { acceptClock, type HeldVault, openVaultAt, operatorCaller } from "./vault-opening.ts";

/** What a composition is made with. */
export interface ComposeOptions {
  readonly places: Places;
  /** `read` only answers questions; `write` also has operations decided; `run` also performs effects and serves the socket. */
  readonly purpose: "read" | "write" | "run";
  /** Whether to create the vault when there is none. */
  readonly create: boolean;
  /** Port of the listener on loopback, 0 for one that the system chooses; absent or null: the socket alone. */
  readonly port?: number | null;
  /** The machine's clock, ms since 1970. */
  readonly clock: () => number;
  /** The tools of this process; asked once the vault is open, since an open session has tools of its own. */
  readonly tools: (machine: MachinePort) => Promise<readonly Tool[]>;
  /** Where alerts go; on the terminal alone when absent. Read by a process of purpose `run`. */
  readonly alerts?: AlertsConfig;
  /** Where and how often the vault is backed up; not at all when absent. Kept to by a process of purpose `run`. */
  readonly backup?: BackupSchedule;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

/** A running composition. */
export interface Composition {
  readonly vault: HeldVault;
  /** As the operator. */
  readonly api: VaultApi;
  /** @returns the api of another caller, whom somebody at the edge has proved */
  readonly apiFor: (caller: Caller) => VaultApi;
  readonly operator: Caller;
  /** Host time, ms since 1970: it neither stands still nor goes back. */
  readonly nowMs: () => number;
  /** Where it listens on loopback; empty when on the socket alone. */
  readonly addresses: readonly string[];
  readonly tools: ToolCatalogue;
  readonly sandbox: Sandbox;
  /** Present when the purpose is `run`. */
  readonly runtime: Runtime | undefined;
  readonly sessions: Sessions;
  /** Rejects when the gate cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when no program that was asked for over the socket is under way. */
  readonly idle: () => Promise<void>;
  /** Ends programs, gate and socket, signs a checkpoint, and lets go of the vault. */
  readonly close: () => Promise<void>;
}

/**
 * Builds everything that one process needs around one vault.
 *
 * @param options - the folders, the purpose and the tools
 * @returns the composition; whoever built it must close it
 * @throws a failure when the vault cannot be opened, the tools cannot be registered, or the socket cannot be made
 */
export async function compose(options: ComposeOptions): Promise<Composition> {
  const { places } = options;
  const clock = createHostClock({ wall: options.clock, monotonic: () => performance.now() });
  const redactor = createRedactor();
  const onNote = (line: string): void => options.onNote(redactor.text(line));
  const onTrouble = (thrown: unknown): void =>
    onNote(`note: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  const opened = await openVaultAt(places, { create: options.create, clock: clock.nowMs, onTrouble });
  // From here on nothing in this process reaches the log but through the ring.
  const ringed = ringMachine(opened.machine, redactor);
  const vault: HeldVault = { ...opened, machine: options.purpose === "read" ? onlyRead(ringed) : ringed };
  const closing = new AbortController();
  const closers: (() => Promise<void>)[] = [async () => vault.close()];
  try {
    clock.startFrom(await vault.machine.view((state) => state.head.timeMs));
    const operator = operatorCaller();
    if (options.purpose !== "read") await vouchForClock(vault, { onNote, nowMs: clock.nowMs });
    const sandbox = ringSandbox(createSandbox(), redactor);
    const openSecrets = secretsOf(vault, { places, redactor, nowMs: clock.nowMs, onNote });
    // Whoever only reads needs no key, and can look at a vault whose key is lost.
    if (options.purpose !== "read") await openSecrets();
    if (existsSync(join(vault.dir, tokenKeysFile))) redactor.useTokens();
    const ring = { options: { ...options, onNote }, vault, clock };
    const gate = options.purpose === "run" ? await openGate({ ...ring, operator, sandbox }) : undefined;
    if (gate !== undefined) closers.push(async () => gate.runtime.stop());
    const { dir, id, host, machine } = vault;
    const tokens = openTokenDesk({ dir, id, host, machine, clock: clock.nowMs });
    const tools = gate?.tools ?? ungatedTools({ vault, operator });
    const shared = { vault, operator, tools: tools.catalogue, runtime: gate?.runtime, nowMs: clock.nowMs };
    const sessionParts = { ...shared, knownVaults: places.knownVaults };
    const sessions = createSessions({ parts: sessionParts, addTools: tools.add, onNote });
    closers.push(async () => sessions.close());
    const parts = {
      ...{ dir, knownVaults: places.knownVaults, sessions, tools, machine, host },
      proofs: opened,
      ...{ clock: clock.nowMs, seek: async (timeMs: number) => opened.machine.seek(timeMs), tokens },
      erasing: erasingOf(opened.machine),
      secrets: openSecrets,
      redactor,
      runtime: gate?.runtime,
      closing: closing.signal,
    };
    if (gate !== undefined) {
      for (const task of await followLog({ ...ring, source: opened, signal: closing.signal })) {
        closers.push(async () => void (await task));
      }
    }
    const local = createLocalVault(parts);
    closers.push(async () => local.idle());
    const { apiFor } = local;
    const api = apiFor(operator);
    const doors = { dir, api, apiFor, verify: tokens.verify, nowMs: clock.nowMs };
    const addresses = gate === undefined ? [] : await openDoors(doors, { port: options.port ?? null, closers });
    if (gate !== undefined) local.markServed(addresses);
    return {
      ...{ ...shared, api, apiFor, addresses },
      sandbox,
      sessions,
      failed: gate?.failed ?? new Promise<never>(() => {}),
      idle: local.idle,
      close: closeOnce(closing, closers),
    };
  } catch (error) {
    await closeOnce(closing, closers)().catch(onTrouble);
    throw error;
  }
}

/** The socket, and the listener on loopback when a port is given. @returns the listener's addresses */
async function openDoors(
  { api, ...door }: Omit<LoopbackOptions, "port"> & { readonly api: VaultApi },
  { port, closers }: { readonly port: number | null; readonly closers: (() => Promise<void>)[] },
): Promise<readonly string[]> {
  const server = await serve(api, door.dir);
  closers.push(async () => server.close());
  if (port === null) return [];
  const listener = await listen({ ...door, port });
  closers.push(listener.close);
  return listener.addresses;
}

/** Runs the closers in reverse order, each whatever became of the others; the first error is thrown at the end. */
function closeOnce(closing: AbortController, closers: readonly (() => Promise<void>)[]): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closing.abort();
    const errors: unknown[] = [];
    for (const closer of closers.toReversed()) await closer().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  return async () => (closed ??= close());
}

async function vouchForClock(
  vault: HeldVault,
  { onNote, nowMs }: Pick<ComposeOptions, "onNote"> & { readonly nowMs: () => number },
): Promise<void> {
  const note = await acceptClock(vault, { clock: nowMs });
  if (note !== undefined) onNote(note);
}

/** What a process that holds a vault does by itself: timers, alerts and backups. */
async function followLog(from: {
  readonly options: ComposeOptions;
  readonly vault: HeldVault;
  readonly clock: HostClock;
  readonly source: ProofSource;
  readonly signal: AbortSignal;
}): Promise<readonly Promise<unknown>[]> {
  const { options, vault, source, signal } = from;
  const parts = { machine: vault.machine, clock: clockOver(from.clock.nowMs), onNote: options.onNote, signal };
  const config = options.alerts ?? defaultAlerts;
  const alerts = await startAlerts({ ...parts, config, dir: vault.dir, vault: vault.id });
  const { dir, host } = vault;
  const { backup: schedule } = options;
  return [
    alerts.stopped,
    keepTimers({ ...parts, host }),
    ...(schedule === undefined ? [] : [keepBackups({ ...parts, schedule, dir, source, host })]),
  ];
}

/** The secrets of a vault, opened once at first need. */
function secretsOf(
  { id, dir, machine }: HeldVault,
  parts: Pick<SecretStoreParts, "redactor" | "nowMs" | "onNote"> & { readonly places: Places },
): () => Promise<SecretStore> {
  const { places, ...more } = parts;
  const { secretKeys, secretKey: variable } = places;
  const custody = { file: join(secretKeys, id), variable, keyring: desktopKeyring(), vault: id };
  let opened: Promise<SecretStore> | undefined;
  return async () => (opened ??= openSecretStore({ ...custody, ...more, dir, machine }));
}

/** HTTP is loaded only by who serves: a command that reads starts without it. */
async function serve(api: VaultApi, dir: string): Promise<VaultServer> {
  const { serveVault } = await import("./http/server.ts");
  return serveVault(api, { dir });
}

async function listen(options: LoopbackOptions): Promise<LoopbackServer> {
  const { serveLoopback } = await import("./http/loopback.ts");
  return serveLoopback(options);
}

/** Nothing is performed here; the log is made to know the tools of whatever is started. */
function ungatedTools(to: { readonly vault: HeldVault; readonly operator: Caller }): GrowingTools {
  return createGrowingTools([], async (more) => registerTools(more, to));
}

interface Gate {
  readonly runtime: Runtime;
  readonly tools: GrowingTools;
  readonly failed: Promise<never>;
}

async function openGate(from: {
  readonly options: ComposeOptions;
  readonly vault: HeldVault;
  readonly operator: Caller;
  readonly sandbox: Sandbox;
  readonly clock: HostClock;
}): Promise<Gate> {
  const { options, vault, operator, sandbox, clock } = from;
  const { machine } = vault;
  const tools = await options.tools(machine);
  const growing = createGrowingTools(tools, async (more) => registerTools(more, { vault, operator }));
  await registerTools(tools, { vault, operator });
  await endOrphans({ machine, operator });
  let fail: (failure: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  // Whoever waits for the failure is told; when nobody does, the next call meets it.
  failed.catch(() => {});
  const runtime = createRuntime({
    machine,
    host: vault.host,
    sandbox,
    tools: growing.catalogue,
    layersDir: join(vault.dir, "layers"),
    // A program that could change what is known of vaults could make a rollback pass unseen.
    hiddenPaths: [vault.dir, options.places.knownVaults, options.places.secretKeys],
    outputPaths: [outputsFolder(vault.dir)],
    clock,
    onFailure: fail,
  });
  await runtime.start();
  return { runtime, tools: growing, failed };
}

async function registerTools(
  tools: readonly Tool[],
  { vault, operator }: { readonly vault: HeldVault; readonly operator: Caller },
): Promise<void> {
  const { machine } = vault;
  const registered = await machine.view((state) => new Map([...state.tools.values()].map((tool) => [tool.name, tool])));
  const prepared = prepareRegistrations(tools, {
    registered: (name) => registered.get(name),
    seal: (bytes) => machine.seal(bytes),
  });
  await Promise.all(
    prepared.map(async ({ operation, payloads }) => {
      const { outcome } = await machine.submit(operation, { caller: operator, payloads });
      if (!("refusal" in outcome)) return;
      const name = "name" in operation ? operation.name : operation.type;
      throw new ServiceFailure("tool_refused", {
        message: `Cannot register the tool ${name}: ${refusalInWords(outcome.refusal)}`,
      });
    }),
  );
}

/** What of erasing only the store can do. */
function erasingOf(store: Machine): LocalVaultParts["erasing"] {
  return {
    held: async (commitment) => store.stored(commitment),
    erasedAt: async (commitment) => store.erasedAt({ commitment }),
    scrub: async () => store.scrub(),
  };
}
