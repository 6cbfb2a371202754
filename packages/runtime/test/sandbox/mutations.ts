/**
 * What the suite is worth: each protection is dropped once, and an attempt that the box refuses must
 * then work. Where two protections stand behind one another, the other is dropped first, and the
 * attempt must still be refused by the one that is left.
 */
import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assembleFilter } from "../../src/sandbox/seccomp.ts";
import type { SandboxJob } from "../../src/sandbox/job.ts";
import type { Order } from "../../src/sandbox/order.ts";
import type { Case } from "./case.ts";
import { testLimits, type World } from "./world.ts";

type Mutate = (order: Order) => Order;

interface Mutation {
  /** The protection that is dropped. */
  readonly drop: string;
  readonly attempt: (world: World) => string;
  readonly mutate?: Mutate;
  /** Replaces text of launcher.pl, which must hold it exactly once. */
  readonly launcher?: readonly (readonly [from: string, to: string])[];
  /** Dropped beforehand, because it alone refuses the attempt too. */
  readonly without?: { readonly mutate?: Mutate; readonly launcher?: readonly (readonly [string, string])[] };
  readonly writes?: boolean;
  readonly rootOnly?: boolean;
  readonly limits?: Partial<typeof testLimits>;
}

const megabyte = 1024 * 1024;

/** Removes an option with its arguments; it must stand there exactly `times`. */
function withoutOption(...words: readonly string[]): Mutate {
  return (order) => {
    const options = [...order.options];
    const at = options.findIndex((_, index) => words.every((word, offset) => options[index + offset] === word));
    assert.notEqual(at, -1, `the box has no option ${words.join(" ")}`);
    options.splice(at, words.length);
    return { ...order, options };
  };
}

function withSettings(settings: Readonly<Record<string, string | number>>): Mutate {
  return (order) => ({ ...order, settings: { ...order.settings, ...settings } });
}

function withoutSetting(name: string): Mutate {
  return (order) => ({
    ...order,
    settings: Object.fromEntries(Object.entries(order.settings).filter(([key]) => key !== name)),
  });
}

function chain(...steps: readonly Mutate[]): Mutate {
  return (order) => steps.reduce((changed, step) => step(changed), order);
}

const noFilter = withSettings({ filter: "" });
const withFamilies = (world: World, families: readonly number[]): Mutate =>
  withSettings({ filter: Buffer.from(assembleFilter(world.facts.machine, { families })).toString("hex") });
const leakyEnvironment = [["%ENV = ();", "%ENV = (SECRET_CANARY => 'CANARY-7f3a');"]] as const;
const keepRoot = [
  ["    must('identity', 'setresgid', $box_uid, $box_uid, $box_uid);\n", ""],
  ["    must('identity', 'setresuid', $box_uid, $box_uid, $box_uid);\n", ""],
] as const;

/** bubblewrap among all the processes of the machine, as if it had been started by anybody. */
export const noProcessNamespace: readonly (readonly [from: string, to: string])[] = [
  ["$CLONE_NEWPID | $CLONE_NEWNS |", "$CLONE_NEWNS |"],
  ["must('namespaces', 'mount', 'proc',", "0 && must('namespaces', 'mount', 'proc',"],
];

const mutations = (world: World): readonly Mutation[] => [
  { drop: "the system-call filter", attempt: () => "keyctl", mutate: noFilter },
  { drop: "the list of socket families", attempt: () => "family=16:3", mutate: withFamilies(world, [16]) },
  {
    drop: "the refusal of UNIX sockets",
    attempt: ({ unixInTree }) => `unix_path=${unixInTree}`,
    mutate: withFamilies(world, [1]),
  },
  {
    drop: "--clearenv",
    attempt: () => "env_canary",
    mutate: withoutOption("--clearenv"),
    without: { launcher: leakyEnvironment },
  },
  { drop: "the empty environment of bubblewrap", attempt: () => "proc_canary", launcher: leakyEnvironment },
  {
    drop: "--args by descriptor",
    attempt: () => "proc_policy",
    launcher: [["my @run = ($set{bwrap}, '--args', fileno $settings,", "my @run = ($set{bwrap}, @options,"]],
  },
  {
    drop: "--disable-userns",
    attempt: () => "unshare_user",
    mutate: withoutOption("--disable-userns"),
    without: { mutate: noFilter },
  },
  {
    drop: "the change of identity",
    attempt: () => "open_to_write=/proc/sys/kernel/core_pattern",
    launcher: keepRoot,
    without: { mutate: withoutOption("--ro-bind-try", "/proc/sys", "/proc/sys") },
    rootOnly: true,
  },
  {
    drop: "the read-only /proc/sys",
    attempt: () => "open_to_write=/proc/sys/kernel/core_pattern",
    mutate: withoutOption("--ro-bind-try", "/proc/sys", "/proc/sys"),
    without: { launcher: keepRoot },
    rootOnly: true,
  },
  {
    drop: "--unshare-net",
    attempt: ({ tcpPort }) => `tcp=${tcpPort}:127.0.0.1`,
    mutate: withoutOption("--unshare-net"),
    without: { mutate: withFamilies(world, [1, 2, 10]) },
  },
  {
    drop: "--unshare-pid",
    attempt: ({ victim }) => `foreign_pids=${victim}`,
    mutate: withoutOption("--unshare-pid"),
    without: { launcher: noProcessNamespace },
  },
  { drop: "--new-session", attempt: () => "own_session", mutate: withoutOption("--new-session") },
  {
    drop: "closing descriptors",
    attempt: () => "inherited_fds",
    launcher: [
      [
        "must('start', 'close_range', 3, 0xffffffff, 4);",
        "open(my $leak, '<', '/etc/passwd'); fcntl($leak, $F_SETFD, 0);",
      ],
    ],
  },
  {
    drop: "the limit of processes",
    attempt: () => "forks=300",
    mutate: (order) => ({ ...order, command: order.command.slice(3) }),
  },
  {
    drop: "the limit of threads",
    attempt: () => "threads=300",
    mutate: (order) => ({ ...order, command: order.command.slice(3) }),
    // Each of perl's threads copies its interpreter.
    limits: { memoryBytes: 1024 * megabyte },
  },
  { drop: "the limit of data", attempt: () => `map_private=${8192 * megabyte}`, mutate: withoutSetting("rlimit_data") },
  {
    drop: "the watch on memory",
    attempt: () => `touch_in_children=4:${100 * megabyte}`,
    mutate: withSettings({ memory_bytes: 1e12 }),
  },
  {
    drop: "the watch on processor time",
    attempt: () => "spin=3:0.4",
    mutate: withSettings({ cpu_ms: 1e9 }),
    limits: { cpuMs: 500 },
  },
  {
    drop: "the deadline",
    attempt: () => "spin=1:0.7",
    mutate: withSettings({ wall_ms: 1e9 }),
    limits: { wallMs: 400 },
  },
  {
    drop: "the limit of a file",
    attempt: ({ tree }) => `fill=${tree}/big:${40 * megabyte}`,
    mutate: withoutSetting("rlimit_fsize"),
    writes: true,
  },
  { drop: "the limit of descriptors", attempt: () => "descriptors=300", mutate: withoutSetting("rlimit_nofile") },
  {
    drop: "the size of /dev/shm",
    attempt: () => `fill=/dev/shm/f:${20 * megabyte}`,
    mutate: withoutOption("--size", "8388608"),
  },
  {
    drop: "the size of /tmp",
    attempt: () => `fill=/tmp/f:${70 * megabyte}`,
    mutate: withoutOption("--size", "67108864"),
    without: { mutate: withoutSetting("rlimit_fsize") },
  },
  { drop: "--remount-ro /", attempt: () => "create=/new", mutate: withoutOption("--remount-ro", "/") },
  { drop: "--remount-ro /dev", attempt: () => "create=/dev/new", mutate: withoutOption("--remount-ro", "/dev") },
  {
    drop: "the mask over a hidden folder",
    attempt: ({ tree }) => `read=${tree}/vault/key`,
    mutate: (order) => {
      const hidden = join(world.tree, "vault");
      return chain(withoutOption("--size", "65536", "--tmpfs", hidden), withoutOption("--remount-ro", hidden))(order);
    },
  },
  {
    drop: "the guard over protected files",
    attempt: ({ tree }) => `append=${tree}/.git/config`,
    mutate: (order) => {
      const guarded = join(world.tree, ".git", "config");
      const at = order.options.indexOf(guarded);
      return withoutOption("--ro-bind", order.options[at - 1] ?? "", guarded)(order);
    },
    writes: true,
  },
  {
    drop: "the read-only tree",
    attempt: ({ tree }) => `append=${tree}/file`,
    mutate: (order) => ({
      ...order,
      options: order.options.map((word, at) =>
        word === "--ro-bind" && order.options[at + 2] === world.tree ? "--bind" : word,
      ),
    }),
  },
];

/** One case a mutation: refused with the protection (what stands behind it dropped), works without. */
export const mutationCases: readonly Case[] = listed().map(({ drop, rootOnly }) => ({
  name: `mutation: without ${drop} an attempt works`,
  ...(rootOnly === true && { only: "root" as const }),
  run: async (world) => {
    const mutation = find(world, drop);
    try {
      const held = await tryOne(world, { mutation, dropped: false });
      assert.equal(held, false, "refused while the protection stands");
      const open = await tryOne(world, { mutation, dropped: true });
      assert.equal(open, true, "works once it is dropped");
    } finally {
      world.reset();
    }
  },
}));

function listed(): readonly Mutation[] {
  // The names do not depend on the world; the attempts do, and are made when a case runs.
  const nowhere = { tree: "/t", facts: { machine: "x86_64" } };
  return mutations(nowhere as World);
}

function find(world: World, drop: string): Mutation {
  const mutation = mutations(world).find((candidate) => candidate.drop === drop);
  assert.ok(mutation !== undefined, drop);
  return mutation;
}

async function tryOne(world: World, { mutation, dropped }: { mutation: Mutation; dropped: boolean }): Promise<boolean> {
  const same: Mutate = (order) => order;
  const mutate = chain(mutation.without?.mutate ?? same, dropped ? (mutation.mutate ?? same) : same);
  const edits = [...(mutation.without?.launcher ?? []), ...(dropped ? (mutation.launcher ?? []) : [])];
  const limits = { ...testLimits, ...mutation.limits };
  const shown = shownTo(mutation, world);
  const launcher = edits.length === 0 ? {} : { launcher: launcherWith(world, edits) };
  const name = mutation.attempt(world);
  try {
    const [result] = await world.attempt([name], { ...shown, ...launcher, limits, mutate });
    return result?.worked === true;
  } catch (error) {
    // Ended at a limit before it could say anything: refused.
    if (error instanceof Error && error.message.includes("said nothing")) return false;
    throw error;
  }
}

/** Root without its privileges cannot enter the tree, which is shown as the guest's own: it gets none. */
function shownTo(mutation: Mutation, world: World): Partial<SandboxJob> {
  if (mutation.rootOnly === true) return { readPaths: [], hiddenPaths: [], cwd: "/tmp" };
  return mutation.writes === true ? { readPaths: [], writePaths: [world.tree] } : {};
}

let copies = 0;

/** A copy of the launcher with some of its text replaced. */
export function launcherWith(world: World, edits: readonly (readonly [string, string])[]): string {
  let text = readFileSync(world.facts.launcher, "utf8");
  for (const [from, to] of edits) {
    assert.equal(text.split(from).length, 2, `launcher.pl holds ${JSON.stringify(from)} once`);
    text = text.replace(from, () => to);
  }
  copies += 1;
  const folder = join(world.base, "launchers", String(copies));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "launcher.pl"), text);
  for (const part of ["watch.pl", "learn.pl"])
    writeFileSync(join(folder, part), readFileSync(join(dirname(world.facts.launcher), part)));
  return join(folder, "launcher.pl");
}
