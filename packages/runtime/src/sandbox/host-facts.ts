/** What a box depends on and what was found of it on this host. */
import { execFile } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SandboxFailure, type SandboxReport } from "./job.ts";
import type { Machine } from "./seccomp.ts";

/** The facts an order is composed from. */
export interface HostFacts {
  readonly startedBy: "root" | "user";
  readonly machine: Machine;
  readonly bubblewrap: string;
  readonly perl: string;
  readonly launcher: string;
  /** Folder that the launcher covers with its own, in its own namespace only. */
  readonly stage: string;
  /** Hard limit of processes that this host may grant; Infinity when there is none. */
  readonly processesMax: number;
}

/** Where to look, for tests of a host that lacks a part. */
export interface HostPlaces {
  readonly bubblewrap?: readonly string[];
  readonly perl?: readonly string[];
  readonly launcher?: string;
}

/** bubblewrap 0.8.0 brought --disable-userns and --size. */
const bubblewrapWanted: readonly [number, number] = [0, 8];
const installFix =
  "install bubblewrap 0.8 or newer: apt-get install bubblewrap | dnf install bubblewrap | pacman -S bubblewrap | zypper install bubblewrap | apk add bubblewrap";

/** The problems of a host, each with its fix, or its facts. */
export type HostFindings =
  | { readonly facts: HostFacts; readonly report: SandboxReport }
  | { readonly facts: null; readonly report: SandboxReport };

/**
 * Looks for the parts of the sandbox. Starts nothing but `bwrap --version`.
 *
 * @param places where to look; the system's own folders when absent, never PATH
 * @returns the facts when every part is there; the report in any case
 */
export async function findHostFacts(places: HostPlaces = {}): Promise<HostFindings> {
  const startedBy = process.getuid?.() === 0 ? "root" : "user";
  const problems: { problem: string; fix: string }[] = [];
  if (process.platform !== "linux") {
    problems.push({
      problem: `this system is ${process.platform}`,
      fix: "run on Linux: no sandbox for native programs exists elsewhere yet",
    });
    return { facts: null, report: { available: false, startedBy, bubblewrap: null, problems } };
  }
  const machine = machineName();
  if (machine === undefined)
    problems.push({ problem: `there is no system-call filter for ${process.arch}`, fix: "run on x86_64 or aarch64" });
  const bubblewrap = firstFile(places.bubblewrap ?? ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"]);
  const version = bubblewrap === undefined ? undefined : await bubblewrapVersion(bubblewrap);
  if (bubblewrap === undefined) problems.push({ problem: "bubblewrap (bwrap) is not installed", fix: installFix });
  else if (version === undefined)
    problems.push({ problem: `${bubblewrap} --version does not answer as bubblewrap`, fix: installFix });
  else if (!isRecent(version))
    problems.push({ problem: `bubblewrap is ${version}, wanted 0.8 or newer`, fix: installFix });
  const perl = firstFile(places.perl ?? ["/usr/bin/perl", "/usr/local/bin/perl", "/bin/perl"]);
  if (perl === undefined)
    problems.push({
      problem: "perl is not installed",
      fix: "install perl: apt-get install perl-base | dnf install perl-interpreter | pacman -S perl | apk add perl",
    });
  if (firstFile(["/usr/bin/prlimit"]) === undefined)
    problems.push({
      problem: "/usr/bin/prlimit is not installed",
      fix: "install util-linux: apt-get install util-linux | apk add util-linux-misc",
    });
  problems.push(...kernelProblems(startedBy));
  const stage = ["/mnt", "/media", "/srv", "/opt"].find(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  );
  if (stage === undefined) problems.push({ problem: "there is no /mnt to build the box on", fix: "mkdir /mnt" });
  const report: SandboxReport = {
    available: problems.length === 0,
    startedBy,
    bubblewrap: bubblewrap === undefined || version === undefined ? null : { path: bubblewrap, version },
    problems,
  };
  if (
    problems.length > 0 ||
    machine === undefined ||
    bubblewrap === undefined ||
    perl === undefined ||
    stage === undefined
  ) {
    return { facts: null, report };
  }
  const launcher = places.launcher ?? fileURLToPath(new URL("./launcher.pl", import.meta.url));
  return { facts: { startedBy, machine, bubblewrap, perl, launcher, stage, processesMax: processesMax() }, report };
}

/**
 * Says in one failure why nothing can be boxed here and what to do.
 *
 * @param report a report that is not available
 * @returns the failure, for the caller to throw
 */
export function unavailable(report: SandboxReport): SandboxFailure {
  const reasons = report.problems.map(({ problem, fix }) => `${problem} (fix: ${fix})`).join("; ");
  return new SandboxFailure(`Cannot run a program: there is no sandbox for it: ${reasons}`, {
    code: "sandbox_unavailable",
    retry: "later",
  });
}

function machineName(): Machine | undefined {
  if (process.arch === "x64") return "x86_64";
  return process.arch === "arm64" ? "aarch64" : undefined;
}

function firstFile(candidates: readonly string[]): string | undefined {
  return candidates.find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

function bubblewrapVersion(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(path, ["--version"], { env: {}, timeout: 10_000 }, (_error, stdout) => {
      resolve(/^bubblewrap (\d+\.\d+[^\s]*)/.exec(stdout)?.[1]);
    });
  });
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > bubblewrapWanted[0] || (major === bubblewrapWanted[0] && minor >= bubblewrapWanted[1]);
}

/** Switches of the kernel that stop a box before it is tried. */
function kernelProblems(startedBy: "root" | "user"): { problem: string; fix: string }[] {
  const problems: { problem: string; fix: string }[] = [];
  if (readNumber("/proc/sys/user/max_user_namespaces") === 0) {
    problems.push({
      problem: "user namespaces are off (user.max_user_namespaces is 0)",
      fix: "sysctl -w user.max_user_namespaces=15000",
    });
  }
  if (startedBy === "user" && readNumber("/proc/sys/kernel/unprivileged_userns_clone") === 0) {
    problems.push({
      problem: "user namespaces are kept from plain users (kernel.unprivileged_userns_clone is 0)",
      fix: "sysctl -w kernel.unprivileged_userns_clone=1",
    });
  }
  if (startedBy === "user" && readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === 1) {
    problems.push({
      problem: "AppArmor keeps user namespaces from plain users (kernel.apparmor_restrict_unprivileged_userns is 1)",
      fix: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or start Toka as root",
    });
  }
  const [inner, outer, count] = readText("/proc/self/uid_map").trim().split(/\s+/).map(Number);
  if (startedBy === "root" && !(inner === 0 && outer === 0 && count === 4294967295)) {
    problems.push({
      problem: "this root is root of a user namespace only, and cannot give programs a uid of their own",
      fix: "start Toka as a plain user",
    });
  }
  return problems;
}

function processesMax(): number {
  const words = /^Max processes\s+\S+\s+(\S+)/m.exec(readText("/proc/self/limits"))?.[1];
  return words === undefined || words === "unlimited" ? Infinity : Number(words);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readNumber(path: string): number | undefined {
  const text = readText(path).trim();
  return text === "" ? undefined : Number(text);
}
