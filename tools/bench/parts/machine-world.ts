/** The repo-care mix on a machine: its scripts driven through `submit`, every content brought along as a payload of its own. */
import type { Caller, KernelEvent, MachinePort, Operation, PayloadDraft } from "@toka/kernel";
import { localProof } from "@toka/store";
import {
  definitionIn,
  lives,
  settlersOf,
  sharedOut,
  spawnsOf,
  someContent,
  type Ask,
  type Script,
  type Worker,
} from "./mix.ts";

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
/** Agents that are spawned at once: one after the other each would wait for the disk. */
const spawnersMax = 100;

/**
 * Settles agents in an empty vault.
 *
 * @param machine of a vault with nothing in it but its genesis
 * @param agents how many, each with a grant and a budget
 * @returns the world
 */
export async function settle(machine: MachinePort, agents: number): Promise<MachineWorld> {
  const seen: KernelEvent[] = [];
  await finish(machine, { script: settlersOf(0), seen });
  const definition = definitionIn(seen);
  const shares = Array.from({ length: spawnersMax }, (_, share) => Math.floor((agents + share) / spawnersMax));
  const spawned = await Promise.all(shares.map((share) => finish(machine, { script: spawnsOf(definition, share) })));
  const workers = spawned.flat();
  return { machine, workers, lanes: (count) => sharedOut(workers, count).map((lane) => lives(lane, definition)) };
}

/** Runs a script to its end. */
async function finish<Result>(
  machine: MachinePort,
  { script, seen }: { readonly script: Script<Result>; readonly seen?: KernelEvent[] },
): Promise<Result> {
  let step = script.next();
  while (step.done !== true) {
    const events = await ask(machine, step.value);
    seen?.push(...events);
    step = script.next(events);
  }
  return step.value;
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

/**
 * Asks a machine what a script yields, each content brought along as a payload of its own.
 *
 * @param machine to be asked
 * @param what is asked; `content` is what its contents hold, if not some 512 bytes
 * @returns the events
 * @throws Error when it is refused
 */
export async function ask(
  machine: MachinePort,
  { operation, principal, grant, content = payloadText }: Ask & { readonly content?: string },
): Promise<readonly KernelEvent[]> {
  const payloads: PayloadDraft[] = [];
  const asked = withContents(operation, () => {
    const draft = machine.seal(content);
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
    case "message.send":
      return { ...operation, content: seal().content };
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
