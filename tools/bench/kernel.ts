/**
 * How many operations a second the kernel alone manages: the repo-care mix, with 1,000 live agents, grants and budgets. No disk
 * and no digests. Once deciding and applying, once encoding the entries as well, beside what JSON.stringify alone takes for them.
 */
import { applyEntry, decide, emptyState, encodeEntry, genesisIds, genesisPrevious, takeDirty } from "@toka/kernel";
import type { Entry, KernelEvent, KernelState } from "@toka/kernel";
import { processorTimer } from "./parts/processor-time.ts";
import { handOn, median } from "./parts/rows.ts";
import { definitionIn, genesis, lives, settlersOf, type Ask, type Script } from "./parts/mix.ts";

const agents = 1_000;
const operationsPerRound = 100_000;
const warmRounds = 6;
const rounds = 7;
const wanted = 300_000;
/** A store asks for what is dirty with every checkpoint; here as often as would be much. */
const entriesBetweenDirty = 10_000;

const state = emptyState();
let timeMs = 1_790_000_000_000;
let bytes = 0;
let encoding = false;
let last: Entry | undefined;

ask(state, { operation: genesis(), principal: genesisIds.host, grant: null });
const seen: KernelEvent[] = [];
const script = lives(finish(settlersOf(agents)), definitionIn(seen));
let next = script.next();
// What is compiled while it runs is not what is measured.
for (let round = 0; round < warmRounds; round += 1) {
  encoding = !encoding;
  run(operationsPerRound);
  if (encoding) stringify(operationsPerRound);
}

const without: Rates[] = [];
const including: Rates[] = [];
const floor: Rates[] = [];
for (let round = 0; round < rounds; round += 1) {
  encoding = false;
  without.push(run(operationsPerRound));
  encoding = true;
  bytes = 0;
  including.push(run(operationsPerRound));
  floor.push(stringify(operationsPerRound));
}
const perEntry = Math.round(bytes / operationsPerRound);
say(`decide + apply           ${shown(without)} operations/s (wanted ${wanted.toLocaleString("en")})`);
say(`decide + apply + encode  ${shown(including)} operations/s (${perEntry} bytes an entry)`);
say(`JSON.stringify alone     ${shown(floor)} entries/s`);
const toFloor = (rates: readonly Rates[]): readonly number[] =>
  rates.map(({ processorRate }, round) => processorRate / (floor[round]?.processorRate ?? Number.NaN));
handOn([
  { name: "decide + apply", better: "more", samples: toFloor(without) },
  { name: "decide + apply + encode", better: "more", samples: toFloor(including) },
]);

/** Operations a second, by the clock and by the processor's own time. */
interface Rates {
  readonly rate: number;
  readonly processorRate: number;
}

function shown(rounds: readonly Rates[]): string {
  const rates = rounds.map(({ rate }) => rate);
  const best = Math.round(Math.max(...rates) / 1_000);
  return `${Math.round(median(rates)).toLocaleString("en").padStart(9)} (best ${best} thousand)`;
}

function say(line: string): void {
  process.stdout.write(`kernel alone, ${agents} live agents: ${line}\n`);
}

function run(operations: number): Rates {
  const ratesNow = counting(operations);
  for (let done = 0; done < operations; done += 1) {
    if (next.done === true) throw new Error("Cannot go on: the script ended");
    next = script.next(ask(state, next.value));
  }
  return ratesNow();
}

function stringify(times: number): Rates {
  let length = 0;
  const ratesNow = counting(times);
  for (let done = 0; done < times; done += 1) length += JSON.stringify(last).length;
  if (length === 0) throw new Error("Cannot go on: nothing was written");
  return ratesNow();
}

function counting(times: number): () => Rates {
  const [from, processorMs] = [performance.now(), processorTimer()];
  return () => ({
    rate: (times * 1_000) / (performance.now() - from),
    processorRate: (times * 1_000) / processorMs(),
  });
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
  if (encoding) bytes += encodeEntry(entry).length;
  if (operation.type === "effect.request") last = entry;
  if (position % entriesBetweenDirty === 0) takeDirty(at);
  return decision.accepted;
}
