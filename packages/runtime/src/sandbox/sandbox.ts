/**
 * The OS sandbox: runs one native program with the rights of its job and no other, and says what it
 * did. Where it cannot be made, nothing runs.
 *
 * Source: docs/sandbox.md (what is enforced, and what is not); docs/decisions/0004-write-layer.md.
 */
import { compareLayer } from "./changes.ts";
import { findHostFacts, unavailable, type HostFacts, type HostPlaces } from "./host-facts.ts";
import { SandboxFailure, type SandboxJob, type SandboxReport, type SandboxResult } from "./job.ts";
import { launch } from "./launch.ts";
import { layerFailure, prepareLayer } from "./layer.ts";
import { composeOrder } from "./order.ts";

/** Runs programs in boxes. */
export interface Sandbox {
  /**
   * Finds out whether programs can be boxed here, by boxing one. The answer is kept once it is good.
   *
   * @returns the report: available, or each problem with its fix
   */
  probe(): Promise<SandboxReport>;
  /**
   * Runs one program to its end. When this resolves, no process of it is left.
   *
   * @param job what to run and what it may reach; its layer must be absent or empty, and is the
   *   caller's to discard afterwards
   * @param options signal: ends the run, which then resolves with `aborted`
   * @returns how it ended, its output, usage and changes
   * @throws SandboxFailure when it could not be boxed; the program then did not run to an end and
   *   nothing outside the layer is touched
   */
  run(job: SandboxJob, options?: { readonly signal?: AbortSignal }): Promise<SandboxResult>;
}

/** Limits under which the probe runs `true`. */
const probeLimits = {
  memoryBytes: 64 * 1024 * 1024,
  cpuMs: 10_000,
  wallMs: 20_000,
  processes: 16,
  fileBytes: 1024 * 1024,
  writtenBytes: 1024 * 1024,
  openFiles: 64,
  outputBytes: 64 * 1024,
} as const;

/**
 * Makes the sandbox of this host.
 *
 * @param options places: where its parts lie, when not in the system's own folders
 * @returns the sandbox; nothing is started until it is used
 */
export function createSandbox(options: { readonly places?: HostPlaces } = {}): Sandbox {
  let good: { facts: HostFacts; report: SandboxReport } | undefined;

  async function prove(): Promise<{ facts: HostFacts | null; report: SandboxReport }> {
    if (good !== undefined) return good;
    const { facts, report } = await findHostFacts(options.places);
    if (facts === null) return { facts, report };
    const problem = await tryOnce(facts);
    if (problem === undefined) {
      good = { facts, report };
      return good;
    }
    const problems = [
      ...report.problems,
      { problem, fix: "see the message; docs/sandbox.md lists what the box needs" },
    ];
    return { facts: null, report: { ...report, available: false, problems } };
  }

  return {
    probe: async () => (await prove()).report,
    run: async (job, { signal } = {}) => {
      const { facts, report } = await prove();
      if (facts === null) throw unavailable(report);
      return runJob(job, { facts, signal });
    },
  };
}

/** Boxes `true`: the one way to know that namespaces, filter and limits all load. */
async function tryOnce(facts: HostFacts): Promise<string | undefined> {
  const nothing = { env: {}, stdin: new Uint8Array(), readPaths: [], writePaths: [], hiddenPaths: [], runtimes: [] };
  try {
    const { exit, stderr } = await runJob(
      { ...nothing, argv: ["true"], cwd: "/tmp", layer: "/nonexistent", limits: probeLimits },
      { facts },
    );
    if ("code" in exit && exit.code === 0) return undefined;
    return `a boxed program that does nothing ended with ${JSON.stringify(exit)}: ${new TextDecoder().decode(stderr).slice(0, 500)}`;
  } catch (error) {
    if (error instanceof SandboxFailure) return error.message;
    throw error;
  }
}

async function runJob(
  job: SandboxJob,
  { facts, signal }: { readonly facts: HostFacts; readonly signal?: AbortSignal | undefined },
): Promise<SandboxResult> {
  const order = composeOrder(job, facts);
  const madeNs = prepareLayer(job, order);
  const { opaque, ...launched } = await launch(order, facts, {
    stdin: job.stdin,
    outputBytes: job.limits.outputBytes,
    wallMs: job.limits.wallMs,
    onOutput: job.onOutput,
    signal,
  });
  if (order.parts.length === 0) return { ...launched, changes: [], dropped: [] };
  // More than a layer may hold is more than is worth comparing: nothing of it is to be applied.
  if (launched.ended === "written") {
    return { ...launched, changes: [], dropped: order.parts.map(({ path }) => ({ path, reason: "too_many_changes" })) };
  }
  const { layer, writePaths, hiddenPaths } = job;
  try {
    const compared = await compareLayer({ layer, parts: order.parts, opaque, writePaths, hiddenPaths, madeNs });
    return { ...launched, changes: compared.changes, dropped: compared.dropped };
  } catch (error) {
    throw layerFailure(`Cannot compare the layer ${layer} with the tree`, error);
  }
}
