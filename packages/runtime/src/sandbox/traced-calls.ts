/**
 * The system calls by which a program uses a path: those that a run that is to be learnt from is stopped at (`learn.pl` knows what each
 * does with its arguments). All of them are calls that the filter of every other run allows.
 *
 * What is not here reaches no path: calls on a descriptor that one of these opened, and those that the filter refuses (`mount`,
 * `open_by_handle_at`, `io_uring_setup`, sockets and others).
 */
import type { Machine } from "./seccomp.ts";

/** Calls with one number on every machine. */
const shared = { openat2: 437, faccessat2: 439, fchmodat2: 452 } as const;

const calls: Readonly<Record<Machine, Readonly<Record<string, number>>>> = {
  x86_64: {
    ...shared,
    open: 2,
    stat: 4,
    lstat: 6,
    access: 21,
    execve: 59,
    truncate: 76,
    getdents: 78,
    chdir: 80,
    rename: 82,
    mkdir: 83,
    rmdir: 84,
    creat: 85,
    link: 86,
    unlink: 87,
    symlink: 88,
    readlink: 89,
    chmod: 90,
    fchmod: 91,
    chown: 92,
    fchown: 93,
    lchown: 94,
    utime: 132,
    mknod: 133,
    statfs: 137,
    setxattr: 188,
    lsetxattr: 189,
    fsetxattr: 190,
    getxattr: 191,
    lgetxattr: 192,
    listxattr: 194,
    llistxattr: 195,
    removexattr: 197,
    lremovexattr: 198,
    fremovexattr: 199,
    getdents64: 217,
    utimes: 235,
    inotify_add_watch: 254,
    openat: 257,
    mkdirat: 258,
    mknodat: 259,
    fchownat: 260,
    futimesat: 261,
    newfstatat: 262,
    unlinkat: 263,
    renameat: 264,
    linkat: 265,
    symlinkat: 266,
    readlinkat: 267,
    fchmodat: 268,
    faccessat: 269,
    utimensat: 280,
    renameat2: 316,
    execveat: 322,
    statx: 332,
  },
  aarch64: {
    ...shared,
    setxattr: 5,
    lsetxattr: 6,
    fsetxattr: 7,
    getxattr: 8,
    lgetxattr: 9,
    listxattr: 11,
    llistxattr: 12,
    removexattr: 14,
    lremovexattr: 15,
    fremovexattr: 16,
    inotify_add_watch: 27,
    mknodat: 33,
    mkdirat: 34,
    unlinkat: 35,
    symlinkat: 36,
    linkat: 37,
    renameat: 38,
    statfs: 43,
    truncate: 45,
    faccessat: 48,
    chdir: 49,
    fchmod: 52,
    fchmodat: 53,
    fchownat: 54,
    fchown: 55,
    openat: 56,
    getdents64: 61,
    readlinkat: 78,
    newfstatat: 79,
    utimensat: 88,
    execve: 221,
    renameat2: 276,
    execveat: 281,
    statx: 291,
  },
};

/**
 * Lists the calls of a machine.
 *
 * @param machine as `uname -m` names it
 * @returns numbers by name
 */
export function tracedCalls(machine: Machine): Readonly<Record<string, number>> {
  return calls[machine];
}
