/**
 * The system-call filter of the box, assembled as classic BPF for the machine it runs on. Built in
 * memory at each start from the tables below, so that no binary is kept that nobody can read.
 *
 * What it does, in order: another architecture is killed; x32 and calls newer than the table answer
 * ENOSYS; calls that reach the machine's own administration, other processes, kernel keys or large
 * kernel interfaces answer EPERM; memory that no limit counts (memfd, SysV) answers ENOSYS; new
 * namespaces, terminal injection and every socket family that is not on the list are refused.
 * Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst of Linux.
 */

/** Machines that there is a table for, named as `uname -m` does. */
export type Machine = "x86_64" | "aarch64";

interface Table {
  /** AUDIT_ARCH value that the kernel reports with each call. */
  readonly audit: number;
  /** Calls that answer EPERM, by number: the names stand beside them in the other table. */
  readonly refused: Readonly<Record<string, number>>;
  /** Calls that answer ENOSYS, so that programs take their older way. */
  readonly absent: Readonly<Record<string, number>>;
  readonly clone: number;
  readonly ioctl: number;
  readonly socket: number;
}

/** Calls with one number on every machine (all that came after Linux 5.1). */
const sharedRefused = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  pidfd_getfd: 438,
  process_madvise: 440,
  mount_setattr: 442,
  quotactl_fd: 443,
  process_mrelease: 448,
  statmount: 457,
  listmount: 458,
} as const;

const sharedAbsent = { clone3: 435, memfd_secret: 447 } as const;

const tables: Readonly<Record<Machine, Table>> = {
  x86_64: {
    audit: 0xc000003e,
    refused: {
      ...sharedRefused,
      ptrace: 101,
      process_vm_readv: 310,
      process_vm_writev: 311,
      bpf: 321,
      perf_event_open: 298,
      userfaultfd: 323,
      keyctl: 250,
      add_key: 248,
      request_key: 249,
      mount: 165,
      umount2: 166,
      pivot_root: 155,
      chroot: 161,
      setns: 308,
      unshare: 272,
      kexec_load: 246,
      kexec_file_load: 320,
      init_module: 175,
      finit_module: 313,
      delete_module: 176,
      reboot: 169,
      swapon: 167,
      swapoff: 168,
      iopl: 172,
      ioperm: 173,
      quotactl: 179,
      acct: 163,
      syslog: 103,
      open_by_handle_at: 304,
      name_to_handle_at: 303,
      lookup_dcookie: 212,
      move_pages: 279,
      mbind: 237,
      migrate_pages: 256,
      set_mempolicy: 238,
      settimeofday: 164,
      clock_settime: 227,
      adjtimex: 159,
      clock_adjtime: 305,
      sethostname: 170,
      setdomainname: 171,
      vhangup: 153,
      modify_ldt: 154,
      uselib: 134,
      kcmp: 312,
      fanotify_init: 300,
      fanotify_mark: 301,
      vmsplice: 278,
      nfsservctl: 180,
      sysctl: 156,
      create_module: 174,
      query_module: 178,
      get_kernel_syms: 177,
      ustat: 136,
      sysfs: 139,
    },
    absent: { ...sharedAbsent, memfd_create: 319, shmget: 29, msgget: 68, semget: 64 },
    clone: 56,
    ioctl: 16,
    socket: 41,
  },
  aarch64: {
    audit: 0xc00000b7,
    refused: {
      ...sharedRefused,
      ptrace: 117,
      process_vm_readv: 270,
      process_vm_writev: 271,
      bpf: 280,
      perf_event_open: 241,
      userfaultfd: 282,
      keyctl: 219,
      add_key: 217,
      request_key: 218,
      mount: 40,
      umount2: 39,
      pivot_root: 41,
      chroot: 51,
      setns: 268,
      unshare: 97,
      kexec_load: 104,
      kexec_file_load: 294,
      init_module: 105,
      finit_module: 273,
      delete_module: 106,
      reboot: 142,
      swapon: 224,
      swapoff: 225,
      quotactl: 60,
      acct: 89,
      syslog: 116,
      open_by_handle_at: 265,
      name_to_handle_at: 264,
      lookup_dcookie: 18,
      move_pages: 239,
      mbind: 235,
      migrate_pages: 238,
      set_mempolicy: 237,
      settimeofday: 170,
      clock_settime: 112,
      adjtimex: 171,
      clock_adjtime: 266,
      sethostname: 161,
      setdomainname: 162,
      vhangup: 58,
      kcmp: 272,
      fanotify_init: 262,
      fanotify_mark: 263,
      vmsplice: 75,
      nfsservctl: 42,
    },
    absent: { ...sharedAbsent, memfd_create: 279, shmget: 194, msgget: 186, semget: 190 },
    clone: 220,
    ioctl: 29,
    socket: 198,
  },
};

/** The last call the tables were checked against (mseal); what is newer is unknown and answers ENOSYS. */
const newestCall = 462;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaceFlags = 0x7e020000;
/** Requests that push characters into a terminal: TIOCSTI and TIOCLINUX. */
const terminalRequests: readonly number[] = [0x5412, 0x541c];

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const verdict = { kill: 0x80000000, allow: 0x7fff0000, trace: 0x7ff00000, error: 0x00050000 } as const;
/** Offsets in `struct seccomp_data`: the low words, both machines being little-endian. */
const at = { call: 0, audit: 4, firstArgument: 16, secondArgument: 24 } as const;
const code = { load: 0x20, equal: 0x15, atLeast: 0x35, anyBit: 0x45, answer: 0x06 } as const;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** Skips `then` unless the word just loaded compares as asked. */
function when(compare: number, value: number, then: readonly Instruction[]): Instruction[] {
  return [[compare, 0, then.length, value], ...then];
}

function refuse(error: number): Instruction {
  return [code.answer, 0, 0, verdict.error | error];
}

/**
 * Builds the filter.
 *
 * @param machine the machine it will run on, as `uname -m` names it
 * @param options families: numbers of the socket families that may be opened; none by default, since
 *   even a UNIX socket that merely lies in a read-only folder can be connected to; traced: numbers of allowed
 *   calls that stop the program until its tracer lets it go on, and that fail with ENOSYS when it has none
 * @returns the program as `struct sock_filter[]`, 8 bytes an instruction
 */
export function assembleFilter(
  machine: Machine,
  options: { readonly families?: readonly number[]; readonly traced?: readonly number[] } = {},
): Uint8Array {
  const table = tables[machine];
  const { families = [], traced = [] } = options;
  const program: Instruction[] = [
    [code.load, 0, 0, at.audit],
    [code.equal, 1, 0, table.audit],
    [code.answer, 0, 0, verdict.kill],
    [code.load, 0, 0, at.call],
    // Also catches x32, whose numbers start at 0x40000000.
    ...when(code.atLeast, newestCall + 1, [refuse(errno.ENOSYS)]),
    ...Object.values(table.refused).flatMap((call) => when(code.equal, call, [refuse(errno.EPERM)])),
    ...Object.values(table.absent).flatMap((call) => when(code.equal, call, [refuse(errno.ENOSYS)])),
    ...when(code.equal, table.clone, [
      [code.load, 0, 0, at.firstArgument],
      ...when(code.anyBit, newNamespaceFlags, [refuse(errno.EPERM)]),
      [code.answer, 0, 0, verdict.allow],
    ]),
    ...when(code.equal, table.ioctl, [
      [code.load, 0, 0, at.secondArgument],
      ...terminalRequests.flatMap((request) => when(code.equal, request, [refuse(errno.EPERM)])),
      [code.answer, 0, 0, verdict.allow],
    ]),
    ...when(code.equal, table.socket, [
      [code.load, 0, 0, at.firstArgument],
      ...families.flatMap((family) => when(code.equal, family, [[code.answer, 0, 0, verdict.allow]])),
      refuse(errno.EAFNOSUPPORT),
    ]),
    // Last, so that what is refused above is refused as well when somebody watches.
    ...traced.flatMap((call) => when(code.equal, call, [[code.answer, 0, 0, verdict.trace]])),
    [code.answer, 0, 0, verdict.allow],
  ];
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [operation, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(index * 8, operation, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return bytes;
}
