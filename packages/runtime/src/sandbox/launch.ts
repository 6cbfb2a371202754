/**
 * Starts the launcher with an order and follows it to its end: feeds standard input, keeps output up
 * to its limit, stops the run when the output passes it or the host wishes it, and reads the report.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { HostFacts } from "./host-facts.ts";
import { factsOf, type RawFact } from "./facts.ts";
import { SandboxFailure, type SandboxEnd, type SandboxResult } from "./job.ts";
import { encodeOrder, type Order } from "./order.ts";

/** How a launch is fed and listened to. */
export interface LaunchOptions {
  readonly stdin: Uint8Array;
  readonly outputBytes: number;
  readonly wallMs: number;
  readonly onOutput?: ((stream: "stdout" | "stderr", chunk: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a launch was, before anybody looked into the layer. */
export interface Launched extends Omit<SandboxResult, "changes" | "dropped"> {
  /** Folders of the layer that hide what the tree has below them, by part index: raw paths, as Latin-1. */
  readonly opaque: ReadonlyMap<number, ReadonlySet<string>>;
}

/**
 * The launcher ends a run at its deadline by itself. When it does not (it was stopped, or hangs in
 * the kernel), it is killed after this long, and all below it dies with it.
 */
const launcherGraceMs = 5_000;
/** A report is at most one record per folder of a layer, and layers are bounded. */
const reportBytesMax = 64 * 1024 * 1024;

const signalNames: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

interface Kept {
  readonly chunks: Uint8Array[];
  keptBytes: number;
  totalBytes: number;
}

/**
 * Runs one order.
 *
 * @param order what to mount and run
 * @param facts this host
 * @param options stdin, output limit, listeners, abort
 * @returns how the run ended; resolved when nothing of the process tree is left
 * @throws SandboxFailure `sandbox_setup_failed` when the box could not be made or its launcher was
 *   lost: the program then did not run, or is dead
 */
export async function launch(order: Order, facts: HostFacts, options: LaunchOptions): Promise<Launched> {
  // An empty environment and a fixed interpreter: nothing of the caller's settings reaches Perl.
  const child = spawn(facts.perl, ["-w", facts.launcher], {
    env: {},
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  // Without a listener a failed start would end the host; what it means is told below.
  child.on("error", () => undefined);
  const streams = streamsOf(child);
  const report: Uint8Array[] = [];
  let reportBytes = 0;
  streams.report.on("data", (chunk: Buffer) => {
    reportBytes += chunk.length;
    if (reportBytes <= reportBytesMax) report.push(chunk);
  });
  // A guest need not read its input, and may be gone before it is written.
  for (const pipe of [streams.stdin, streams.order]) pipe.on("error", () => undefined);
  streams.order.end(encodeOrder(order));
  streams.stdin.end(options.stdin);
  const keep = (stream: "stdout" | "stderr"): Kept => {
    const kept: Kept = { chunks: [], keptBytes: 0, totalBytes: 0 };
    streams[stream].on("data", (chunk: Buffer) => {
      const room = options.outputBytes - kept.keptBytes;
      kept.totalBytes += chunk.length;
      const piece = chunk.length > room ? chunk.subarray(0, room) : chunk;
      if (piece.length > 0) {
        kept.chunks.push(piece);
        kept.keptBytes += piece.length;
        options.onOutput?.(stream, piece);
      }
      if (chunk.length > room) child.kill("SIGUSR1");
    });
    return kept;
  };
  const [stdout, stderr] = [keep("stdout"), keep("stderr")];
  const outcome = await followed(child, options);
  const output = {
    stdout: Buffer.concat(stdout.chunks),
    stderr: Buffer.concat(stderr.chunks),
    stdoutBytes: stdout.totalBytes,
    stderrBytes: stderr.totalBytes,
  };
  // Before the launcher listens for it, the abort simply ends it: nothing has started then.
  if (reportBytes === 0 && outcome === "signal SIGTERM" && options.signal?.aborted === true) {
    const usage = { cpuMs: 0, wallMs: 0, memoryPeakBytes: 0, writtenBytes: 0 };
    return { exit: { signal: "SIGKILL" }, ended: "aborted", usage, opaque: new Map(), ...output };
  }
  return { ...readReport(Buffer.concat(report), { stderr: output.stderr, outcome }), ...output };
}

/** Waits for the launcher to end and its streams to close; says how it ended. */
function followed(child: ChildProcess, options: LaunchOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const backstop = setTimeout(() => child.kill("SIGKILL"), options.wallMs + launcherGraceMs);
    let abortStop: NodeJS.Timeout | undefined;
    let heldOpen: NodeJS.Timeout | undefined;
    const abort = (): void => {
      child.kill("SIGTERM");
      abortStop = setTimeout(() => child.kill("SIGKILL"), launcherGraceMs);
    };
    const settle = (): void => {
      clearTimeout(backstop);
      clearTimeout(abortStop);
      clearTimeout(heldOpen);
      options.signal?.removeEventListener("abort", abort);
    };
    child.once("error", (error) => {
      settle();
      reject(
        new SandboxFailure(`Cannot start the sandbox launcher: ${error.message}`, {
          code: "sandbox_setup_failed",
          retry: "later",
          cause: error,
        }),
      );
    });
    // Its streams end with the launcher's tree. Should one be held open all the same, waiting helps nobody.
    child.once("exit", () => {
      const cut = (): void => child.stdio.forEach((stream) => stream?.destroy());
      heldOpen = setTimeout(cut, launcherGraceMs);
    });
    child.once("close", (code, signal) => {
      settle();
      resolve(signal === null ? `exit ${code}` : `signal ${signal}`);
    });
    if (options.signal?.aborted === true) abort();
    else options.signal?.addEventListener("abort", abort, { once: true });
  });
}

interface Streams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly order: Writable;
  readonly report: Readable;
}

function streamsOf(child: ChildProcess): Streams {
  const { stdin, stdout, stderr, stdio } = child;
  const [, , , order, report] = stdio;
  if (!isWritable(stdin) || !isReadable(stdout) || !isReadable(stderr) || !isWritable(order) || !isReadable(report)) {
    throw new SandboxFailure("Cannot start the sandbox launcher: its pipes were not made", {
      code: "sandbox_setup_failed",
      retry: "later",
    });
  }
  return { stdin, stdout, stderr, order, report };
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === "object" && stream !== null && "end" in stream;
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === "object" && stream !== null && "on" in stream;
}

/** Splits the report into its NUL-ended fields, kept as bytes: names in a layer need not be UTF-8. */
function fieldsOf(report: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let start = 0;
  for (let end = report.indexOf(0); end !== -1; end = report.indexOf(0, start)) {
    fields.push(report.subarray(start, end));
    start = end + 1;
  }
  return fields;
}

function readReport(
  report: Uint8Array,
  context: { readonly stderr: Uint8Array; readonly outcome: string },
): Pick<Launched, "exit" | "ended" | "usage" | "opaque" | "facts"> {
  const fields = fieldsOf(report);
  const learnt: RawFact[] = [];
  const opaque = new Map<number, Set<string>>();
  let ended: { why: SandboxEnd; exit: string } | undefined;
  let usage: number[] = [];
  let done = false;
  const text = (at: number): string => new TextDecoder().decode(fields[at] ?? new Uint8Array());
  let at = 0;
  while (at < fields.length) {
    const word = text(at);
    if (word === "failed") throw setupFailure(text(at + 1), { detail: text(at + 2), stderr: context.stderr });
    if (word === "ended") {
      ended = { why: endOf(text(at + 1)), exit: text(at + 2) };
      at += 3;
    } else if (word === "usage") {
      usage = [1, 2, 3, 4].map((offset) => Number(text(at + offset)));
      at += 5;
    } else if (word === "opaque") {
      const index = Number(text(at + 1));
      const paths = opaque.get(index) ?? new Set<string>();
      opaque.set(index, paths.add(Buffer.from(fields[at + 2] ?? []).toString("latin1")));
      at += 3;
    } else if (word === "learnt") {
      learnt.push({ kind: text(at + 1), path: fields[at + 2] ?? new Uint8Array() });
      at += 3;
    } else {
      done = word === "done";
      at += 1;
    }
  }
  const [cpuUs, wallMs, memoryPeakBytes, writtenBytes] = usage;
  if (
    !done ||
    ended === undefined ||
    cpuUs === undefined ||
    wallMs === undefined ||
    memoryPeakBytes === undefined ||
    writtenBytes === undefined
  ) {
    throw new SandboxFailure(`Cannot tell how a boxed program ended: its launcher was lost (${context.outcome})`, {
      code: "sandbox_setup_failed",
      retry: "later",
    });
  }
  return {
    exit: exitOf(ended.exit),
    ended: ended.why,
    usage: { cpuMs: Math.ceil(cpuUs / 1000), wallMs, memoryPeakBytes, writtenBytes },
    opaque,
    ...(learnt.length === 0 ? {} : { facts: factsOf(learnt) }),
  };
}

const ends: readonly SandboxEnd[] = ["exited", "deadline", "cpu", "memory", "output", "written", "aborted"];

function endOf(word: string): SandboxEnd {
  const end = ends.find((candidate) => candidate === word);
  if (end === undefined)
    throw new SandboxFailure(`Cannot tell how a boxed program ended: the launcher says ${word}`, {
      code: "sandbox_setup_failed",
      retry: "never",
    });
  return end;
}

function exitOf(word: string): SandboxResult["exit"] {
  if (word === "") return { signal: "SIGKILL" };
  const code = Number(word);
  const name = signalNames[code - 128];
  return name === undefined ? { code } : { signal: name };
}

/** What can be done about a step that failed; the steps are the launcher's words. */
const fixes: Readonly<Record<string, string>> = {
  userns:
    "allow user namespaces for plain users (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or start Toka as root",
  namespaces:
    "start Toka where it may make mount namespaces; in a container, run the container with the SYS_ADMIN capability or start Toka on its host",
  idmap:
    "move the folder to a file system with mapped mounts (ext4, xfs, btrfs, tmpfs; Linux 5.19 or newer), or start Toka as the plain user who owns it",
  overlay:
    "keep the vault on a disk file system that overlayfs can write to (ext4, xfs, btrfs; not an overlay, NFS or FAT), with Linux 5.19 or newer, or 5.11 for a plain user",
  bubblewrap: "run toka doctor",
};

function setupFailure(step: string, context: { readonly detail: string; readonly stderr: Uint8Array }): SandboxFailure {
  const said = new TextDecoder().decode(context.stderr).trim().slice(0, 500);
  const detail = step === "bubblewrap" && said !== "" ? said : context.detail;
  const fix = fixes[step];
  return new SandboxFailure(`Cannot make the box: ${step}: ${detail}${fix === undefined ? "" : ` (fix: ${fix})`}`, {
    code: "sandbox_setup_failed",
    retry: "later",
  });
}
