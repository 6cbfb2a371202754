/**
 * How long a question takes from the start of its process to its end, asked over the socket of a vault that another process holds; and
 * how much memory such a process holds when nobody has asked it anything for a while.
 *
 * Each command is started by the launcher, turn by turn with the same command started by Node alone, so that the difference of their
 * minima is what the launcher adds. Beside them stands Node with an empty module: the floor of any command. The verdict is by minima,
 * since whatever else the machine does only ever adds.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { benchVault } from "./parts/bench-vault.ts";
import { run, settle } from "./parts/machine-world.ts";
import { handOn, median } from "./parts/rows.ts";

const turns = 20;
const idleMs = 30_000;
/** What the design asks for. */
const targets = { answerMs: 150, residentMegabytes: 180 } as const;
const vaults = [
  { name: "small", entries: 100, agents: 1 },
  { name: "large", entries: 100_000, agents: 1_000 },
] as const;
const questions: readonly string[] = [
  "status",
  "state",
  "agent list",
  "task list",
  "session list",
  "grant tree",
  "budget tree",
  "owed list",
  "approval list",
  "message list",
  "observation list",
  "alert list",
  "tool list",
  "changes",
  "log",
  "why 3",
];

const root = join(import.meta.dirname, "../..");
const toka = join(root, "toka");
const main = join(root, "packages/cli/src/main.ts");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "toka-bench-")));
const empty = join(folder, "empty.mjs");
const cache = join(root, "node_modules/.cache/compile");
const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"];

type Name = (typeof vaults)[number]["name"];
interface Serving {
  readonly name: Name;
  readonly process: ChildProcess;
  /** Of the process that serves, not of the shell that started it: the launcher becomes it. */
  readonly pid: number;
}

function placesOf(name: Name): { readonly env: Record<string, string>; readonly options: readonly string[] } {
  const dir = join(folder, name);
  return {
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, TOKA_HOME: dir, NODE_COMPILE_CACHE: cache },
    options: ["--vault", join(dir, "vault"), "--workspace", join(dir, "workspace")],
  };
}

async function fill({ name, entries, agents }: (typeof vaults)[number]): Promise<void> {
  const dir = join(folder, name);
  mkdirSync(join(dir, "workspace"), { recursive: true });
  const vault = await benchVault(dir);
  const world = await settle(vault.machine, agents);
  const scripts = world.lanes(agents);
  while ((await vault.machine.head()).position < entries)
    await run(world, { scripts, untilMs: performance.now() + (entries > 1_000 ? 500 : 1) });
  await vault.close();
}

async function serve(name: Name): Promise<Serving> {
  const { env, options } = placesOf(name);
  const served = spawn(toka, ["serve", ...options], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [served.stdout, served.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString("utf8");
        if (said.includes("until Ctrl-C")) resolve();
      });
    }
    served.once("error", reject);
    served.once("close", () => reject(new Error(`Cannot measure: toka serve ended\n${said}`)));
  });
  if (served.pid === undefined) throw new Error("Cannot measure: toka serve has no process id");
  return { name, process: served, pid: served.pid };
}

async function timed(program: string, args: readonly string[]): Promise<number> {
  const { env } = placesOf("small");
  const from = performance.now();
  const child = spawn(program, args, { env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  const tookMs = performance.now() - from;
  if (code !== 0) throw new Error(`Cannot measure: ${args.join(" ")} ended with ${code ?? "a signal"}`);
  return tookMs;
}

interface Answers {
  readonly quick: boolean;
  /** Least time of each question over the least of an empty Node in the same turns. */
  readonly overFloor: readonly number[];
}

async function timeQuestions(): Promise<Answers> {
  writeFileSync(empty, "");
  const { options } = placesOf("small");
  const floor: number[] = [];
  const added: number[] = [];
  const overFloor: number[] = [];
  let slowest = 0;
  for (const question of questions) {
    const words = [...question.split(" "), ...options];
    const launched: number[] = [];
    const direct: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      floor.push(await timed(process.execPath, [empty]));
      launched.push(await timed(toka, words));
      direct.push(await timed(process.execPath, [...flags, main, ...words]));
    }
    added.push(Math.min(...launched) - Math.min(...direct));
    slowest = Math.max(slowest, Math.min(...launched));
    overFloor.push(Math.min(...launched) / Math.min(...floor.slice(-turns)));
    tell(`toka ${question}`.padEnd(24), `median ${show(median(launched))}, min ${show(Math.min(...launched))}`);
  }
  tell("Node with an empty module", `median ${show(median(floor))}, min ${show(Math.min(...floor))}`);
  tell("of it the launcher", `median ${show(median(added))} of the differences of minima`);
  tell("slowest minimum", `${show(slowest)} (wanted ${targets.answerMs} ms at most)`);
  return { quick: slowest <= targets.answerMs, overFloor };
}

/** Resident memory in megabytes. */
function residentOf({ pid }: Serving): number {
  const found = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (found === undefined) throw new Error(`Cannot measure: process ${pid} shows no resident memory`);
  return Number(found) / 1024;
}

function tell(what: string, figure: string): void {
  process.stdout.write(`${what}: ${figure}\n`);
}

function show(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}

const serving: Serving[] = [];
try {
  for (const vault of vaults) await fill(vault);
  for (const { name } of vaults) serving.push(await serve(name));
  const { quick, overFloor } = await timeQuestions();
  await pause(idleMs);
  const sizes = serving.map((one) => ({ name: one.name, resident: residentOf(one) }));
  for (const { name, resident } of sizes) {
    const { entries } = vaults.find((vault) => vault.name === name) ?? vaults[0];
    tell(
      `resident after ${idleMs / 1000} s without a question, ${entries.toLocaleString("en")} entries`,
      `${resident.toFixed(0)} MB (wanted ${targets.residentMegabytes} MB at most)`,
    );
  }
  const small = sizes.every(({ resident }) => resident <= targets.residentMegabytes);
  handOn([
    { name: "answer through the socket", better: "less", samples: overFloor },
    ...sizes.map(({ name, resident }) => ({
      name: `resident, ${name} vault`,
      better: "less" as const,
      samples: [resident],
    })),
  ]);
  process.exitCode = quick && small ? 0 : 1;
} finally {
  await Promise.all(
    serving.map(async ({ process: served }) => {
      served.removeAllListeners("close");
      const closed = once(served, "close");
      served.kill("SIGINT");
      await closed;
    }),
  );
  rmSync(folder, { recursive: true, force: true });
}
