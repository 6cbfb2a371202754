/** The repo-care mix on a machine: its scripts driven through `submit`, every content brought along as a payload of its own. */
import type { Caller, KernelEvent, MachinePort, Operation, PayloadDraft } from "@toka/kernel";
import { localProof } from "@toka/store";
import { definitionIn, lives, settlersOf, sharedOut, someContent, type Ask, type Script, type Worker } from "./mix.ts";

/** A machine with live agents, and the scripts of their further lives. */
export interface MachineWorld {
  readonly machine: MachinePort;
  readonly workers: readonly Worker[];
  /**
   * The scripts of so many lanes, that share no agent.
   *
   * @returns one script a lane, without end
   */
  lanes(count: number): readonly Script<never>[];
}

const payloadText = "what an agent read, found or wrote, in about as many bytes as a tool's answer usually has. "
  .repeat(6)
  .slice(0, 512);
const proof = localProof();

/**
 * Settles agents in an empty vault.
 *
 * @param machine of a vault with nothing in it but its genesis
 * @param agents how many, each with a grant and a budget
 * @returns the world
 */
export async function settle(machine: MachinePort, agents: number): Promise<MachineWorld> {
  const seen: KernelEvent[] = [];
  const script = settlersOf(agents);
  let step = script.next();
  while (step.done !== true) {
    const events = await ask(machine, step.value);
    seen.push(...events);
    step = script.next(events);
  }
  const workers = step.value;
  const definition = definitionIn(seen);
  return { machine, workers, lanes: (count) => sharedOut(workers, count).map((lane) => lives(lane, definition)) };
}

/**
 * Runs lanes at once until a moment.
 *
 * @param world whose machine is asked
 * @param of `scripts`, one for each caller; `untilMs` on the clock of `performance.now`
 * @returns operations that were answered
 */
export async function run(
  { machine }: MachineWorld,
  { scripts, untilMs }: { readonly scripts: readonly Script<never>[]; readonly untilMs: number },
): Promise<number> {
  const counts = await Promise.all(
    scripts.map(async (script) => {
      let answered = 0;
      let step = pending.get(script) ?? script.next();
      while (performance.now() < untilMs) {
        step = script.next(await ask(machine, step.value));
        answered += 1;
      }
      pending.set(script, step);
      return answered;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** What a script asked for and was not told yet when its round ended. */
const pending = new WeakMap<Script<never>, IteratorResult<Ask, never>>();

async function ask(machine: MachinePort, { operation, principal, grant }: Ask): Promise<readonly KernelEvent[]> {
  const payloads: PayloadDraft[] = [];
  const asked = withContents(operation, () => {
    const draft = machine.seal(payloadText);
    payloads.push(draft);
    return draft;
  });
  const caller: Caller = { principal, grant, proof };
  const { outcome } = await machine.submit(asked, { caller, payloads });
  if ("refusal" in outcome) throw new Error(`Cannot go on: ${operation.type} is ${outcome.refusal.code}`);
  return outcome.events;
}

/** The operation with a payload of its own in each place where the mix has its one content. */
function withContents(operation: Operation, seal: () => PayloadDraft): Operation {
  switch (operation.type) {
    case "tool.register":
      return { ...operation, manifest: seal().content };
    case "definition.register":
      return { ...operation, source: seal().content };
    case "task.schedule":
      return { ...operation, description: seal().content };
    case "effect.request":
      return { ...operation, arguments: seal().content };
    case "effect.settle":
    case "task.complete":
      return operation.result === someContent ? { ...operation, result: seal().content } : operation;
    case "objective.judge":
      return { ...operation, evidence: operation.evidence.map(({ label }) => ({ label, content: seal().content })) };
    default:
      return operation;
  }
}
