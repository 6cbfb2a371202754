/**
 * Turns a job into the order for the launcher: what to mount where, bubblewrap's options, the limits.
 * The plan is made from the job and from what stands on the host now; nothing is changed here.
 *
 * Source: docs/decisions/0004-write-layer.md; docs/sandbox.md says what each part protects.
 */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HostFacts } from "./host-facts.ts";
import type { SandboxJob } from "./job.ts";
import { depth, inspectPath, isBelow, jobFailure, nearestExisting } from "./paths.ts";
import { protectedAtTop } from "./protected-paths.ts";
import { assembleFilter } from "./seccomp.ts";
import { tracedCalls } from "./traced-calls.ts";

/** A write path as the layer holds it, by its index there. */
export interface LayerPart {
  readonly index: number;
  readonly path: string;
  /**
   * `folder` and `file` stand in the tree; `new-folder` and `new-file` do not. `by-digest` is a host's own layer: it holds files of
   * anywhere below the path, each named by the digest of its bytes.
   */
  readonly kind: "folder" | "file" | "new-folder" | "new-file" | "by-digest";
}

/** A read-only view of a shown folder that needs mount points the tree lacks. */
export interface LayerStubs {
  readonly name: string;
  /** The shown folder that the mount points lie in. */
  readonly root: string;
  /** Missing paths below the root, and what each is to be. */
  readonly paths: readonly { readonly path: string; readonly kind: "folder" | "file" }[];
}

/** All that the launcher is told, and what the layer must hold before it is. */
export interface Order {
  readonly settings: Readonly<Record<string, string | number>>;
  readonly mounts: readonly (readonly [kind: string, id: string, first: string, second: string])[];
  readonly options: readonly string[];
  readonly command: readonly string[];
  /** Paths whose use is to be written down; none, and the program is not followed. */
  readonly learn: readonly string[];
  readonly parts: readonly LayerPart[];
  readonly stubs: readonly LayerStubs[];
}

/** First uid of the range for runs started by root: unused by distributions (systemd's UIDS-GIDS). The launcher's pid is added. */
export const guestUidBase = 1_900_000_000;
/** What a program in the box sees as its uid and gid. */
const innerId = 1000;
/** Bytes of /tmp and of /dev/shm: RAM that the resident memory of processes does not show. */
const temporaryBytes = 64 * 1024 * 1024;
const sharedMemoryBytes = 8 * 1024 * 1024;
/**
 * Room above the memory limit that one process may map. Node maps 512 MiB for the code of each thread
 * of JavaScript and touches a fraction of it, so this only stops absurd demands at once; what is
 * touched is watched.
 */
const dataRoomBytes = 4 * 1024 * 1024 * 1024;
/** Entries that one layer may hold: bounds the inodes taken and the time to compare. */
export const layerEntriesMax = 50_000;
/** bubblewrap takes at most 9000 options; a mount takes three. */
const shownPathsMax = 1000;
/** Linux allows 128 KiB in one argument and a quarter of the stack in all. */
const commandBytesMax = 1024 * 1024;

interface Plan {
  readonly mounts: [string, string, string, string][];
  /** Options that put one path in place, by path: sorted so that parents come first. */
  readonly placed: { readonly path: string; readonly options: readonly string[] }[];
  readonly closing: string[];
  readonly parts: LayerPart[];
  readonly stubs: LayerStubs[];
}

interface Shown {
  readonly path: string;
  readonly access: "read" | "write" | "hidden";
  readonly kind: "folder" | "file" | "new-folder" | "new-file";
}

/**
 * Plans the box of a job.
 *
 * @param job the job, as its caller gave it
 * @param facts what was found out about this host
 * @returns the order; the layer's folders named in it do not exist yet
 * @throws SandboxFailure `sandbox_job_invalid` when the job cannot be boxed, with the reason
 */
export function composeOrder(job: SandboxJob, facts: HostFacts): Order {
  checkCommand(job);
  const shown = shownPaths(job);
  if (shown.length > shownPathsMax)
    throw jobFailure(`Cannot box a program: ${shown.length} paths to show, at most ${shownPathsMax}`);
  const plan: Plan = { mounts: [], placed: [], closing: [], parts: [], stubs: [] };
  planWrites(plan, { shown, job, stage: facts.stage });
  planReads(plan, { shown, stage: facts.stage });
  planHidden(plan, shown);
  checkFolder(job.cwd, shown);
  if (plan.parts.length + plan.stubs.length > 0) plan.mounts.unshift(["bind", "layer", job.layer, ""]);
  plan.placed.sort((one, other) => depth(one.path) - depth(other.path) || (one.path < other.path ? -1 : 1));
  return {
    settings: settings(job, facts, plan.parts),
    mounts: plan.mounts,
    options: [...baseOptions(), ...plan.placed.flatMap((place) => place.options), ...plan.closing, ...lastOptions(job)],
    command: ["/usr/bin/prlimit", `--nproc=${Math.min(job.limits.processes, facts.processesMax)}`, "--", ...job.argv],
    learn: job.learn === true ? [...new Set([job.cwd, ...shown.map((one) => one.path)])] : [],
    parts: plan.parts,
    stubs: plan.stubs,
  };
}

/**
 * Writes an order as the launcher reads it.
 *
 * @returns words, each ended by a NUL
 */
export function encodeOrder(order: Order): Uint8Array {
  const words: string[] = [];
  for (const [name, value] of Object.entries(order.settings)) words.push("set", name, String(value));
  for (const mount of order.mounts) words.push("mount", ...mount);
  for (const option of order.options) words.push("option", option);
  for (const word of order.command) words.push("command", word);
  for (const path of order.learn) words.push("learn", path);
  return Buffer.from(words.map((word) => `${word}\0`).join(""), "utf8");
}

function checkCommand(job: SandboxJob): void {
  const [program] = job.argv;
  if (program === undefined || program === "") throw jobFailure("Cannot box a program: the command is empty");
  const words = [...job.argv, ...Object.entries(job.env).flat(), job.cwd];
  if (words.some((word) => word.includes("\0")))
    throw jobFailure("Cannot box a program: an argument or variable holds a NUL");
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
  if (bytes > commandBytesMax)
    throw jobFailure(`Cannot box a program: ${bytes} bytes of arguments and environment, at most ${commandBytesMax}`);
  const badName = Object.keys(job.env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (badName !== undefined)
    throw jobFailure(`Cannot box a program: ${JSON.stringify(badName)} is not the name of a variable`);
}

/** Everything the job shows or hides, without what a wider path of equal right already shows. */
function shownPaths(job: SandboxJob): readonly Shown[] {
  const writes = job.writePaths.map((given): Shown => {
    const path = given.length > 1 && given.endsWith("/") ? given.slice(0, -1) : given;
    const standing = inspectPath(path);
    if (standing === "file" && path !== given)
      throw jobFailure(`Cannot box a program: ${path} is a file, wanted a folder`);
    if (standing === "missing") return { path, access: "write", kind: path === given ? "new-file" : "new-folder" };
    return { path, access: "write", kind: standing };
  });
  const reads = [...job.readPaths, ...job.runtimes].map((path): Shown => {
    const standing = inspectPath(path);
    if (standing === "missing") throw jobFailure(`Cannot show ${path} in the sandbox: it does not exist`);
    return { path, access: "read", kind: standing };
  });
  const hidden = job.hiddenPaths.map((path): Shown => {
    const standing = inspectPath(path);
    return { path, access: "hidden", kind: standing === "missing" ? "new-folder" : standing };
  });
  const clash = hidden.find((mask) => [...writes, ...reads].some((one) => one.path === mask.path));
  if (clash !== undefined) throw jobFailure(`Cannot box a program: ${clash.path} is to be both shown and hidden`);
  const rank = { hidden: 0, write: 1, read: 2 } as const;
  const all = [...hidden, ...writes, ...reads].sort(
    (one, other) => depth(one.path) - depth(other.path) || rank[one.access] - rank[other.access],
  );
  const kept: Shown[] = [];
  for (const one of all) {
    const holder = one.access === "hidden" ? undefined : container(one.path, kept, true);
    const covered =
      holder !== undefined && (holder.access === "write" || (holder.access === "read" && one.access === "read"));
    if (!covered && !kept.some((other) => other.path === one.path)) kept.push(one);
  }
  return kept.filter(
    (one) => one.access !== "read" || !isBelow(one.path, "/usr") || container(one.path, kept) !== undefined,
  );
}

/** The deepest shown or hidden path that holds another. */
function container(path: string, shown: readonly Shown[], orEqual: boolean = false): Shown | undefined {
  let deepest: Shown | undefined;
  for (const one of shown) {
    if (!isBelow(path, one.path) && !(orEqual && path === one.path)) continue;
    if (deepest === undefined || depth(one.path) > depth(deepest.path)) deepest = one;
  }
  return deepest;
}

function planWrites(plan: Plan, context: { shown: readonly Shown[]; job: SandboxJob; stage: string }): void {
  const named = context.job.writePaths.map((path) => path.replace(/\/$/, ""));
  for (const { path, kind } of context.shown.filter((one) => one.access === "write")) {
    const index = plan.parts.length;
    const at = `${context.stage}/w${index}`;
    if (kind === "folder") {
      plan.mounts.push(["bind", `l${index}`, path, "idmap"], ["overlay", `w${index}`, `l${index}`, String(index)]);
      plan.placed.push({ path, options: ["--bind", at, path] });
      for (const below of protectedAtTop) {
        const guarded = join(path, below);
        const stats = lstatSync(guarded, { throwIfNoEntry: false });
        if (stats === undefined || stats.isSymbolicLink() || nearestExisting(guarded) !== guarded) continue;
        if (named.includes(guarded) || context.shown.some((one) => one.path === guarded)) continue;
        plan.placed.push({ path: guarded, options: ["--ro-bind", join(at, below), guarded] });
      }
    } else if (kind === "file") {
      plan.mounts.push(
        ["bind", `l${index}`, dirname(path), "idmap"],
        ["overlay", `w${index}`, `l${index}`, String(index)],
      );
      plan.placed.push({ path, options: ["--bind", join(at, basename(path)), path] });
    } else {
      plan.mounts.push(["fresh", `w${index}`, "", String(index)]);
      plan.placed.push({ path, options: ["--bind", kind === "new-file" ? join(at, basename(path)) : at, path] });
    }
    plan.parts.push({ index, path, kind });
  }
}

function planReads(plan: Plan, context: { shown: readonly Shown[]; stage: string }): void {
  const reads = context.shown.filter((one) => one.access === "read");
  for (const [index, { path, kind }] of reads.entries()) {
    plan.mounts.push(["bind", `r${index}`, path, "idmap"]);
    const missing = context.shown.filter(
      (one) =>
        one.access === "write" && one.kind.startsWith("new-") && container(one.path, context.shown)?.path === path,
    );
    if (kind === "folder" && missing.length > 0) {
      const paths = missing.map((one) => ({
        path: one.path,
        kind: one.kind === "new-file" ? ("file" as const) : ("folder" as const),
      }));
      plan.stubs.push({ name: `c${index}`, root: path, paths });
      plan.mounts.push(["cover", `c${index}`, `r${index}`, `c${index}`]);
      plan.placed.push({ path, options: ["--ro-bind", `${context.stage}/c${index}`, path] });
    } else {
      plan.placed.push({ path, options: ["--ro-bind", `${context.stage}/r${index}`, path] });
    }
  }
}

function planHidden(plan: Plan, shown: readonly Shown[]): void {
  for (const { path, kind } of shown.filter((one) => one.access === "hidden")) {
    // Where nothing around it is shown, or it does not exist, there is nothing to mask.
    if (container(path, shown) === undefined || kind === "new-folder" || kind === "new-file") continue;
    if (kind === "file") {
      plan.placed.push({ path, options: ["--ro-bind", "/dev/null", path] });
    } else {
      plan.placed.push({ path, options: ["--size", "65536", "--tmpfs", path] });
      plan.closing.push("--remount-ro", path);
    }
  }
}

function checkFolder(cwd: string, shown: readonly Shown[]): void {
  if (cwd === "/tmp" || cwd === "/" || cwd === "/usr" || isBelow(cwd, "/usr")) return;
  const holder = container(cwd, shown, true);
  const fits = holder !== undefined && (holder.access !== "hidden" || shown.some((one) => isBelow(one.path, cwd)));
  const above = shown.some((one) => one.access !== "hidden" && isBelow(one.path, cwd));
  if (!fits && !above) throw jobFailure(`Cannot start a boxed program in ${cwd}: the folder is not shown in the box`);
}

/** The system's own folders, as they are on this host: links where it has links. */
function systemOptions(): string[] {
  const options = ["--ro-bind", "/usr", "/usr"];
  for (const path of ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() === true) options.push("--symlink", readlinkSync(path), path);
    else if (stats?.isDirectory() === true) options.push("--ro-bind", path, path);
  }
  // Where the system's links to programs lead, and where its libraries are: no setting of anybody's.
  return [
    ...options,
    "--ro-bind-try",
    "/etc/alternatives",
    "/etc/alternatives",
    "--ro-bind-try",
    "/etc/ld.so.cache",
    "/etc/ld.so.cache",
  ];
}

function baseOptions(): string[] {
  return [
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--uid",
    String(innerId),
    "--gid",
    String(innerId),
    "--hostname",
    "sandbox",
    ...systemOptions(),
    "--proc",
    "/proc",
    "--ro-bind-try",
    "/proc/sys",
    "/proc/sys",
    "--dev",
    "/dev",
    "--size",
    String(sharedMemoryBytes),
    "--tmpfs",
    "/dev/shm",
    "--size",
    String(temporaryBytes),
    "--tmpfs",
    "/tmp",
    "--dir",
    "/tmp/home",
  ];
}

function lastOptions(job: SandboxJob): string[] {
  const folders = job.runtimes.map((prefix) => join(prefix, "bin")).filter((folder) => existsSync(folder));
  const environment: Readonly<Record<string, string>> = {
    HOME: "/tmp/home",
    LANG: "C.UTF-8",
    TMPDIR: "/tmp",
    ...job.env,
    PATH: [...folders, "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"].join(":"),
  };
  return [
    "--remount-ro",
    "/dev",
    "--remount-ro",
    "/",
    "--chdir",
    job.cwd,
    "--clearenv",
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
  ];
}

function settings(
  job: SandboxJob,
  facts: HostFacts,
  parts: readonly LayerPart[],
): Readonly<Record<string, string | number>> {
  const { limits } = job;
  const traced = job.learn === true ? tracedCalls(facts.machine) : {};
  return {
    mode: facts.startedBy,
    machine: facts.machine,
    stage: facts.stage,
    bwrap: facts.bubblewrap,
    uid_base: guestUidBase,
    filter: Buffer.from(assembleFilter(facts.machine, { traced: Object.values(traced) })).toString("hex"),
    traced: Object.entries(traced)
      .map(([name, number]) => `${name}=${number}`)
      .join(" "),
    indexes: parts.map((part) => part.index).join(" "),
    memory_bytes: limits.memoryBytes,
    cpu_ms: limits.cpuMs,
    wall_ms: limits.wallMs,
    written_bytes: limits.writtenBytes,
    entries: layerEntriesMax,
    // Per process; the tree is watched. A second above, so that the watch is the one that ends it.
    rlimit_cpu: Math.ceil(limits.cpuMs / 1000) + 1,
    rlimit_data: limits.memoryBytes + dataRoomBytes,
    rlimit_fsize: limits.fileBytes,
    rlimit_nofile: limits.openFiles,
    rlimit_core: 0,
  };
}
