/**
 * What can be asked of a vault, whoever holds it.
 *
 * Two things answer: the process that holds the vault, directly, and any other process, over the socket of that one. Both give
 * the same answers, so a command never asks which of the two it has.
 */
import type { AgentQuery, Amounts, PolicyEffect, PolicyRef, Receipt, RecordedEntry, Refusal } from "@toka/kernel";

import type { ForkAnswer, ForkRequest, PastState, ReplayReport, ReplayRequest, StateDiff } from "./past/answers.ts";
import type { EraseAnswer, EraseRequest } from "./erasing/answers.ts";
import type { ExportRequest, ProofDocument, ProveRequest, SignedHead } from "./proof/answers.ts";
import type { StartedSession, StartSessionRequest } from "./sessions/start-request.ts";
import type { FamilyAnswer } from "./families/answers.ts";
import type { StateAnswer, StateArea } from "./state/areas.ts";
import type { OperateRequest } from "./state/operate.ts";
import type { RunToolRequest, ToolOutcome } from "./tools/tool-call.ts";
import type { UpSummary } from "./up-summary.ts";
import type { ChangeRecord, ChangesQuery, UndoAnswer, UndoRequest } from "./undo/answers.ts";

/** One live agent. */
export interface AgentStatus {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** Key of the task that is under way, or null between tasks. */
  readonly task: string | null;
  readonly allotment: Amounts;
  /** Spent and reserved together. */
  readonly used: Amounts;
}

/** One open session. */
export interface SessionStatus {
  readonly id: string;
  readonly name: string;
  readonly agents: readonly { readonly name: string; readonly status: string }[];
}

/** An effect whose outcome nobody knows, shown to the operator and never repeated by itself. */
export interface OwedEffect {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly tool: string | null;
}

/** Why something did not succeed. Guests' text as it was: whoever shows it makes it safe to show. */
export interface Told {
  /** Such as `failed`, `timed-out` or `limit`. */
  readonly outcome: string;
  /** The program's exit code, the limit that was hit, or a task's reason. */
  readonly code: string | null;
  /** In words; null when there are none, or they were erased. */
  readonly message: string | null;
  /** The last lines that a program wrote to standard error; empty when it was silent. */
  readonly lastLines: readonly string[];
}

/** An effect of an agent that was settled without success. */
export interface FailedEffect extends Told {
  /** Of the settlement. */
  readonly position: number;
  /** Name of the agent. */
  readonly agent: string;
  readonly tool: string | null;
  readonly step: string | null;
}

/** The state of a vault at its head. */
export interface VaultStatus {
  readonly vault: { readonly id: string; readonly name: string; readonly dir: string };
  readonly head: { readonly position: number; readonly digest: string; readonly timeMs: number };
  /** Host time of who answers, ms since 1970: what ends and begins by the clock does so by this one. */
  readonly hostTimeMs: number;
  /** True when the vault refuses to start anything until an operator resumes it. */
  readonly held: boolean;
  readonly sessions: readonly SessionStatus[];
  readonly agents: readonly AgentStatus[];
  readonly effectsInFlight: number;
  readonly owed: readonly OwedEffect[];
  /** The last that failed, oldest first. */
  readonly failures: readonly FailedEffect[];
  readonly budget: { readonly allotment: Amounts; readonly used: Amounts };
  /** The process that serves the vault, or null when the answer was read from the files. */
  readonly served: ServingProcess | null;
}

/** A process that serves a vault. */
export interface ServingProcess {
  readonly pid: number;
  /** Where it listens on loopback, such as `http://127.0.0.1:40123`; empty when on the socket alone. */
  readonly addresses: readonly string[];
}

/** Which entries to read. */
export interface LogQuery {
  /** Position to start behind; 0 starts at the first entry. */
  readonly after: number;
  /** Operation such as `effect.request`, or an area such as `effect` or `effect.*`; null for every operation. */
  readonly kind: string | null;
  /** Name or id of an agent; null for everybody's. */
  readonly agent: string | null;
  /** Id of a session; null or absent for all. */
  readonly session?: string | null;
  /** An entry whose consequences are meant: those that it led to, directly or by others. */
  readonly causedBy?: number | null;
  /** An entry whose causes are meant: those that led to it, directly or by others. */
  readonly causesOf?: number | null;
  /** Words that must all be in an entry and its contents, which also needs `vault.read:content`; null or absent for whatever is in them. */
  readonly text?: string | null;
  /** Effective time at or after, ms since 1970. */
  readonly sinceMs?: number | null;
  /** Effective time before, ms since 1970. */
  readonly untilMs?: number | null;
  /** A reader of the caller's who is remembered: it begins behind what was acknowledged in its name. */
  readonly reader?: string | null;
  /** How many at most; the position of the last is where the next page starts behind. */
  readonly limit?: number | null;
  /** Whether to stay and wait for what comes. */
  readonly follow: boolean;
}

/** One program to run in the sandbox. */
export interface ExecRequest {
  readonly argv: readonly string[];
  /** Absolute folder that the program may read and write when no permissions are given. */
  readonly workspace: string;
  /** Absolute folder to start in. */
  readonly cwd: string;
  /** What the program reads on its standard input, base64. */
  readonly stdin: string;
  /** What it may do, canonical `action:resource`; null for the workspace alone. */
  readonly permissions: readonly string[] | null;
  readonly timeoutMs: number | null;
  /** Whether to say what it used: a grant to run it under next time. */
  readonly learn?: boolean;
}

/** What was learnt from a run of a program: the smallest grant for what it did, as `--grant` takes it. */
export interface LearntGrant {
  readonly permissions: readonly string[];
  /** Programs that it started, absolute. */
  readonly programs: readonly string[];
  /** Folders that stand for many files in them. */
  readonly widened: readonly string[];
  /** What it used. */
  readonly usage: Amounts;
}

/** What became of a program. */
export type ExecOutcome =
  | {
      readonly type: "exited";
      /** The program's own; 128 + n when signal n ended it. */
      readonly code: number;
      /** Position of the settlement. */
      readonly position: number;
      /** Files that changed in the tree. */
      readonly changed: number;
      /** Absent when it was not asked for or nothing was started; null when the program did more than can be written down. */
      readonly learnt?: LearntGrant | null;
    }
  | { readonly type: "refused"; readonly refusal: Refusal; readonly position: number | null }
  | { readonly type: "stopped"; readonly outcome: string; readonly message: string; readonly position: number };

/** Which stream of a guest a chunk came from. */
export type OutputStream = "stdout" | "stderr";

/** How a caller listens to a running program. */
export interface ExecOptions {
  readonly signal: AbortSignal;
  readonly onOutput: (stream: OutputStream, chunk: Uint8Array) => void;
}

/** One link in a chain of grants, the one that was used first. */
export interface GrantLink {
  readonly id: string;
  readonly holder: string;
  readonly holderName: string | null;
  readonly permissions: readonly string[];
  readonly expiresAtMs: number | null;
  readonly issuedAt: number;
}

/** One link in a chain of budgets, the one that was charged first. */
export interface BudgetLink {
  readonly id: string;
  readonly holder: string;
  readonly allotment: Amounts;
  readonly madeAt: number;
}

/** A policy that decided something. */
export interface DecidingPolicy extends PolicyRef {
  readonly effect: PolicyEffect;
  /** Its condition as it was written. */
  readonly source: string;
}

/** What somebody answered about an effect that waited for an approval. */
export interface GivenApproval {
  readonly position: number;
  readonly by: { readonly id: string; readonly name: string | null };
  readonly answer: "allow" | "deny";
  readonly reason: string;
}

/** Why an entry came out as it did. */
export interface Explanation {
  readonly position: number;
  readonly digest: string;
  readonly timeMs: number;
  readonly operation: string;
  readonly principal: { readonly id: string; readonly name: string | null };
  readonly proof: string;
  readonly verdict: "allowed" | "refused";
  /** The refusal in words, or what happened. */
  readonly reason: string;
  readonly refusal: Refusal | null;
  /** What a settlement without success, or a failed task, says of it; null for every other entry. */
  readonly told: Told | null;
  readonly events: readonly string[];
  readonly causes: readonly number[];
  /** The policy that decided, as it was then; null when none did. */
  readonly policy: DecidingPolicy | null;
  /** The answer that let pass, or stopped, what the entry is about; null when none was needed. */
  readonly approval: GivenApproval | null;
  readonly grants: readonly GrantLink[];
  readonly budgets: readonly BudgetLink[];
}

/** What a token is to be for: a grant that stands, or a name and permissions, for which a grant is made that ends with the token. */
export type MintRequest = { readonly lifetimeS: number } & (
  | { readonly grant: string }
  | { readonly subject: string; readonly permissions: readonly string[] }
);

/** A token, told once and kept nowhere. */
export interface MintedToken {
  readonly token: string;
  /** Name of the key that signed it. */
  readonly kid: string;
  readonly grant: string;
  /** The principal that it speaks for. */
  readonly subject: string;
  readonly permissions: readonly string[];
  readonly expiresAtMs: number;
}

/** A stored secret, without its value. */
export interface SecretRow {
  readonly name: string;
  /** When its value was set, ms since 1970. */
  readonly setAtMs: number;
}

/** Where the key of the secrets can be kept. */
export type KeySource = "file" | "keyring" | "environment";

/** Everything that a command may ask of a vault. */
export interface VaultApi {
  /** @returns the state at the durable head */
  status(): Promise<VaultStatus>;
  /**
   * @param query - which entries
   * @param options - ends a follow when aborted
   * @returns the entries in order; without `follow` it ends at the head
   */
  log(query: LogQuery, options: { readonly signal: AbortSignal }): AsyncIterable<RecordedEntry>;
  /**
   * Remembers that a reader has taken in all entries up to a position; durable when resolved.
   *
   * @param reader - a name of the caller's choosing
   * @param position - of the last entry that it took in
   * @throws a failure `position_beyond`, `too_many_readers`
   */
  acknowledgeLog(reader: string, position: number): Promise<void>;
  /**
   * @param position - of the entry in question
   * @returns grant chain, budget and verdict in words
   * @throws a failure `no_such_entry`
   */
  why(position: number): Promise<Explanation>;
  /**
   * Runs one program as an effect of its own.
   *
   * @param request - what to run and what it may do
   * @param options - output as it comes, and a signal that ends the program
   * @returns what became of it
   */
  exec(request: ExecRequest, options: ExecOptions): Promise<ExecOutcome>;
  /**
   * @param area - such as `agents` or `grants`
   * @returns its rows at the durable head
   */
  state<Area extends StateArea>(area: Area): Promise<StateAnswer<Area>>;
  /**
   * @param prefix - of a family that is enabled
   * @returns what its bundle says of itself, and its rows at the durable head
   * @throws a failure `family_unknown`
   */
  family(prefix: string): Promise<FamilyAnswer>;
  /**
   * @param position - of an entry; 0 for the empty log
   * @returns everything that lived after it
   * @throws a failure `position_beyond` when the log is shorter
   */
  stateAt(position: number): Promise<PastState>;
  /**
   * @param from - position of an entry
   * @param to - position of another
   * @returns what differs in the state after the second from that after the first
   * @throws a failure `position_beyond` when the log is shorter
   */
  stateDiff(from: number, to: number): Promise<StateDiff>;
  /**
   * Decides a stretch of the log again as if something had been otherwise. Nothing is written and nothing is performed.
   *
   * @param request - the stretch, and what is supposed
   * @returns what would have come out otherwise
   * @throws a failure `position_beyond` when the log is shorter, `malformed` when what is supposed cannot be
   */
  replay(request: ReplayRequest): Promise<ReplayReport>;
  /**
   * Makes a vault that goes on from an entry of this one. For the operator at this machine alone.
   *
   * @param request - which entry, and where the new vault and its files are to be
   * @returns the fork, which is held
   * @throws a failure `position_beyond`, `vault_exists`, `folder_not_empty`, `permission_denied`
   */
  fork(request: ForkRequest): Promise<ForkAnswer>;
  /**
   * @param query - what live agents must be to be found
   * @returns their rows at the durable head
   */
  findAgents(query: AgentQuery): Promise<StateAnswer<"agents">>;
  /**
   * Has one operation decided in the caller's name.
   *
   * @param request - the operation, and the bytes that the log keeps by commitment
   * @returns the receipt, after the entry is durable
   * @throws a failure `malformed` when it is no operation
   */
  operate(request: OperateRequest): Promise<Receipt>;
  /**
   * Gives up learning what came of an owed effect; for whoever administers the vault.
   *
   * @param effect - its id
   * @param reason - in words, for the log
   * @returns the receipt
   */
  abandon(effect: string, reason: string): Promise<Receipt>;
  /**
   * Mints a token for the loopback listener. The operator at this machine alone may.
   *
   * @param request - for whom, and for how long
   * @returns the token
   * @throws a failure `permission_denied`, `grant_unknown` and the like
   */
  mintToken(request: MintRequest): Promise<MintedToken>;
  /**
   * Begins to sign tokens with a new key; those of the last one stand until they end. The operator at this machine alone may.
   *
   * @returns the name of the new key
   * @throws a failure `permission_denied`
   */
  rotateTokenKey(): Promise<{ readonly kid: string }>;
  /**
   * Starts a session of a crew and spawns its first agents. It is run by the process that holds the vault when that one performs
   * effects, and by the next one that does otherwise.
   *
   * @param request - the crew's files and the workspace
   * @returns the session and its agents
   */
  startSession(request: StartSessionRequest): Promise<StartedSession>;
  /**
   * @param session - an id
   * @returns its summary, once it is over
   * @throws a failure `session_not_run` when the process that holds the vault does not run it
   */
  sessionSummary(session: string): Promise<UpSummary>;
  /**
   * @param query - which changes
   * @param options - ends the listing when aborted
   * @returns who changed what under which grant, the oldest first
   */
  changes(query: ChangesQuery, options: { readonly signal: AbortSignal }): AsyncIterable<ChangeRecord>;
  /**
   * Takes back what effects changed, as an effect of its own in the caller's name, or says what that would do.
   *
   * @param request - what to undo, and how
   * @returns what came of it
   * @throws a failure when nothing of that name can be undone
   */
  undo(request: UndoRequest): Promise<UndoAnswer>;
  /**
   * Erases contents for good, in the caller's name, or says what that would do; for whoever administers the vault.
   *
   * @param request - what, and why
   * @returns what came of it
   * @throws a failure `permission_denied`, `payload_unknown` and the like
   */
  erase(request: EraseRequest): Promise<EraseAnswer>;
  /**
   * Reads bytes that the log keeps by commitment.
   *
   * @param position - of the entry that names them
   * @param commitment - as it stands there
   * @returns the bytes, base64, or null when they were erased
   * @throws a failure `content_unknown` when the entry names none such
   */
  content(position: number, commitment: string): Promise<{ readonly bytes: string | null }>;
  /**
   * Signs a checkpoint of the log as it is, unless there is one.
   *
   * @returns the checkpoint, and the key that signed it
   */
  checkpoint(): Promise<SignedHead>;
  /**
   * Proves that an entry stands in the log, or that the log only grew between two checkpoints.
   *
   * @param request - what
   * @returns the proof
   * @throws a failure `no_such_entry` or `no_such_checkpoint`
   */
  prove(request: ProveRequest): Promise<ProofDocument>;
  /**
   * Exports a part of the log, or all of it, as a file that verifies by itself.
   *
   * @param request - which part
   * @param options - ends the export when aborted
   * @returns the file's lines, without their ends
   * @throws a failure `no_such_entry`
   */
  export(request: ExportRequest, options: { readonly signal: AbortSignal }): AsyncIterable<string>;
  /**
   * Keeps a secret, in the place of one of that name; it is never shown again. The operator at this machine alone may, as with all secrets.
   *
   * @param secret - name, and value in base64
   * @throws a failure `permission_denied`, `secret_unfit` and the like
   */
  setSecret(secret: { readonly name: string; readonly value: string }): Promise<void>;
  /** @returns the secrets that there are, without their values */
  secrets(): Promise<readonly SecretRow[]>;
  /**
   * Forgets a secret.
   *
   * @throws a failure `secret_unknown`
   */
  removeSecret(name: string): Promise<void>;
  /**
   * Seals the secrets with a new key.
   *
   * @param to - where the new key is kept; null: where the last one is
   * @returns where it is kept
   */
  rekeySecrets(to: KeySource | null): Promise<{ readonly source: KeySource }>;
  /**
   * Calls one tool as an effect of its own.
   *
   * @param request - which tool, with which arguments
   * @param options - a signal that ends it
   * @returns what became of it
   * @throws a failure `arguments_invalid` when the arguments are not what the tool takes
   */
  runTool(request: RunToolRequest, options: { readonly signal: AbortSignal }): Promise<ToolOutcome>;
  /**
   * Makes the tools in a folder known to the vault; for who administers it.
   *
   * @param folder - absolute
   * @returns their names and versions
   */
  registerTools(folder: string): Promise<readonly { readonly name: string; readonly version: string }[]>;
}
