/**
 * Turns an effect that the kernel allowed into the box it is performed in. What the box shows follows from the effect's claims and from
 * nothing else, beside the program's own folder and its runtime: the same authority that was decided on, and no more.
 */
import { lstatSync } from "node:fs";
import { amountOf, type Effect, type Permission } from "@toka/kernel";
import type { SandboxJob, SandboxLimits } from "../sandbox/job.ts";
import { isBelow } from "../sandbox/paths.ts";
import { canonicalPath } from "../tools/canonical-path.ts";
import type { Tool } from "../tools/tool.ts";
import { codeLimits, decodeCodeArguments } from "./code-arguments.ts";

/** A job without the parts that the performer adds: the layer and who listens. */
export type BoxedProgram = Omit<SandboxJob, "layer" | "onOutput">;

/** Why no box can be made: a code for programs and words for people. */
export interface BoxRefusal {
  readonly code: string;
  readonly message: string;
}

/** What an effect is performed with, beside the effect itself. */
export interface BoxInputs {
  /** The bytes behind the effect's arguments. */
  readonly arguments: Uint8Array;
  /** Digest of the requesting entry: the same for every attempt at this effect. */
  readonly idempotencyKey: string;
  /** The tool as it is on disk; undefined for kind `code`. */
  readonly tool: Tool | undefined;
  readonly hiddenPaths: readonly string[];
  /** Folders below a hidden path that can be claimed all the same. */
  readonly outputPaths: readonly string[];
  /** Time that is left to it, ms. */
  readonly wallMs: number;
}

/**
 * Composes the box of an effect.
 * @returns the program to run, or why it cannot be boxed
 */
export function composeBox(effect: Effect, inputs: BoxInputs): BoxedProgram | BoxRefusal {
  const paths = pathsOf(effect.claims, inputs);
  if ("code" in paths) return paths;
  const program =
    inputs.tool === undefined ? codeProgram(inputs.arguments) : toolProgram(inputs.tool, inputs.arguments);
  if ("code" in program) return program;
  return {
    argv: program.argv,
    cwd: program.cwd,
    env: { ...program.env, TOKA_IDEMPOTENCY_KEY: inputs.idempotencyKey, TOKA_EFFECT: effect.id },
    stdin: program.stdin,
    readPaths: [...new Set([...program.folders, ...paths.read])],
    writePaths: paths.write,
    hiddenPaths: inputs.hiddenPaths,
    runtimes: program.runtimes,
    limits: limitsOf(effect, inputs),
    ...(program.learn === true ? { learn: true } : {}),
  };
}

interface Program {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly folders: readonly string[];
  readonly runtimes: readonly string[];
  readonly learn?: boolean;
}

function toolProgram({ program }: Tool, stdin: Uint8Array): Program {
  return {
    argv: program.argv,
    cwd: program.folder,
    env: {},
    stdin,
    folders: [program.folder],
    runtimes: program.runtimes,
  };
}

function codeProgram(bytes: Uint8Array): Program | BoxRefusal {
  const decoded = decodeCodeArguments(bytes);
  if ("problem" in decoded) return { code: "arguments_invalid", message: `Cannot run the program: ${decoded.problem}` };
  return { ...decoded, folders: [], runtimes: [] };
}

interface ClaimedPaths {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

function pathsOf(
  claims: readonly Permission[],
  places: Pick<BoxInputs, "hiddenPaths" | "outputPaths">,
): ClaimedPaths | BoxRefusal {
  const read: string[] = [];
  const write: string[] = [];
  for (const claim of claims) {
    const colon = claim.indexOf(":");
    const action = claim.slice(0, colon);
    const resource = claim.slice(colon + 1);
    if (action === "net.connect") {
      return { code: "network_unavailable", message: `Cannot connect to ${resource}: no network reaches a box yet` };
    }
    if (action !== "fs.read" && action !== "fs.write") continue;
    const whole = resource.endsWith("/**");
    const path = whole ? resource.slice(0, -3) || "/" : resource;
    const problem = hiddenProblem(path, places) ?? pathProblem(path, { whole, writes: action === "fs.write" });
    if (problem !== undefined)
      return { code: "path_refused", message: `Cannot show ${path} to the program: ${problem}` };
    const kind = lstatSync(path, { throwIfNoEntry: false });
    // What is claimed for reading and is not there cannot be shown; the program meets its absence itself.
    if (action === "fs.read" && kind !== undefined) read.push(path);
    // A path that ends in a slash is a folder to the sandbox, also when it has yet to be made.
    if (action === "fs.write") write.push(whole && kind?.isFile() !== true ? `${path}/` : path);
  }
  return { read, write };
}

/** A right to a folder is none to a vault that lies in it: its key and its log are nobody's to read or write but the host's. */
function hiddenProblem(
  path: string,
  { hiddenPaths, outputPaths }: Pick<BoxInputs, "hiddenPaths" | "outputPaths">,
): string | undefined {
  const lies = (folder: string): boolean => path === folder || isBelow(path, folder);
  const hidden = hiddenPaths.find(lies);
  return hidden === undefined || outputPaths.some(lies) ? undefined : `${hidden} is kept from every program`;
}

/** The claim was decided on as a text; here it is made sure that the text still names the place, and only that place. */
function pathProblem(
  path: string,
  { whole, writes }: { readonly whole: boolean; readonly writes: boolean },
): string | undefined {
  const canonical = canonicalPath(path);
  if ("problem" in canonical) return canonical.problem;
  if (canonical.path !== path) return `it leads to ${canonical.path} now, which is not what was allowed`;
  if (!whole && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    return `it is a folder, and only the path itself was ${writes ? "claimed for writing" : "claimed"}; claim ${path === "/" ? "" : path}/** for all below it`;
  }
  return undefined;
}

function limitsOf(effect: Effect, { tool, wallMs }: BoxInputs): SandboxLimits {
  const most = tool?.description.limits ?? codeLimits;
  const { reserve } = effect;
  const writtenBytes = within(most.writtenBytes, amountOf(reserve, "storedBytes"));
  return {
    memoryBytes: within(most.memoryBytes, amountOf(reserve, "memoryBytes")),
    cpuMs: within(most.cpuMs, amountOf(reserve, "cpuMs")),
    wallMs: within(wallMs, amountOf(reserve, "wallMs")),
    processes: most.processes,
    fileBytes: writtenBytes,
    writtenBytes,
    openFiles: most.openFiles,
    outputBytes: most.outputBytes,
  };
}

// Nothing reserved of a kind means that nobody asked for a narrower limit; what is used is booked all the same.
function within(most: number, reserved: number): number {
  return reserved === 0 ? most : Math.min(most, reserved);
}
