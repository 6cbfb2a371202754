/**
 * One program in the box, or one call of a tool, asked for by a caller: a grant of its own, an effect under that grant, and the end of both.
 *
 * The grant is what makes it narrow and what makes it stoppable: revoking it ends the program, whoever performs it.
 */
import { constants } from "node:os";

import {
  type Amounts,
  type BudgetId,
  type Caller,
  compareIds,
  type EffectId,
  type GrantId,
  type MachinePort,
  type Operation,
  type Receipt,
  type Refusal,
} from "@toka/kernel";
import { codeReservation, encodeCodeArguments, type Runtime } from "@toka/runtime";

import type { ExecOptions, ExecOutcome, ExecRequest } from "./api.ts";
import { ServiceFailure } from "./failure.ts";
import { learntIn } from "./learnt-in.ts";

/** Time that a program gets when nobody says: an hour, after which somebody has surely forgotten it. */
const timeoutMsDefault = 3_600_000;

/** What `exec` and `tool run` call their effects; an orphan is known by it. */
export const jobLabels: ReadonlySet<string> = new Set(["exec", "tool run"]);

/** The grant outlives the program by this, so that a program at its deadline ends for that reason. */
const grantMarginMs = 60_000;

/** What running a program needs. */
export interface ExecParts {
  readonly machine: MachinePort;
  readonly runtime: Pick<Runtime, "listen" | "whenApplied">;
  /** Who asks: the program runs under a grant below this one, on a budget that this principal holds. */
  readonly caller: Caller;
  readonly clock: () => number;
}

/** One effect to be asked for: a program, or a call of a tool. */
export interface Job {
  readonly kind: "code" | "tool";
  readonly label: "exec" | "tool run";
  readonly tool: string | null;
  /** The arguments, as they are sealed. */
  readonly text: string;
  readonly claims: readonly string[];
  readonly reserve: Amounts;
  readonly timeoutMs: number;
}

type Settlement = Extract<Operation, { readonly type: "effect.settle" }>;

/** How a job is run, and how its settlement is told. */
export interface JobOptions<Outcome> extends ExecOptions {
  readonly parts: ExecParts;
  readonly settled: (settlement: Settlement, position: number) => Promise<Outcome>;
}

/** What becomes of a job that is not settled. */
type Unsettled = Extract<ExecOutcome, { readonly type: "refused" | "stopped" }>;

/**
 * Runs one program as an effect of its own.
 *
 * @param request - what to run and what it may do
 * @param options - output as it comes, a signal that ends the program, and the parts
 * @returns what became of it
 * @throws a failure of the machine
 */
export async function execProgram(
  request: ExecRequest,
  options: ExecOptions & { readonly parts: ExecParts },
): Promise<ExecOutcome> {
  const claims = request.permissions ?? [`fs.read:${below(request.workspace)}`, `fs.write:${below(request.workspace)}`];
  const timeoutMs = request.timeoutMs ?? timeoutMsDefault;
  const text = encodeCodeArguments({
    argv: request.argv,
    cwd: startFolder(request.cwd, claims),
    stdin: Buffer.from(request.stdin, "base64"),
    env: {},
    learn: request.learn === true,
  });
  const reserve = codeReservation({ timeoutMs, writes: claims.some((claim) => claim.startsWith("fs.write:")) });
  const job = { kind: "code", label: "exec", tool: null, text, claims, reserve, timeoutMs } as const;
  const { machine } = options.parts;
  return runJob<ExecOutcome>(job, {
    ...options,
    settled: async (settlement, position) => exitedOrStopped(settlement, { machine, position }),
  });
}

/**
 * Runs a job as an effect of its own, under a grant that ends with it.
 *
 * @param job - what to ask for
 * @param options - output as it comes, a signal that ends it, the parts, and how its settlement is told
 * @returns what became of it
 * @throws a failure of the machine
 */
export async function runJob<Outcome>(job: Job, options: JobOptions<Outcome>): Promise<Outcome | Unsettled> {
  const { machine, caller, clock } = options.parts;
  if (caller.grant === null)
    throw new ServiceFailure("caller_without_grant", {
      message: "Cannot ask for an effect: the caller holds no grant",
    });
  const budget = await budgetOf(caller, machine);
  const delegated = await submit(
    {
      type: "grant.delegate",
      to: caller.principal,
      parent: caller.grant,
      permissions: [...job.claims, permissionOf(job)],
      expiresAtMs: clock() + job.timeoutMs + grantMarginMs,
    },
    { machine, caller },
  );
  if ("refusal" in delegated) return { type: "refused", ...delegated };
  const grant = delegated.events.find((event) => event.type === "grant.delegated")?.grant;
  if (grant === undefined)
    throw new ServiceFailure("fault", { message: "Cannot ask for an effect: delegating made no grant" });
  const revoke = revoker(grant, { machine, caller });
  options.signal.addEventListener("abort", revoke.now, { once: true });
  try {
    if (options.signal.aborted) revoke.now();
    return await runUnder(grant, { job, budget, options });
  } finally {
    options.signal.removeEventListener("abort", revoke.now);
    revoke.now();
    await revoke.done();
  }
}

/**
 * Finds a principal's own budget, the one it has had longest; the root budget is the operator's.
 *
 * @param caller - who asks
 * @param machine - of the vault
 * @returns its id
 * @throws a failure `budget_absent` when there is none
 */
export async function budgetOf({ principal }: Caller, machine: MachinePort): Promise<BudgetId> {
  const [oldest] = await machine.view((state) =>
    [...state.budgets.values()]
      .flatMap(({ id, holder, closing }) => (holder === principal && !closing ? [id] : []))
      .toSorted(compareIds),
  );
  if (oldest !== undefined) return oldest;
  throw new ServiceFailure("budget_absent", {
    message: `Cannot ask for an effect: ${principal} holds no budget; an operator allots one with budget.allot`,
  });
}

/**
 * Tells which permission an effect needs besides its claims.
 *
 * @param effect - to be asked for, or asked for
 * @returns the permission to run a program at all, or to call that tool
 */
export function permissionOf({ tool }: { readonly tool: string | null }): string {
  return tool === null ? "code.run:native" : `tool.call:${tool}`;
}

function below(folder: string): string {
  return folder === "/" ? "/**" : `${folder}/**`;
}

/** Ends a grant once, however often it is asked to. */
function revoker(
  grant: GrantId,
  { machine, caller }: Pick<ExecParts, "machine" | "caller">,
): { readonly now: () => void; readonly done: () => Promise<void> } {
  let revoked: Promise<unknown> | undefined;
  return {
    now: () => {
      // A vault that cannot write any more ends its programs anyway; the failure is met by whoever asks next.
      revoked ??= machine.submit({ type: "grant.revoke", grant }, { caller }).catch(() => undefined);
    },
    done: async () => {
      await revoked;
    },
  };
}

interface Run<Outcome> {
  readonly job: Job;
  readonly budget: BudgetId;
  readonly options: JobOptions<Outcome>;
}

async function runUnder<Outcome>(grant: GrantId, { job, budget, options }: Run<Outcome>): Promise<Outcome | Unsettled> {
  const { machine, caller, runtime } = options.parts;
  const { kind, label, tool, claims, reserve, timeoutMs } = job;
  const draft = machine.seal(job.text);
  // Listening starts before anybody can have performed the effect, so it is by the arguments, whose salt makes them this run's own.
  const stopListening = runtime.listen(draft.content.commitment, options.onOutput);
  try {
    const about = { kind, label, agent: null, task: null, step: null, tool, arguments: draft.content } as const;
    const requested = await submit(
      { type: "effect.request", ...about, claims, reserve, budget, timeoutMs, inputs: [] },
      { machine, caller: { ...caller, grant }, payloads: [draft] },
    );
    if ("refusal" in requested) return { type: "refused", ...requested };
    const asked = requested.events.find(({ type }) => type === "effect.requested" || type === "approval.requested");
    const effect = asked !== undefined && "effect" in asked ? asked.effect : undefined;
    if (effect === undefined)
      throw new ServiceFailure("fault", { message: "Cannot ask for an effect: requesting made none" });
    const outcome = await settlementOf(effect, { machine, after: requested.position, settled: options.settled });
    // Whoever is told that it is over finds what it wrote.
    await runtime.whenApplied();
    return outcome;
  } finally {
    stopListening();
  }
}

/** A folder that the program may not see is none to start in. */
function startFolder(cwd: string, claims: readonly string[]): string {
  const shown = claims.some((claim) => {
    const [, folder] = /^fs\.(?:read|write):(.*)\/\*\*$/su.exec(claim) ?? [];
    if (folder !== undefined && (cwd === folder || cwd.startsWith(`${folder}/`))) return true;
    // A folder on the way to what is shown is in the box, with that alone in it.
    const [, path] = /^fs\.(?:read|write):(.*)$/su.exec(claim) ?? [];
    return path !== undefined && path.startsWith(below(cwd).slice(0, -2));
  });
  return shown ? cwd : "/tmp";
}

type Answer =
  | { readonly refusal: Refusal; readonly position: number | null }
  | { readonly events: Extract<Receipt["outcome"], { events: unknown }>["events"]; readonly position: number };

async function submit(
  operation: Operation,
  {
    machine,
    caller,
    payloads,
  }: {
    readonly machine: MachinePort;
    readonly caller: Caller;
    readonly payloads?: Parameters<MachinePort["submit"]>[1]["payloads"];
  },
): Promise<Answer> {
  const receipt = await machine.submit(operation, { caller, ...(payloads === undefined ? {} : { payloads }) });
  if ("refusal" in receipt.outcome) return { refusal: receipt.outcome.refusal, position: receipt.position };
  return { events: receipt.outcome.events, position: receipt.position ?? 0 };
}

async function settlementOf<Outcome>(
  effect: EffectId,
  {
    machine,
    after,
    settled,
  }: Pick<JobOptions<Outcome>, "settled"> & { readonly machine: MachinePort; readonly after: number },
): Promise<Outcome | Unsettled> {
  const stop = new AbortController();
  try {
    for await (const { entry } of machine.watch(after, { signal: stop.signal })) {
      const { operation, outcome, position } = entry;
      if (!("events" in outcome) || !("effect" in operation) || operation.effect !== effect) continue;
      if (operation.type === "effect.abandon")
        return { type: "stopped", outcome: "abandoned", message: operation.reason, position };
      if (operation.type === "approval.answer" && operation.answer === "deny")
        return { type: "stopped", outcome: "denied", message: operation.reason, position };
      if (operation.type === "approval.expire")
        return { type: "stopped", outcome: "expired", message: "nobody approved it in time", position };
      if (operation.type === "effect.settle") return await settled(operation, position);
    }
  } finally {
    stop.abort();
  }
  throw new ServiceFailure("vault_closed", {
    message: "Cannot tell what became of the effect: the vault was closed meanwhile",
    retry: "later",
  });
}

async function exitedOrStopped(
  { code: said, outcome, changed, result, usage }: Settlement,
  { machine, position }: { readonly machine: MachinePort; readonly position: number },
): Promise<ExecOutcome> {
  const code = exitCodeOf(said);
  if ((outcome === "succeeded" || outcome === "failed") && code !== undefined) {
    const learnt = result === null ? undefined : learntIn(await machine.payload(result), usage);
    return { type: "exited", code, position, changed, ...(learnt === undefined ? {} : { learnt }) };
  }
  const told = result === null ? undefined : messageIn(await machine.payload(result));
  const message = told ?? `the program was stopped (${said ?? "no code"})`;
  return { type: "stopped", outcome, message, position };
}

function exitCodeOf(code: string | null): number | undefined {
  if (code === null) return undefined;
  if (/^\d{1,3}$/u.test(code)) return Number(code);
  const signal: unknown = Reflect.get(constants.signals, code);
  return typeof signal === "number" ? 128 + signal : undefined;
}

function messageIn(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const document: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
  if (typeof document !== "object" || document === null || !("message" in document)) return undefined;
  return typeof document.message === "string" ? document.message : undefined;
}
