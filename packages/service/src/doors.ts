/**
 * The parts of the service that stand on kernel, store, gate or agents: each is loaded when it is called.
 *
 * A command that asks another process over the socket starts without those four, which take ten times as long to load as all else that
 * it needs. So whatever this package shows that stands on one of them is behind a function here that waits.
 */
import { statSync } from "node:fs";

import type { Amounts, PolicySet, RecordedEntry, Supposition } from "@toka/kernel";
import type { stdinBytesMax as gateStdinBytesMax } from "@toka/runtime";

import type { AmountWords } from "./amounts-from.ts";
import type { CheckReport } from "./check.ts";
import type { DoctorOptions, DoctorReport } from "./doctor.ts";
import { ServiceFailure, systemCode } from "./failure.ts";
import type { BackUpRequest } from "./keep/back-up.ts";
import type { StoreReport } from "./keep/look-over.ts";
import type { Restored, RestoreRequest } from "./keep/restore.ts";
import type { SuppositionFile } from "./past/supposition-file.ts";
import type { Places } from "./places.ts";
import type { CrewSource } from "./sessions/crew-source.ts";
import type { RunPlan } from "./sessions/plan-run.ts";
import type { StartSessionRequest } from "./sessions/start-request.ts";
import type { OperateRequest } from "./state/operate.ts";
import type { ServeOptions, UpOptions, UpRun } from "./up.ts";
import type { VaultVerdict } from "./verify.ts";
import type { BackUpReport, BundleReport, FileVerdict, VerifyFileOptions } from "@toka/store";
import type { Handed, Handing } from "./witness/handing.ts";

/** How many bytes of standard input a program may be given; the type is the gate's own, so that the two cannot differ. */
export const stdinBytesMax: typeof gateStdinBytesMax = 16_777_216;

/**
 * Checks a file that a person wrote: see `check.ts`.
 *
 * @returns what was found in it
 */
export async function checkFile(path: string, vault: string): Promise<CheckReport> {
  return (await import("./check.ts")).checkFile(path, vault);
}

/**
 * Looks at this machine: see `doctor.ts`.
 *
 * @returns what was found
 */
export async function examineMachine(options: DoctorOptions): Promise<DoctorReport> {
  return (await import("./doctor.ts")).examineMachine(options);
}

/**
 * Opens a vault and runs a crew: see `up.ts`.
 *
 * @returns the run
 */
export async function startUp(options: UpOptions): Promise<UpRun> {
  return (await import("./up.ts")).startUp(options);
}

/**
 * Holds a vault: see `up.ts`.
 *
 * @returns the running vault
 */
export async function startServing(options: ServeOptions): Promise<Pick<UpRun, "dir" | "failed" | "close">> {
  return (await import("./up.ts")).startServing(options);
}

/** What becomes of proofs and checkpoints outside of a vault. */
export const proofs: {
  /** Verifies a file that came out of a vault, or the folder of a backup, and asks no vault for it. */
  readonly verifyFile: (options: VerifyFileOptions) => Promise<FileVerdict>;
  /** Reads where a checkpoint is to go, and hands it over: see `witness/witness.ts`. */
  readonly witnessFrom: (word: string, cwd: string) => Promise<(handed: Handed) => Promise<Handing>>;
  /** Replaces a file that a person asked for; durable when it returns. */
  readonly writeDurably: (path: string, text: string | AsyncIterable<string>) => Promise<void>;
} = {
  verifyFile: async (options) =>
    told(`verify ${options.path}`, async () => {
      const { verifyBackup, verifyFile } = await import("@toka/store");
      return statSync(options.path).isDirectory() ? verifyBackup(options) : verifyFile(options);
    }),
  witnessFrom: async (word, cwd) => (await import("./witness/witness.ts")).witnessFrom(word, cwd),
  writeDurably: async (path, text) =>
    told(`write ${path}`, async () => (await import("@toka/store")).replaceFile(path, text)),
};

/** Files that say what is to hold, or what is supposed to have held. */
export const files: {
  /** Reads a policy file into one operation for each policy: see `policy-file.ts`. */
  readonly readPolicies: (path: string) => Promise<readonly PolicySet[]>;
  /** Reads a file of what is supposed to have been otherwise: see `past/supposition-file.ts`. */
  readonly readSupposition: (path: string, file: SuppositionFile) => Promise<Supposition>;
  /** Reads the bundle of a family as the operation that enables it, with its bytes: see `families/family-file.ts`. */
  readonly readFamily: (path: string) => Promise<OperateRequest>;
  /** Tries the bundle of a family with calls drawn from a seed: see `families/family-file.ts`. */
  readonly tryFamily: (path: string, seed: number) => Promise<BundleReport & { readonly file: string }>;
} = {
  readPolicies: async (path) => (await import("./policy-file.ts")).readPolicyFile(path),
  readSupposition: async (path, file) => (await import("./past/supposition-file.ts")).readSuppositionFile(path, file),
  readFamily: async (path) => (await import("./families/family-file.ts")).readFamilyFile(path),
  tryFamily: async (path, seed) => (await import("./families/family-file.ts")).tryFamilyFile(path, seed),
};

/** What is done with a vault's files as a whole, beside whoever has it open. */
export const keeping: {
  /** Looks a vault over without deciding anything again: see `keep/look-over.ts`. */
  readonly lookOver: (places: Places) => Promise<StoreReport>;
  /** Brings a backup of a vault up to its head: see `keep/back-up.ts`. */
  readonly backUp: (places: Places, options: BackUpRequest) => Promise<BackUpReport>;
  /** Makes a vault from a backup: see `keep/restore.ts`. */
  readonly restore: (places: Places, options: RestoreRequest) => Promise<Restored>;
  /** Decides every entry again: see `verify.ts`. */
  readonly verify: (places: Places) => Promise<VaultVerdict>;
} = {
  lookOver: async (places) => (await import("./keep/look-over.ts")).lookOverVault(places),
  backUp: async (places, options) =>
    told(`back up to ${options.to}`, async () => (await import("./keep/back-up.ts")).backUpVault(places, options)),
  restore: async (places, options) =>
    told(`restore ${options.from} into ${options.into}`, async () =>
      (await import("./keep/restore.ts")).restoreBackup(places, options),
    ),
  verify: async (places) => (await import("./verify.ts")).verifyVaultFiles(places),
};

/** Does something with a file, and says what could not be done when the system does not let it. */
async function told<T>(what: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const own = error instanceof Error && error.name === "Failure";
    const code = own ? undefined : systemCode(error);
    if (code === undefined) throw error;
    const message = `Cannot ${what}: ${code === "ENOENT" ? "there is no such file or folder" : code}`;
    throw new ServiceFailure("file_unusable", { message, cause: error });
  }
}

/**
 * Reads what is to be run: see `sessions/crew-source.ts`.
 *
 * @returns the crew's files
 */
export async function readCrewSource(paths: readonly string[]): Promise<CrewSource> {
  return (await import("./sessions/crew-source.ts")).readCrewSource(paths);
}

/**
 * Asks for a session of a crew: see `sessions/crew-source.ts`.
 *
 * @returns the request
 */
export async function sessionRequest(
  source: CrewSource,
  places: Pick<Places, "workspace" | "vault">,
): Promise<StartSessionRequest> {
  return (await import("./sessions/crew-source.ts")).sessionRequest(source, places);
}

/**
 * Says what running a crew would mean: see `sessions/plan-run.ts`.
 *
 * @returns the plan
 */
export async function planRun(source: CrewSource, places: Places): Promise<RunPlan> {
  return (await import("./sessions/plan-run.ts")).planRun(source, places);
}

/**
 * Reads amounts that a person wrote: see `amounts-from.ts`.
 *
 * @returns the amounts, or what is wrong
 */
export async function amountsFrom(
  words: AmountWords,
): Promise<{ readonly amounts: Amounts } | { readonly problem: string }> {
  return (await import("./amounts-from.ts")).amountsFrom(words);
}

/**
 * Reads a span of time that a person wrote: see `amounts-from.ts`.
 *
 * @returns milliseconds, or undefined when it is none
 */
export async function spanFrom(text: string): Promise<number | undefined> {
  return (await import("./amounts-from.ts")).spanFrom(text);
}

/**
 * Reads a list of permissions that a person wrote: see `permissions.ts`.
 *
 * @returns the permissions, or what is wrong
 */
export async function permissionsFrom(
  text: string,
): Promise<{ readonly permissions: readonly string[] } | { readonly problem: string }> {
  return (await import("./permissions.ts")).permissionsFrom(text);
}

/**
 * The bytes of an entry, as they lie in the log: see `stored-bytes.ts`.
 *
 * @returns one line of JSON
 */
export async function storedBytes(recorded: RecordedEntry): Promise<string> {
  return (await import("./stored-bytes.ts")).storedBytes(recorded);
}
