/**
 * One program in the box, asked for by a caller: a grant of its own, an effect under that grant, and the end of both.
 *
 * The grant is what makes it narrow and what makes it stoppable: revoking it ends the program, whoever performs it.
 */
import { constants } from "node:os";

import {
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

/** Time that a program gets when nobody says: an hour, after which somebody has surely forgotten it. */
const timeoutMsDefault = 3_600_000;

/** The permission to run a program at all; it stands last in the grant of one. */
export const programPermission = "code.run:native";

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
  const { machine, caller, clock } = options.parts;
  const claims = request.permissions ?? [`fs.read:${below(request.workspace)}`, `fs.write:${below(request.workspace)}`];
  const timeoutMs = request.timeoutMs ?? timeoutMsDefault;
  if (caller.grant === null)
    throw new ServiceFailure("caller_without_grant", {
      message: "Cannot run the program: the caller holds no grant",
    });
  const budget = await budgetOf(caller, machine);
  const delegated = await submit(
    {
      type: "grant.delegate",
      to: caller.principal,
      parent: caller.grant,
      permissions: [...claims, programPermission],
      expiresAtMs: clock() + timeoutMs + grantMarginMs,
    },
    { machine, caller },
  );
  if ("refusal" in delegated) return { type: "refused", ...delegated };
  const grant = delegated.events.find((event) => event.type === "grant.delegated")?.grant;
  if (grant === undefined)
    throw new ServiceFailure("fault", { message: "Cannot run the program: delegating made no grant" });
  const revoke = revoker(grant, { machine, caller });
  options.signal.addEventListener("abort", revoke.now, { once: true });
  try {
    if (options.signal.aborted) revoke.now();
    return await runUnder(grant, { request, claims, timeoutMs, budget, options });
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

interface Run {
  readonly request: ExecRequest;
  readonly claims: readonly string[];
  readonly timeoutMs: number;
  readonly budget: BudgetId;
  readonly options: ExecOptions & { readonly parts: ExecParts };
}

async function runUnder(grant: GrantId, { request, claims, timeoutMs, budget, options }: Run): Promise<ExecOutcome> {
  const { machine, caller, runtime } = options.parts;
  const { argv } = request;
  const text = encodeCodeArguments({
    argv,
    cwd: startFolder(request.cwd, claims),
    stdin: Buffer.from(request.stdin, "base64"),
    env: {},
  });
  const draft = machine.seal(text);
  const reserve = codeReservation({ timeoutMs, writes: claims.some((claim) => claim.startsWith("fs.write:")) });
  // Listening starts before anybody can have performed the effect, so it is by the arguments, whose salt makes them this run's own.
  const stopListening = runtime.listen(draft.content.commitment, options.onOutput);
  try {
    const requested = await submit(
      {
        type: "effect.request",
        kind: "code",
        label: "exec",
        agent: null,
        task: null,
        step: null,
        tool: null,
        arguments: draft.content,
        claims,
        reserve,
        budget,
        timeoutMs,
        inputs: [],
      },
      { machine, caller: { ...caller, grant }, payloads: [draft] },
    );
    if ("refusal" in requested) return { type: "refused", ...requested };
    const asked = requested.events.find(({ type }) => type === "effect.requested" || type === "approval.requested");
    const effect = asked !== undefined && "effect" in asked ? asked.effect : undefined;
    if (effect === undefined)
      throw new ServiceFailure("fault", { message: "Cannot run the program: requesting made no effect" });
    const outcome = await settlementOf(effect, { machine, after: requested.position });
    // Whoever is told that the program is over finds what it wrote.
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
    return folder !== undefined && (cwd === folder || cwd.startsWith(`${folder}/`));
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

async function settlementOf(
  effect: EffectId,
  { machine, after }: { readonly machine: MachinePort; readonly after: number },
): Promise<ExecOutcome> {
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
      if (operation.type !== "effect.settle") continue;
      const code = exitCodeOf(operation.code);
      if ((operation.outcome === "succeeded" || operation.outcome === "failed") && code !== undefined) {
        return { type: "exited", code, position, changed: operation.changed };
      }
      const message = operation.result === null ? undefined : messageIn(await machine.payload(operation.result));
      return {
        type: "stopped",
        outcome: operation.outcome,
        message: message ?? `the program was stopped (${operation.code ?? "no code"})`,
        position,
      };
    }
  } finally {
    stop.abort();
  }
  throw new ServiceFailure("vault_closed", {
    message: "Cannot tell what became of the program: the vault was closed meanwhile",
    retry: "later",
  });
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
