/**
 * The decoys that the escape suite attacks, and the two ways to run a program against them: boxed and
 * bare. Everything here is made for the test, lies in one temporary folder and is gone after.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findHostFacts, type HostFacts } from "../../src/sandbox/host-facts.ts";
import { launch, type Launched } from "../../src/sandbox/launch.ts";
import { discardLayer, prepareLayer } from "../../src/sandbox/layer.ts";
import { composeOrder, type Order } from "../../src/sandbox/order.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxJob, SandboxLimits, SandboxResult } from "../../src/sandbox/job.ts";

/** Stands in secrets that no guest may see. */
export const canary = "CANARY-7f3a";
const megabyte = 1024 * 1024;

/** With TOKA_TEST_LEARN=1 every box is followed, as one is that is to be learnt from: the box must hold all the same. */
export const learn: boolean = process.env["TOKA_TEST_LEARN"] === "1";

/** Limits under which attempts run unless a case says otherwise. */
export const testLimits: SandboxLimits = {
  memoryBytes: 256 * megabyte,
  cpuMs: 20_000,
  wallMs: 40_000,
  processes: 64,
  fileBytes: 32 * megabyte,
  writtenBytes: 64 * megabyte,
  openFiles: 256,
  outputBytes: 4 * megabyte,
};

/** One line of probes.pl. */
export interface Attempt {
  readonly name: string;
  readonly worked: boolean;
  readonly detail: string;
}

/** The decoys and the box. */
export interface World {
  readonly startedBy: "root" | "user";
  readonly facts: HostFacts;
  readonly sandbox: Sandbox;
  /** Folder of everything: readable by all, so that only the box keeps the guest out. */
  readonly base: string;
  /** The tree a guest is given: a 0700 folder with 0600 files. */
  readonly tree: string;
  /** A file the guest is not given, and the folder it lies in. */
  readonly secret: string;
  readonly home: string;
  /** A sleeping process with the canary in its environment. */
  readonly victim: number;
  readonly tcpPort: number;
  readonly unixPath: string;
  readonly unixInTree: string;
  readonly abstractName: string;
  /** A fresh path for a layer. */
  layer(): string;
  /** A job that runs one program in the tree. */
  job(argv: readonly string[], more?: Partial<SandboxJob>): SandboxJob;
  run(argv: readonly string[], more?: Partial<SandboxJob>): Promise<SandboxResult>;
  /** Runs attempts boxed; `mutate` changes the order before it is launched. */
  attempt(
    names: readonly string[],
    more?: Partial<SandboxJob> & { readonly mutate?: (order: Order) => Order; readonly launcher?: string },
  ): Promise<readonly Attempt[]>;
  /** Runs attempts with no sandbox at all. */
  control(names: readonly string[]): Promise<readonly Attempt[]>;
  launchOrder(
    job: SandboxJob,
    options?: { readonly mutate?: (order: Order) => Order; readonly launcher?: string; readonly signal?: AbortSignal },
  ): Promise<Launched>;
  /** Puts the tree and the folder outside back as they were. */
  reset(): void;
  close(): Promise<void>;
}

/** The attempts, as a Perl program. */
export const probes: string = fileURLToPath(new URL("./probes.pl", import.meta.url));

/** Makes the decoys as the user who runs this. */
export async function makeWorld(): Promise<World> {
  const { facts, report } = await findHostFacts();
  if (facts === null) throw new Error(JSON.stringify(report.problems));
  const base = realpathSync(mkdtempSync(join(tmpdir(), "toka-box-")));
  chmodSync(base, 0o755);
  const places = makeFiles(base);
  // The canary is in this process too: what a guest could inherit if the box let it.
  process.env["SECRET_CANARY"] = canary;
  const victim = spawn("/usr/bin/perl", ["-e", "$0 = 'victim'; print 'up'; $| = 1; sleep 600"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(victim, "spawn");
  const servers = await Promise.all([
    listen({ port: 0, host: "127.0.0.1" }),
    listen({ path: places.unixPath }),
    listen({ path: places.unixInTree }),
    listen({ path: `\0${places.abstractName}` }),
  ]);
  chmodSync(places.unixPath, 0o777);
  chmodSync(places.unixInTree, 0o777);
  return new TestWorld({ facts, base, places, victim, servers });
}

interface Places {
  readonly tree: string;
  readonly home: string;
  readonly secret: string;
  readonly unixPath: string;
  readonly unixInTree: string;
  readonly abstractName: string;
}

/** Fills the tree that guests are given, and undoes what a bare attempt did to it. */
function fillTree(tree: string): void {
  mkdirSync(join(tree, ".git", "hooks"), { recursive: true });
  writeFileSync(join(tree, ".git", "config"), "[core]\n");
  mkdirSync(join(tree, "vault"), { recursive: true });
  writeFileSync(join(tree, "vault", "key"), canary);
  writeFileSync(join(tree, "file"), "contents\n", { mode: 0o600 });
  chmodSync(tree, 0o700);
  for (const left of ["l1", "l2", "hard", "null", "elsewhere", ".git/hooks/pre-commit"])
    rmSync(join(tree, left), { recursive: true, force: true });
}

function makeFiles(base: string): Places {
  const tree = join(base, "private", "tree");
  fillTree(tree);
  chmodSync(join(base, "private"), 0o700);
  const home = join(base, "home");
  mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o755 });
  writeFileSync(join(home, ".ssh", "decoy"), canary, { mode: 0o644 });
  mkdirSync(join(base, "outside"), { mode: 0o777 });
  return {
    tree,
    home,
    secret: join(home, ".ssh", "decoy"),
    unixPath: join(base, "outside", "socket"),
    unixInTree: join(tree, "socket"),
    abstractName: `toka-test-${process.pid}`,
  };
}

async function listen(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(where);
  await once(server, "listening");
  return server;
}

class TestWorld implements World {
  readonly startedBy: "root" | "user";
  readonly facts: HostFacts;
  readonly sandbox: Sandbox = createSandbox();
  readonly base: string;
  readonly tree: string;
  readonly secret: string;
  readonly home: string;
  readonly victim: number;
  readonly tcpPort: number;
  readonly unixPath: string;
  readonly unixInTree: string;
  readonly abstractName: string;
  readonly #victim: ChildProcess;
  readonly #servers: readonly Server[];
  #layers = 0;

  constructor(parts: {
    facts: HostFacts;
    base: string;
    places: Places;
    victim: ChildProcess;
    servers: readonly Server[];
  }) {
    const { facts, base, places, victim, servers } = parts;
    this.startedBy = facts.startedBy;
    this.facts = facts;
    this.base = base;
    this.tree = places.tree;
    this.home = places.home;
    this.secret = places.secret;
    this.unixPath = places.unixPath;
    this.unixInTree = places.unixInTree;
    this.abstractName = places.abstractName;
    this.victim = victim.pid ?? 0;
    this.#victim = victim;
    this.#servers = servers;
    const address = servers[0]?.address();
    this.tcpPort = typeof address === "object" && address !== null ? address.port : 0;
  }

  layer(): string {
    this.#layers += 1;
    return join(this.base, "layers", String(this.#layers));
  }

  job(argv: readonly string[], more: Partial<SandboxJob> = {}): SandboxJob {
    return {
      argv,
      cwd: this.tree,
      env: {},
      stdin: new Uint8Array(),
      readPaths: [this.tree],
      writePaths: [],
      hiddenPaths: [join(this.tree, "vault")],
      runtimes: [],
      layer: this.layer(),
      limits: testLimits,
      ...(learn ? { learn } : {}),
      ...more,
    };
  }

  run(argv: readonly string[], more: Partial<SandboxJob> = {}): Promise<SandboxResult> {
    return this.sandbox.run(this.job(argv, more));
  }

  async attempt(
    names: readonly string[],
    more: Partial<SandboxJob> & { readonly mutate?: (order: Order) => Order; readonly launcher?: string } = {},
  ): Promise<readonly Attempt[]> {
    const { mutate, launcher, ...rest } = more;
    const job = this.job(["perl", probes, ...names], {
      ...rest,
      readPaths: [...(rest.readPaths ?? [this.tree]), probes],
    });
    const result = await this.launchOrder(job, {
      ...(mutate && { mutate }),
      ...(launcher !== undefined && { launcher }),
    });
    return readAttempts(names, { ...result, program: "boxed" });
  }

  async control(names: readonly string[]): Promise<readonly Attempt[]> {
    const child = spawn("/usr/bin/perl", [probes, ...names], { cwd: this.tree, stdio: ["ignore", "pipe", "pipe"] });
    const output: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    child.stdout.on("data", (chunk: Buffer) => output.stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.stderr.push(chunk));
    await once(child, "close");
    return readAttempts(names, {
      stdout: Buffer.concat(output.stdout),
      stderr: Buffer.concat(output.stderr),
      program: "bare",
    });
  }

  async launchOrder(
    job: SandboxJob,
    options: {
      readonly mutate?: (order: Order) => Order;
      readonly launcher?: string;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Launched> {
    const facts = options.launcher === undefined ? this.facts : { ...this.facts, launcher: options.launcher };
    const order = composeOrder(job, facts);
    prepareLayer(job, order);
    return launch(options.mutate?.(order) ?? order, facts, {
      stdin: job.stdin,
      outputBytes: job.limits.outputBytes,
      wallMs: job.limits.wallMs,
      onOutput: job.onOutput,
      signal: options.signal,
    });
  }

  reset(): void {
    fillTree(this.tree);
    for (const left of ["outside/new", "outside/w", "new"]) rmSync(join(this.base, left), { force: true });
  }

  async close(): Promise<void> {
    this.#victim.kill("SIGKILL");
    for (const server of this.#servers) server.close();
    // As a layer, because there are layers in it, with folders that a plain user may not enter.
    discardLayer(this.base);
    return Promise.resolve();
  }
}

function readAttempts(
  names: readonly string[],
  output: { stdout: Uint8Array; stderr: Uint8Array; program: string },
): readonly Attempt[] {
  const text = new TextDecoder().decode(output.stdout);
  return names.map((name) => {
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${name}\t`));
    if (line === undefined) {
      const stderr = new TextDecoder().decode(output.stderr).slice(0, 300);
      throw new Error(`the ${output.program} probe said nothing about ${name}: ${stderr} ${text.slice(0, 300)}`);
    }
    const [, outcome = "", detail = ""] = line.split("\t");
    return { name, worked: outcome === "worked", detail };
  });
}
