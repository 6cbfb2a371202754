/**
 * One simulated course of events, decided by its seed: lives of a host, one after another, each ended by a kill, a loss of power or
 * in order, until what was to be asked for was asked for; then everything is put right, and held against the laws.
 */
import { act, passingCode } from "./client.ts";
import { auditEntries, auditPayloads, contentOf } from "./audit.ts";
import type { Counts } from "./counts.ts";
import { noTrouble, type Trouble } from "./disk.ts";
import { Broken } from "./ledger.ts";
import { Life } from "./life.ts";
import type { Random } from "./random.ts";
import { turn } from "./schedule.ts";
import type { SimulatedTools } from "./tools.ts";
import { World, type Plant } from "./world.ts";
import { decodeEntry, type Operation } from "@toka/kernel";

/** What a simulation is given beside its seed. */
export interface SimulationOptions {
  readonly tools: SimulatedTools;
  /** A bug to be caught; none when absent. */
  readonly plant?: Plant;
  /** Operations to ask for; drawn when absent. */
  readonly operations?: number;
  /** Ends the first life at this step and with this; drawn when absent, and then nothing else goes wrong. */
  readonly crash?: { readonly step: number; readonly power: boolean };
}

/** What came of a simulation that kept the laws. */
export interface Report {
  readonly counts: Counts;
  readonly entries: number;
  readonly steps: number;
  /** Of the whole course: equal for equal seeds. */
  readonly digest: string;
}

/** Waits of one life at most: more is a loop without an end. */
const stepsMax = 2_000_000;

/**
 * Plays one seed.
 *
 * @returns what happened
 * @throws Broken with the law that does not hold, or whatever else must never be thrown
 */
export async function simulate(seed: number, options: SimulationOptions): Promise<Report> {
  const world = new World(seed, { tools: options.tools, plant: options.plant ?? {} });
  try {
    const course = drawCourse(world, options);
    let lives = 0;
    while (course.left > 0) {
      lives += 1;
      if (lives > 200) throw new Broken("two hundred lives were not enough");
      await playLife(world, course);
    }
    const entries = await finish(world);
    return { counts: world.counts, entries, steps: world.schedule.steps, digest: world.digest() };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Broken(`seed ${seed}: ${reason}\n  the last of what happened:\n${world.lastLines()}`, { cause: thrown });
  }
}

interface Course {
  /** Operations that are still to be asked for. */
  left: number;
  readonly clients: number;
  /** Whether lives end before their work does, and how long they are. */
  readonly crashes: number;
  readonly lifeSteps: number;
  readonly trouble: Trouble;
  readonly settlements: Operation[];
  readonly crash: SimulationOptions["crash"];
}

function drawCourse(world: World, { operations, crash }: SimulationOptions): Course {
  const { random } = world;
  const some = (permille: number): number => (random.chance(300) ? random.below(permille) : 0);
  const left = operations ?? 10 + random.below(random.chance(300) ? 291 : 90);
  const drawn = {
    left,
    clients: 1 + random.below(5),
    crashes: random.chance(850) ? 1 + random.below(5) : 0,
    trouble: {
      full: some(20),
      syncFails: some(25),
      readFails: some(left > 300 ? 3 : 15),
      nameFails: some(60),
      slow: some(40),
    },
    settlements: [],
  };
  world.jumps = random.chance(400);
  const lifeSteps = 20 + Math.floor((left * 16) / (1 + drawn.crashes));
  if (crash === undefined) return { ...drawn, lifeSteps, crash };
  world.jumps = false;
  return { ...drawn, clients: 2, crashes: 0, trouble: noTrouble, lifeSteps: 0, crash };
}

async function playLife(world: World, course: Course): Promise<void> {
  const { random, disk, counts } = world;
  const life = new Life(world);
  // Trouble without an end would be a disk that nobody can use.
  disk.trouble = counts.of("life ends: by trouble") < 30 ? course.trouble : noTrouble;
  const first = course.crash !== undefined && counts.of("life") === 0 ? course.crash : undefined;
  counts.add("life");
  const ends = counts.of("life") <= course.crashes && !random.chance(150);
  const steps = first?.step ?? (ends ? random.below(2 * course.lifeSteps) : stepsMax);
  const work = serve(life, { world, course, random });
  const end = await run(work, { world, life, steps });
  world.trace(`life ends: ${end}`);
  counts.add(`life ends: ${end}`);
  if (end === "in order") return;
  // Whoever is killed leaves his files to the system; a loss of power takes what was not synced, too.
  endLife(life, { world, power: first?.power ?? random.chance(600) });
  if (end === "killed" && first !== undefined) course.left = Math.min(course.left, 5);
  if (world.jumps && random.chance(500)) world.setClock();
}

function endLife(life: Life, { world, power }: { readonly world: World; readonly power: boolean }): void {
  world.schedule.end(life);
  world.disk.killed(life);
  if (!power) return;
  world.counts.add("power lost");
  world.disk.losePower();
}

/** Opens, has the clients do their part, and closes in order. */
async function serve(
  life: Life,
  { world, course, random }: { readonly world: World; readonly course: Course; readonly random: Random },
): Promise<void> {
  const rival = random.chance(150);
  if (rival) world.counts.add("two writers");
  // Whoever starts a host again waits a little longer than the trouble that ended it.
  await world.schedule.wait(life, random.below(800));
  await life.begin({ rival, gate: random.chance(900) });
  const clients = Array.from({ length: course.clients }, async (_, index) => {
    const client = {
      world,
      life,
      random: random.fork(),
      rival: rival && index === 0,
      settlements: course.settlements,
    };
    while (course.left > 0) {
      course.left -= 1;
      await world.schedule.wait(life, client.random.below(30));
      await act(client);
    }
  });
  await Promise.all(clients);
  await life.end();
}

/** @returns how it ended */
async function run(
  work: Promise<void>,
  { world, life, steps }: { readonly world: World; readonly life: Life; readonly steps: number },
): Promise<"in order" | "killed" | "by trouble"> {
  const over: { done?: true; thrown?: unknown } = {};
  work.then(
    () => (over.done = true),
    (thrown: unknown) => {
      over.done = true;
      over.thrown = thrown;
    },
  );
  await turn();
  for (let idle = 0, left = steps; over.done !== true; left -= 1) {
    if (world.broken !== undefined) throw new Broken(world.broken);
    if (life.ended !== undefined) return troubled(life.ended, world);
    if (left <= 0) return "killed";
    if (await world.schedule.step()) idle = 0;
    else {
      idle += 1;
      await turn();
      if (idle > 100) throw new Broken("nothing goes on any more, and somebody still waits");
    }
  }
  return over.thrown === undefined ? "in order" : troubled(over.thrown, world);
}

function troubled(thrown: unknown, world: World): "by trouble" {
  const retry = thrown instanceof Error && "retry" in thrown && thrown.retry === "later";
  if (passingCode(thrown) === undefined && !retry) throw thrown;
  world.trace(`trouble: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  return "by trouble";
}

/** Nothing goes wrong any more: what was left is finished, and then everything is looked at. */
async function finish(world: World): Promise<number> {
  world.disk.trouble = noTrouble;
  world.setClock();
  const life = new Life(world);
  const over = await run(finishEffects(life, world), { world, life, steps: stepsMax });
  if (over !== "in order") throw new Broken("the last life did not end in order");
  const audited: { entries?: number } = {};
  const auditor = new Life(world);
  const audit = async (): Promise<void> => {
    await auditor.begin({ rival: false, gate: false });
    audited.entries = await auditAll(auditor, world);
  };
  await run(audit(), { world, life: auditor, steps: stepsMax });
  if (audited.entries === undefined) throw new Broken("the log could not be audited");
  return audited.entries;
}

async function finishEffects(life: Life, world: World): Promise<void> {
  await life.begin({ rival: false, gate: true, acceptsClock: true });
  for (let looks = 0; ; looks += 1) {
    const open = await life.machine.view((state) =>
      [...state.effects.values()]
        .filter(({ status }) => status === "requested" || status === "started")
        .map(({ id }) => id),
    );
    if (open.length === 0) break;
    if (looks > 2_000) throw new Broken(`${open.join(", ")} is neither performed nor owed`);
    await world.schedule.wait(life, 100);
  }
  await life.end();
}

async function auditAll(life: Life, world: World): Promise<number> {
  const content = await contentOf(life.log);
  const { fold, effects } = auditEntries(content);
  const files = [...world.disk.files.values()].map((file) => file.read(0, file.size));
  const erased = await auditPayloads(life.log, {
    entries: content.rows.map(({ bytes }) => decodeEntry(bytes)),
    drafts: world.furnisher.drafts,
    files,
  });
  world.counts.add("payload erased at the end", erased);
  const live = await life.machine.still(async (mine) => mine.stateDigest());
  if (live !== fold.stateDigest()) throw new Broken("the state is not the fold of the log");
  for (const [effect, times] of world.performances.times) {
    const story = effects.stories.get(effect);
    if (story === undefined) throw new Broken(`${effect} was performed, and the log has no request of it`);
    const once = story.sideEffect === "external" || story.sideEffect === "privileged";
    if (once && times > 1) throw new Broken(`${effect} can be done only once, and was performed ${times} times`);
    if (once && story.started === 0) throw new Broken(`${effect} was performed before its start was durable`);
    if (story.settled + story.owed + story.abandoned === 0)
      throw new Broken(`${effect} was performed, and is neither settled nor owed`);
  }
  for (const [effect, { owed, settled, abandoned }] of effects.stories) {
    if (owed === 0 || settled + abandoned > 0) continue;
    world.counts.add("effect owed at the end");
    const status = [...fold.state.effects.values()].find(({ id }) => id === effect)?.status;
    if (status !== "owed") throw new Broken(`${effect} is owed, and the state has it as ${status ?? "nothing"}`);
  }
  return content.rows.length;
}
