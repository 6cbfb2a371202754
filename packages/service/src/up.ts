/**
 * `toka up`: opens the vault, runs a crew's session to its end, and stays to serve.
 */
import { mkdirSync } from "node:fs";

import {
  type AgentProgress,
  findOpenSessions,
  type OpenSession,
  readSessionCrew,
  resumeSession,
  type SessionFound,
  startSession,
} from "@toka/agent";
import { genesisIds, type MachinePort } from "@toka/kernel";
import type { Tool } from "@toka/runtime";
import { vaultExists } from "@toka/store";

import { readAlertsFile } from "./alerts/config.ts";
import { compose, type ComposeOptions, type Composition } from "./compose.ts";
import { crewFolder, crewFrom, defaultCrew, loadCrew, type LoadedCrew } from "./crews.ts";
import { ServiceFailure } from "./failure.ts";
import type { BackupSchedule } from "./keep/schedule.ts";
import { isServed, remoteVault } from "./client/vault-client.ts";
import { holderOf, whenFree } from "./patience.ts";
import { outputFolder, type Places } from "./places.ts";
import { toolsOf } from "./session-tools.ts";
import { isOfFiles } from "./sessions/crew-source.ts";
import { rememberedTools } from "./tools/remembered-tools.ts";
import type { UpSummary } from "./up-summary.ts";

/** What `toka up` is called with. */
export interface UpOptions {
  readonly places: Places;
  /** Name of a crew that comes with Toka, or an absolute folder; absent: the open session's, else the default. */
  readonly crew?: string;
  /** Port of the listener on loopback, 0 for one that the system chooses; null or absent: the socket alone. */
  readonly port?: number | null;
  /** An absolute path: the file that says where alerts go. Absent: to the terminal. */
  readonly alerts?: string;
  /** Where and how often the vault is backed up. Absent: not at all. */
  readonly backup?: BackupSchedule;
  readonly onNote: (line: string) => void;
  readonly onProgress: (agents: readonly AgentProgress[]) => void;
  /** Aborted to stop in order; the session then stays open. */
  readonly signal: AbortSignal;
}

/** A vault that is up. */
export interface UpRun {
  readonly dir: string;
  /** Resolves when the session is over, or with undefined when it was stopped before; rejects when it cannot go on. */
  readonly summary: Promise<UpSummary | undefined>;
  /** Rejects when the gate cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Stops the session, signs a checkpoint and lets go of the vault. */
  readonly close: () => Promise<void>;
}

/**
 * Starts Toka in a workspace.
 *
 * @param options - folders, crew, and who listens
 * @returns the running vault; whoever started it must close it
 * @throws a failure `vault_in_use` when another process has the vault, or of the crew, the store and the sandbox
 */
export async function startUp(options: UpOptions): Promise<UpRun> {
  const { places, onNote } = options;
  await refuseSecond(places);
  const beside = besideOf(options);
  // A crew that cannot be used leaves no vault behind.
  if (!vaultExists(places.vault)) await loadCrew(await crewFolder(options.crew ?? defaultCrew));
  let chosen: Chosen | undefined;
  const tools = async (machine: MachinePort): Promise<readonly Tool[]> => {
    chosen = await chooseSession(machine, options);
    return toolsOf(machine, { first: chosen.crew.tools, more: await rememberedTools(places.vault) });
  };
  const composition = await composeHere({ places, onNote, tools, port: options.port ?? null, ...beside });
  if (chosen === undefined)
    throw new ServiceFailure("fault", { message: "Cannot start the session: no crew was chosen" });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  await composition.sessions.adopt({ except: chosen.found === undefined ? [] : [chosen.found.id] });
  const session = runChosen(chosen, { composition, options: { ...options, signal } });
  return {
    dir: composition.vault.dir,
    summary: Promise.race([session, composition.failed]),
    failed: composition.failed,
    close: async () => {
      stop.abort();
      await session.catch(() => {});
      await composition.close();
    },
  };
}

/** What `toka serve` is called with. */
export interface ServeOptions {
  readonly places: Places;
  /** Port of the loopback listener, 0 for any that is free; absent: none. */
  readonly port?: number;
  /** An absolute path: the file that says where alerts go. Absent: to the terminal. */
  readonly alerts?: string;
  /** Where and how often the vault is backed up. Absent: not at all. */
  readonly backup?: BackupSchedule;
  readonly onNote: (line: string) => void;
}

/**
 * Holds the vault and runs every session that is open in it, and those that are started meanwhile.
 *
 * @param options - folders, and who listens
 * @returns the running vault; whoever started it must close it
 * @throws a failure `vault_in_use` when another process has the vault, or of the store and the sandbox
 */
export async function startServing(options: ServeOptions): Promise<Pick<UpRun, "dir" | "failed" | "close">> {
  const { places, onNote } = options;
  await refuseSecond(places);
  const beside = besideOf(options);
  const composition = await composeHere({
    places,
    onNote,
    tools: async (machine) => toolsOf(machine, { more: await rememberedTools(places.vault) }),
    port: options.port ?? null,
    ...beside,
  });
  await refuseHeld(composition);
  await composition.sessions.adopt({ except: [] });
  return { dir: composition.vault.dir, failed: composition.failed, close: composition.close };
}

function besideOf({ alerts, backup }: Pick<UpOptions, "alerts" | "backup">): Pick<ComposeOptions, "alerts" | "backup"> {
  return {
    ...(alerts === undefined ? {} : { alerts: readAlertsFile(alerts) }),
    ...(backup === undefined ? {} : { backup }),
  };
}

async function composeHere(
  options: Pick<ComposeOptions, "places" | "onNote" | "tools" | "port" | "alerts" | "backup">,
): Promise<Composition> {
  const { places, onNote } = options;
  try {
    // A command that asks without a server has the vault open for a moment; who serves it, has it for long.
    const composition = await whenFree({ dir: places.vault, onNote }, async () => {
      await refuseSecond(places);
      return compose({ ...options, purpose: "run", create: true, clock: Date.now });
    });
    onNote(["serving on", `${composition.vault.dir}/socket`, ...composition.addresses].join(" "));
    return composition;
  } catch (error) {
    throw isLocked(error) ? inUse(places, undefined) : error;
  }
}

async function refuseSecond(places: Places): Promise<void> {
  if (!(await isServed(places.vault))) return;
  const status = await remoteVault(places.vault)
    .status()
    .catch(() => undefined);
  throw inUse(places, status?.served?.pid);
}

function inUse(places: Places, pid: number | undefined): ServiceFailure {
  // Who only begins to serve does not say yet who he is.
  const holder = pid ?? holderOf(places.vault);
  const who = holder === undefined ? "another process" : `process ${holder}`;
  return new ServiceFailure("vault_in_use", {
    message: `Cannot start: ${who} has the vault ${places.vault} open; toka status and toka log --follow show what it does`,
  });
}

function isLocked(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "vault_locked";
}

interface Chosen {
  readonly crew: LoadedCrew;
  /** The session to go on with; undefined for a new one. */
  readonly found: SessionFound | undefined;
}

/** Agent files that were spawned run beside the crew; what `up` goes on with is a crew that has a folder. */
async function chooseSession(machine: MachinePort, options: UpOptions): Promise<Chosen> {
  for (const found of await findOpenSessions(machine)) {
    const recorded = await readSessionCrew(machine, found);
    if (recorded === undefined) {
      throw new ServiceFailure("crew_absent", {
        message: `Cannot go on with ${found.id}: the log no longer has its crew; toka session end ${found.id} ends it`,
      });
    }
    if (isOfFiles(recorded.folder)) continue;
    if (options.crew !== undefined) {
      const asked = await crewFolder(options.crew);
      if (asked !== recorded.folder) {
        throw new ServiceFailure("session_open", {
          message: `Cannot start the crew ${asked}: ${found.id} of the crew ${found.name} is open; toka up --crew ${recorded.folder} goes on with it`,
        });
      }
    }
    return { crew: crewFrom(recorded), found };
  }
  return { crew: await loadCrew(await crewFolder(options.crew ?? defaultCrew)), found: undefined };
}

interface SessionParts {
  readonly composition: Composition;
  readonly options: UpOptions;
}

async function runChosen(chosen: Chosen, { composition, options }: SessionParts): Promise<UpSummary | undefined> {
  await refuseHeld(composition);
  const open = await openSession(chosen, { composition, options });
  return composition.sessions.run(open, options);
}

/** Nothing starts in a held vault, and who starts Toka need not know what it holds. */
async function refuseHeld({ vault }: Composition): Promise<void> {
  const { held } = await vault.machine.view((state) => ({ held: state.vault?.held ?? false }));
  if (!held) return;
  throw new ServiceFailure("vault_held", {
    message: `Cannot start anything in the vault ${vault.dir}: it is held; "toka status" and "toka state" show what would go on, and "toka resume" lets it`,
  });
}

async function openSession({ crew, found }: Chosen, { composition, options }: SessionParts): Promise<OpenSession> {
  const { vault, operator, tools } = composition;
  const { machine } = vault;
  if (found !== undefined) {
    options.onNote(`going on with ${found.id} of the crew ${found.name}`);
    mkdirSync(found.folders.output, { recursive: true, mode: 0o700 });
    return resumeSession(found, { machine, operator, tools });
  }
  const output = outputFolder(options.places, crew.crew.name);
  mkdirSync(output, { recursive: true, mode: 0o700 });
  const folders = { workspace: options.places.workspace, output };
  const open = await startSession({
    machine,
    operator,
    budget: genesisIds.rootBudget,
    crew: crew.crew,
    crewFolder: crew.folder,
    folders,
  });
  options.onNote(`${open.id} of the crew ${crew.crew.name} over ${folders.workspace}`);
  return open;
}
