/**
 * Looks at the machine: what Toka needs, what is there, and what to do about what is missing.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { release } from "node:os";

import { createSandbox, type SandboxReport } from "@toka/runtime";

import { messageOf } from "./failure.ts";

/** One thing that was looked at. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** True when nothing works without it. */
  readonly required: boolean;
  readonly found: string;
  readonly wanted: string;
  /** What to do, present when it is not as wanted. */
  readonly fix?: string;
}

/** The whole examination. */
export interface DoctorReport {
  /** True when everything required is there. */
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

/** What is examined. */
export interface DoctorOptions {
  /** Folder whose disk is measured. */
  readonly workspace: string;
}

/** Bytes that a vault and its layers need to be comfortable. */
const freeBytesWanted = 512 * 1024 * 1024;

/** A program that does not tell its version in this time is not well. */
const versionTimeoutMs = 10_000;

const nodeWanted = { major: 24, minor: 15 } as const;

/**
 * Examines the machine.
 *
 * @param options - which disk to measure
 * @returns each check with what was found, what is wanted, and what to do
 */
export async function examineMachine(options: DoctorOptions): Promise<DoctorReport> {
  const sandbox = await createSandbox().probe();
  const checks = [
    checkPlatform(),
    checkNode(),
    await checkProgram({ name: "git", args: ["--version"], required: true, fix: install("git") }),
    await checkProgram({ name: "perl", args: ["-e", "print $^V"], required: true, fix: install("perl") }),
    checkBubblewrap(sandbox),
    await checkProgram({
      name: "python3",
      // Tools run under the system's own: one in a person's home lies outside every box.
      program: "/usr/bin/python3",
      args: ["--version"],
      required: false,
      fix: install("python3"),
    }),
    checkNamespaces(),
    checkSandbox(sandbox),
    checkDisk(options.workspace),
  ];
  return { ok: checks.every((check) => check.ok || !check.required), checks };
}

function checkPlatform(): DoctorCheck {
  const ok = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
  return {
    name: "platform",
    ok,
    required: true,
    found: `${process.platform} ${process.arch}, kernel ${release()}, uid ${process.getuid?.() ?? "unknown"}`,
    wanted: "linux x64 or arm64",
    ...(ok ? {} : { fix: "Run Toka on Linux; native programs are refused elsewhere until a sandbox for them exists" }),
  };
}

function checkNode(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > nodeWanted.major || (major === nodeWanted.major && minor >= nodeWanted.minor);
  return {
    name: "node",
    ok,
    required: true,
    found: `${process.versions.node} at ${process.execPath}`,
    wanted: `${nodeWanted.major}.${nodeWanted.minor} or newer`,
    ...(ok ? {} : { fix: "Start Toka through ./toka, which brings the Node it needs" }),
  };
}

interface ProgramCheck {
  readonly name: string;
  /** Where it must stand; without it, the PATH is searched. */
  readonly program?: string;
  readonly args: readonly string[];
  readonly required: boolean;
  readonly fix: string;
}

async function checkProgram({ name, program = name, args, required, fix }: ProgramCheck): Promise<DoctorCheck> {
  const version = await new Promise<string | undefined>((resolve) => {
    // Of our environment it needs the way to the programs alone.
    const env = { PATH: process.env["PATH"] };
    execFile(program, [...args], { timeout: versionTimeoutMs, env }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : undefined),
    );
  });
  const base = { name, required, wanted: required ? "installed" : "installed, for tools written in it" };
  return version === undefined
    ? { ...base, ok: false, found: "not found", fix }
    : { ...base, ok: true, found: `${version.split("\n")[0] ?? ""}${program === name ? "" : ` at ${program}`}` };
}

const installers = [
  ["/usr/bin/apt-get", "apt-get install -y"],
  ["/usr/bin/dnf", "dnf install -y"],
  ["/usr/bin/pacman", "pacman -S --noconfirm"],
  ["/usr/bin/zypper", "zypper --non-interactive install"],
  ["/sbin/apk", "apk add"],
] as const;

function install(packageName: string): string {
  const command = installers.find(([path]) => existsSync(path))?.[1];
  if (command === undefined) return `Install ${packageName} with the package manager of the system`;
  return `Run: ${process.getuid?.() === 0 ? "" : "sudo "}${command} ${packageName}`;
}

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Two switches by which distributions forbid plain users the namespaces that a box is made of. */
function checkNamespaces(): DoctorCheck {
  const switches = [
    { path: "/proc/sys/kernel/unprivileged_userns_clone", good: "1" },
    { path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", good: "0" },
  ];
  const root = process.getuid?.() === 0;
  const bad = switches.filter(({ path, good }) => (readSetting(path) ?? good) !== good);
  const ok = root || bad.length === 0;
  return {
    name: "user namespaces",
    ok,
    required: false,
    found: bad.length === 0 ? "allowed" : `${bad.map(({ path }) => path).join(", ")} forbids them to plain users`,
    wanted: "allowed",
    ...(ok ? {} : { fix: `Run: ${bad.map(({ path, good }) => `echo ${good} | sudo tee ${path}`).join(" && ")}` }),
  };
}

function checkBubblewrap({ bubblewrap }: SandboxReport): DoctorCheck {
  const base = { name: "bubblewrap", required: true, wanted: "installed" } as const;
  return bubblewrap === null
    ? { ...base, ok: false, found: "not found", fix: install("bubblewrap") }
    : { ...base, ok: true, found: `${bubblewrap.version} at ${bubblewrap.path}` };
}

function checkSandbox({ available, startedBy, problems }: SandboxReport): DoctorCheck {
  const base = { name: "sandbox", required: true, wanted: "a program runs in a box" } as const;
  if (available)
    return {
      ...base,
      ok: true,
      found: `a program ran in a box, started by ${startedBy === "root" ? "root" : "a plain user"}`,
    };
  const found = problems.map(({ problem }) => problem).join("; ");
  return {
    ...base,
    ok: false,
    found: found === "" ? "no program runs in a box" : found,
    fix: problems.map(({ fix }) => fix).join("; "),
  };
}

function checkDisk(folder: string): DoctorCheck {
  const base = { name: "disk", required: false, wanted: `${freeBytesWanted / 1024 / 1024} MiB free` } as const;
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const found = `${Math.floor(free / 1024 / 1024)} MiB free at ${folder}`;
    return free >= freeBytesWanted
      ? { ...base, ok: true, found }
      : { ...base, ok: false, found, fix: `Free space on the disk of ${folder}, or name another folder with --vault` };
  } catch (error) {
    return { ...base, ok: false, found: messageOf(error), fix: `Make ${folder} readable, or name another folder` };
  }
}
