/**
 * How many operations a second the kernel alone decides, applies and encodes: the repo-care mix, with 1,000 live agents, grants
 * and budgets. No disk, no digests.
 */
import { applyEntry, decide, emptyState, encodeEntry, genesisIds, genesisPrevious } from "@toka/kernel";
import type { KernelEvent, KernelState } from "@toka/kernel";
import { definitionIn, genesis, lives, settlersOf, type Ask, type Script } from "./mix.ts";

const agents = 1_000;
const operationsPerRound = 200_000;
const rounds = 5;
const floor = 300_000;

const state = emptyState();
let timeMs = 1_790_000_000_000;
let bytes = 0;

ask(state, { operation: genesis(), principal: genesisIds.host, grant: null });
const seen: KernelEvent[] = [];
const workers = finish(settlersOf(agents));
const script = lives(workers, definitionIn(seen));
let next = script.next();
run(operationsPerRound);

const rates: number[] = [];
for (let round = 0; round < rounds; round += 1) rates.push(run(operationsPerRound));
const sorted = rates.toSorted((left, right) => left - right);
const median = sorted[Math.floor(rounds / 2)] ?? 0;
const perEntry = Math.round(bytes / (operationsPerRound * (rounds + 1)));
process.stdout.write(
  `kernel alone, ${agents} live agents: ${Math.round(median).toLocaleString("en")} operations/s ` +
    `(rounds ${sorted.map((rate) => Math.round(rate / 1_000)).join(" ")} thousand, ${perEntry} bytes an entry, ` +
    `wanted ${floor.toLocaleString("en")})\n`,
);
process.exit(median >= floor ? 0 : 1);

function run(operations: number): number {
  const startedAt = process.hrtime.bigint();
  for (let done = 0; done < operations; done += 1) {
    if (next.done === true) throw new Error("Cannot go on: the script ended");
    next = script.next(ask(state, next.value));
  }
  return (operations * 1e9) / Number(process.hrtime.bigint() - startedAt);
}

function finish<Result>(settling: Script<Result>): Result {
  let step = settling.next();
  while (step.done !== true) {
    const events = ask(state, step.value);
    seen.push(...events);
    step = settling.next(events);
  }
  return step.value;
}

function ask(at: KernelState, { operation, principal, grant }: Ask): readonly KernelEvent[] {
  timeMs += 1;
  const stamp = {
    timeMs,
    principal,
    grant,
    causes: [],
    proof: { method: "local-uid", digest: genesisPrevious },
  } as const;
  const decision = decide(at, operation, stamp);
  if ("refused" in decision) throw new Error(`Cannot go on: ${operation.type} is ${decision.refused.code}`);
  const position = at.head.position + 1;
  const entry = { position, previous: genesisPrevious, stamp, operation, outcome: { events: decision.accepted } };
  applyEntry(at, entry);
  bytes += encodeEntry(entry).length;
  return decision.accepted;
}
