/** Somebody who uses a simulated vault: looks at the state, asks for something that has a chance, and remembers what he was told. */
import type { Caller, KernelState, Operation } from "@toka/kernel";
import { draw, type Drawn } from "../packages/kernel/test/generate.ts";
import { Choices } from "../packages/kernel/test/generate/setting.ts";
import { localProof } from "../packages/store/src/vault.ts";
import type { Furnished } from "./draft.ts";
import { Broken } from "./ledger.ts";
import { host, type Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const hourMs = 3_600_000;

/** Draws before nothing is asked: early in a life much has nothing yet that it could be about. */
const drawsMax = 3;

/** Trouble that may come and go. Everything else is a law broken or a bug. */
const passing = new Set([
  "log_unavailable",
  "outcome_unknown",
  "position_conflict",
  "payload_missing",
  "payload_erased",
  "vault_closed",
  "queue_full",
]);

/**
 * Whether trouble is of the kind that a caller has to live with.
 *
 * @returns the code of the failure, or undefined when it must never come
 */
export function passingCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || thrown instanceof Broken || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" && passing.has(thrown.code) ? thrown.code : undefined;
}

/** What a client does in one life of the host. */
export interface Client {
  readonly world: World;
  readonly life: Life;
  readonly random: Random;
  /** He writes through the second machine, where there is one. */
  readonly rival: boolean;
  /** Settlements that were accepted, to be asked for again. */
  readonly settlements: Operation[];
}

/**
 * Does one thing.
 *
 * @throws Broken, or a failure that must never come
 */
export async function act(client: Client): Promise<void> {
  const { world, life, random } = client;
  const what = random.below(1000);
  try {
    if (what < 25) await life.checkpoint();
    else if (what < 60) await repeatSettlement(client);
    else if (what < 80 && world.jumps) jump(world, random);
    else await askForSomething(client);
  } catch (thrown) {
    const code = passingCode(thrown);
    if (code === undefined) throw thrown;
    world.counts.add(`told ${code}`);
  }
}

async function askForSomething({ world, life, random, rival, settlements }: Client): Promise<void> {
  const machine = rival ? (life.rival ?? life.machine) : life.machine;
  const look = await machine.view((state) => ({ drawn: drawFor(state, random), position: state.head.position }));
  world.ledger.seen(look.position);
  const made = look.drawn && world.furnisher.furnish(look.drawn.draft);
  if (look.drawn === undefined || made === undefined) return;
  const { by, passMs } = look.drawn;
  if (passMs > 0) await world.schedule.wait(life, passMs);
  const accepted = await ask(made, { world, machine, caller: { ...by, proof: localProof() } });
  if (accepted && made.operation.type === "effect.settle") settlements.push(made.operation);
}

/** Draws what a caller may ask here; what he may not is drawn again. */
function drawFor(state: KernelState, random: Random): Drawn | undefined {
  for (let tries = 0; tries < drawsMax; tries += 1) {
    const drawn = draw(state, new Choices(random.numbers(16)));
    if (drawn !== undefined && !isElsewhere(drawn.draft.type)) return drawn;
  }
  return undefined;
}

/**
 * Making another vault of a log is for who creates that vault, never for a caller. And the engine of families is loaded from a real
 * disk, which no seed decides.
 */
function isElsewhere(type: string): boolean {
  return type === "vault.fork" || type.startsWith("family.");
}

async function ask(
  { operation, payloads }: Furnished,
  { world, machine, caller }: { readonly world: World; readonly machine: Life["machine"]; readonly caller: Caller },
): Promise<boolean> {
  const { type } = operation;
  world.counts.add(`${type}: asked`);
  const { position, digest, outcome } = await machine.submit(operation, { caller, payloads });
  if (position !== null && digest !== null) world.ledger.told(position, digest);
  const accepted = "events" in outcome;
  world.counts.add(accepted ? `${type}: accepted` : `${type}: refused`);
  world.trace(`${type} ${position} ${accepted ? "accepted" : outcome.refusal.code}`);
  return accepted;
}

/** The same settlement once more, or one that comes long after: nothing may be settled by it. */
async function repeatSettlement({ world, life, random, settlements }: Client): Promise<void> {
  if (settlements.length === 0) return;
  const operation = random.of(settlements);
  world.counts.add("settlement repeated");
  await ask({ operation, payloads: [] }, { world, machine: life.machine, caller: host });
}

function jump(world: World, random: Random): void {
  const spans = [-1, 1, -1_000, 50_000, -hourMs, hourMs, -48 * hourMs, 20 * hourMs, 25 * hourMs, 24 * 30 * hourMs];
  if (random.chance(500)) world.setClock();
  else world.jump(random.of(spans));
}
