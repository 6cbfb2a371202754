/**
 * The escape suite as a table: what is tried in the box, and how the same attempt fares without it.
 * Every attempt must be refused in the box. The control says what proves that the attempt itself works:
 *   works    it works bare, for both starters
 *   root     it works bare when root tries (a plain user is kept out by the system anyway)
 *   differs  bare, it gets further: it works, or fails with another error (`root`: only root's does)
 *   none     no control is possible here, for the reason given
 */
import type { World } from "./world.ts";

/** How an attempt without a box must fare. */
export type Control = "works" | "root" | "differs" | "differs-root" | { readonly none: string };

/** One attempt of a row. */
export interface RowAttempt {
  readonly attempt: string;
  readonly control: Control;
}

/** One row: attempts made in one boxed run. */
export interface Row {
  readonly row: number;
  readonly name: string;
  readonly attempts: (world: World) => readonly RowAttempt[];
  /** Whether the box may write to the tree (through its layer). */
  readonly writes?: boolean;
}

const machine = "it would change the machine";
const absent = "this machine may lack it";

/** Shorthand: several attempts with one control. */
function all(control: Control, ...attempts: readonly string[]): readonly RowAttempt[] {
  return attempts.map((attempt) => ({ attempt, control }));
}

export const rows: readonly Row[] = [
  {
    row: 1,
    name: "reading and listing what was not given",
    attempts: ({ secret, home, tree }) => [
      ...all("works", `read=${secret}`, `list=${home}`, "read=/etc/passwd", `read=${tree}/vault/key`),
      ...all("root", "read=/etc/shadow"),
      ...all({ none: absent }, "list=/root", "list=/home", "list=/sys", "read=/etc/hostname"),
    ],
  },
  {
    row: 2,
    name: "writing outside the write paths",
    attempts: ({ base, tree }) => [
      ...all("works", `create=${base}/outside/new`, `append=${tree}/file`),
      ...all(
        { none: machine },
        "create=/etc/toka-test",
        "create=/usr/toka-test",
        "create=/toka-test",
        "create=/usr/bin/toka-test",
        "create=/dev/toka-test",
      ),
    ],
  },
  {
    row: 3,
    name: "paths that wind their way out",
    attempts: ({ secret, tree }) => [
      ...all(
        "works",
        `read=${tree}/../../home/.ssh/decoy`,
        `read=/${secret}`,
        `read=/proc/self/root${secret}`,
        "read=/proc/self/cwd/../../home/.ssh/decoy",
        `read=/proc/1/../self/root${secret}`,
        `overlong=${secret}`,
      ),
      ...all({ none: "names nothing" }, "read=/dev/fd/9", `read=${secret}．`, `read=${tree}/．．/．．/home/.ssh/decoy`),
    ],
  },
  {
    row: 4,
    name: "links made by the program",
    writes: true,
    attempts: ({ secret, base, tree }) =>
      all("works", `through_link=${secret}:${tree}/l1`, `write_through_link=${base}/outside/w:${tree}/l2`),
  },
  {
    row: 6,
    name: "hard links and renames over what is guarded",
    writes: true,
    attempts: ({ secret, tree }) => [
      ...all("works", `hardlink=${secret}:${tree}/hard`),
      ...all(
        "works",
        `rename=${tree}/file:${tree}/.git/config`,
        `append=${tree}/.git/config`,
        `create=${tree}/.git/hooks/pre-commit`,
      ),
      ...all("differs", `rename=${tree}/.git/hooks:${tree}/elsewhere`),
    ],
  },
  {
    row: 8,
    name: "special files",
    writes: true,
    attempts: ({ tree }) => all("root", `mknod=${tree}/null`),
  },
  {
    row: 11,
    name: "the host's environment",
    attempts: () => all("works", "env_canary"),
  },
  {
    row: 12,
    name: "other processes' environments and command lines, the box's own init included",
    attempts: ({ victim }) => [
      ...all("works", "proc_canary", `foreign_pids=${victim}`),
      ...all({ none: "there is no box bare" }, "proc_policy"),
    ],
  },
  {
    row: 13,
    name: "inherited descriptors",
    attempts: () => all({ none: "a mutation passes one on" }, "inherited_fds"),
  },
  { row: 14, name: "core dumps", attempts: () => all({ none: "the host's own limit may be 0" }, "core_limit") },
  {
    row: 15,
    name: "kernel keys and the sockets of desktops and daemons",
    attempts: ({ unixInTree }) => [
      ...all("differs", "keyctl", "add_key"),
      ...all("works", `unix_path=${unixInTree}`),
      ...all(
        { none: absent },
        "unix_path=/var/run/docker.sock",
        "unix_path=/run/user/0/bus",
        "unix_abstract=/tmp/.X11-unix/X0",
      ),
    ],
  },
  {
    row: 17,
    name: "the host's listeners",
    attempts: ({ tcpPort }) => [
      ...all("works", `tcp=${tcpPort}:127.0.0.1`, `tcp=${tcpPort}:0.0.0.0`, `udp=${tcpPort}`),
      ...all("differs", `tcp6=${tcpPort}`),
    ],
  },
  { row: 18, name: "listening", attempts: () => all("works", "listen") },
  {
    row: 19,
    name: "the host's UNIX sockets, by path and abstract",
    attempts: ({ unixPath, abstractName }) => all("works", `unix_path=${unixPath}`, `unix_abstract=${abstractName}`),
  },
  {
    row: 20,
    name: "socket families",
    attempts: () => [
      ...all("works", "family=16:3", "family=1:1", "family=2:1"),
      ...all("root", "family=17:3"),
      ...all("differs-root", "family=2:3"),
      ...all({ none: absent }, "family=40:1", "family=38:5", "family=31:3", "family=44:3"),
    ],
  },
  {
    row: 21,
    name: "name lookup",
    attempts: () => [
      ...all("works", "resolve=localhost"),
      ...all({ none: "it would reach the network" }, "resolve=aaaa.example.com"),
    ],
  },
  {
    row: 25,
    name: "signals to the host",
    attempts: ({ victim }) => [
      ...all("works", `signal=${victim}`, `signal=${process.pid}`),
      ...all("differs", "own_session"),
    ],
  },
  {
    row: 26,
    name: "reading other processes",
    attempts: ({ victim }) => all("works", `ptrace=${victim}`, `process_vm=${victim}`, `pidfd_getfd=${victim}`),
  },
  { row: 30, name: "pushing characters into a terminal", attempts: () => all("differs", "tiocsti", "tioclinux") },
  {
    row: 31,
    name: "namespaces and mounts",
    attempts: ({ tree }) => [
      ...all("differs", "unshare_user", "clone3"),
      ...all("root", `chroot=${tree}`, "fsopen", "open_tree"),
      ...all("differs-root", "setns", `mount=${tree}`, `umount=${tree}`, `pivot_root=${tree}`, "open_by_handle"),
      ...all({ none: "the kernel reads its arguments differently on each machine" }, "clone_user_net"),
    ],
  },
  {
    row: 32,
    name: "the machine's administration and large kernel interfaces",
    attempts: () => [
      ...all("differs", "io_uring", "memfd", "shmget"),
      ...all("differs-root", "bpf", "perf", "quotactl", "settimeofday", "sethostname", "kernel_log", "swapon"),
      ...all({ none: absent }, "userfaultfd", "kexec", "init_module"),
    ],
  },
  {
    row: 33,
    name: "settings of the kernel, opened for writing only",
    attempts: () => [
      ...all("root", "open_to_write=/proc/sys/kernel/core_pattern"),
      ...all(
        { none: absent },
        "open_to_write=/proc/sysrq-trigger",
        "open_to_write=/sys/kernel/uevent_helper",
        "open_to_write=/sys/fs/cgroup/release_agent",
        "open_to_write=/sys/fs/cgroup/memory/release_agent",
        "open_to_write=/sys/fs/cgroup/cgroup.procs",
        "open_to_write=/proc/sys/fs/binfmt_misc/register",
        "open_to_write=/sys/kernel/mm/transparent_hugepage/enabled",
      ),
    ],
  },
  {
    row: 34,
    name: "devices",
    attempts: () =>
      all(
        { none: absent },
        ...["kvm", "mem", "vda", "sda", "fuse", "net/tun", "loop-control", "port", "kmsg", "vsock"].map(
          (device) => `open_any=/dev/${device}`,
        ),
      ),
  },
  { row: 36, name: "privileges of the process", attempts: () => all("works", "status") },
  {
    row: 43,
    name: "raising limits from inside",
    attempts: () =>
      all({ none: "bare there may be no limit" }, "raise=0", "raise=1", "raise=2", "raise=4", "raise=6", "raise=7"),
  },
];
