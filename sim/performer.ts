/** The world that effects are performed in: a sandbox that starts no program, and remembers which it was asked to. */
import { SandboxFailure, type Sandbox, type SandboxJob } from "@toka/runtime";
import type { Counts } from "./counts.ts";
import { Broken } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Owner, Schedule } from "./schedule.ts";

/** What was performed, which no crash undoes. */
export class Performances {
  /** Idempotency key of each effect that was performed. */
  readonly keys: Map<string, string> = new Map<string, string>();
  readonly times: Map<string, number> = new Map<string, number>();

  /**
   * A program is started for an effect.
   *
   * @throws Broken when it was started under another key before
   */
  note(effect: string, key: string): void {
    const before = this.keys.get(effect);
    if (before !== undefined && before !== key) throw new Broken(`${effect} is performed under two idempotency keys`);
    this.keys.set(effect, key);
    this.times.set(effect, (this.times.get(effect) ?? 0) + 1);
  }
}

/**
 * A sandbox of one process.
 *
 * @param owner the process, with which every program ends
 * @param world in which the programs run
 * @returns the sandbox
 */
export function simulatedSandbox(
  owner: Owner,
  world: {
    readonly schedule: Schedule;
    readonly random: Random;
    readonly counts: Counts;
    readonly performances: Performances;
  },
): Sandbox {
  const { schedule, random, counts, performances } = world;
  return {
    probe: async () => ({ available: true, startedBy: "user", bubblewrap: null, problems: [] }),
    run: async (job, { signal } = {}) => {
      counts.add("program started");
      performances.note(job.env["TOKA_EFFECT"] ?? "", job.env["TOKA_IDEMPOTENCY_KEY"] ?? "");
      const fate = random.below(20);
      if (fate === 0)
        throw new SandboxFailure("Cannot box the program: no room", { code: "sandbox_setup_failed", retry: "later" });
      const wantedMs = fate <= 2 ? job.limits.wallMs * 2 : random.below(2_000);
      const ended = await endOf(Math.min(wantedMs, job.limits.wallMs), { owner, schedule, signal });
      const late = wantedMs > job.limits.wallMs;
      if (late) counts.add("program over its deadline");
      return resultOf(job, { ended: ended ?? (late ? "deadline" : "exited"), random });
    },
  };
}

/** @returns `aborted` when the signal came first */
function endOf(
  ms: number,
  {
    owner,
    schedule,
    signal,
  }: { readonly owner: Owner; readonly schedule: Schedule; readonly signal: AbortSignal | undefined },
): Promise<"aborted" | undefined> {
  return new Promise((resolve) => {
    const forget = schedule.after(owner, { ms, task: () => resolve(undefined) });
    const abort = (): void => {
      forget();
      resolve("aborted");
    };
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

function resultOf(
  { limits }: SandboxJob,
  { ended, random }: { readonly ended: "aborted" | "deadline" | "exited"; readonly random: Random },
): Awaited<ReturnType<Sandbox["run"]>> {
  const stdout = Buffer.from('{"done":true}');
  return {
    exit: ended === "exited" ? { code: random.chance(800) ? 0 : 1 } : { signal: "SIGKILL" },
    ended,
    stdout,
    stderr: new Uint8Array(),
    stdoutBytes: stdout.length,
    stderrBytes: 0,
    // Now and then more than was reserved: that is booked as overdraft.
    usage: {
      cpuMs: random.below(Math.min(limits.cpuMs, 50) * (random.chance(100) ? 10 : 1) + 1),
      wallMs: random.below(50),
      memoryPeakBytes: random.below(50),
      writtenBytes: 0,
    },
    changes: [],
    dropped: [],
  };
}
