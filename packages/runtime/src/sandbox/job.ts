/**
 * What a boxed program is asked to be, and what came of it: the types between the sandbox and the
 * effect gate. All paths are absolute host paths, normalised, and free of symbolic links.
 */

/** Limits of one boxed run. Each stands for the whole process tree unless it says otherwise. */
export interface SandboxLimits {
  /** Resident memory of the tree, in bytes. Reached: the run ends with `memory`. */
  readonly memoryBytes: number;
  /** Processor time of the tree, in ms. Reached: the run ends with `cpu`. */
  readonly cpuMs: number;
  /** Time from start to end, in ms. Reached: the run ends with `deadline`. */
  readonly wallMs: number;
  /** Processes and threads that may exist at once. Reached: the program sees EAGAIN. */
  readonly processes: number;
  /** Size of any one file, in bytes. Reached: the program sees EFBIG or SIGXFSZ. */
  readonly fileBytes: number;
  /** Bytes the layer may hold. Reached: the run ends with `written`. */
  readonly writtenBytes: number;
  /** Descriptors that one process may hold open. Reached: the program sees EMFILE. */
  readonly openFiles: number;
  /** Bytes kept of standard output, and of standard error. Passed: the run ends with `output`. */
  readonly outputBytes: number;
}

/** One program to run in a box. */
export interface SandboxJob {
  /** Program and arguments; the program is looked up on the box's PATH when it has no slash. */
  readonly argv: readonly string[];
  /** Folder to start in: below a shown path, or `/tmp`. */
  readonly cwd: string;
  /** The program's environment, beside PATH, HOME, LANG and TMPDIR. */
  readonly env: Readonly<Record<string, string>>;
  /** All of the program's standard input. */
  readonly stdin: Uint8Array;
  /** Files and folders shown read-only at their own path. They must exist. */
  readonly readPaths: readonly string[];
  /**
   * Files and folders whose writes go to the layer. A path that ends in `/` is a folder, and exists
   * in the box even when the tree lacks it; a path without it is what stands there, or, when
   * nothing does, one file that the program may write (opened in place: it can be neither renamed
   * nor removed). What a write path holds can also be read.
   */
  readonly writePaths: readonly string[];
  /** Files and folders masked even below a shown path, save what is itself shown below them. */
  readonly hiddenPaths: readonly string[];
  /** Prefixes of language runtimes, shown read-only; their `bin` folders lead the PATH. */
  readonly runtimes: readonly string[];
  /** Folder of this run, the sandbox's own: it makes it, and everything in it. */
  readonly layer: string;
  readonly limits: SandboxLimits;
  /**
   * Whether to write down what the program uses of the paths it is shown, and which programs it starts. The box is the same; each call
   * that takes a path costs two stops more.
   */
  readonly learn?: boolean;
  /** Called with each piece of output, in order, while the program runs. */
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
}

/** One path as it stands in a tree or in a layer. Modes hold the nine permission bits only. */
export type FileState =
  | { readonly type: "file"; readonly digest: string; readonly size: number; readonly mode: number }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly mode: number };

/** What became of one path; null stands for an absent one. */
export interface Change {
  readonly path: string;
  readonly before: FileState | null;
  readonly after: FileState | null;
}

/** Why something in the layer is not among the changes, and will not reach the tree. */
export type DroppedReason =
  | "protected"
  | "hidden"
  | "special_file"
  | "special_mode"
  | "symlink_leaves_grant"
  | "name_not_utf8"
  | "unreadable"
  | "too_large"
  | "tree_changed_meanwhile"
  | "too_many_changes";

/** A path that the program changed in its layer and that is kept from the tree. */
export interface Dropped {
  /** The path, with bytes that are not UTF-8 written as `\xNN`. */
  readonly path: string;
  readonly reason: DroppedReason;
}

/** Why a run ended: by itself, at a limit, or because the host wished it. */
export type SandboxEnd = "exited" | "deadline" | "cpu" | "memory" | "output" | "written" | "aborted";

/** What a boxed run was. */
export interface SandboxResult {
  /**
   * How the program ended. A program that itself exits with 128 + n cannot be told from one that
   * signal n ended, as with any shell. 127: not found on the box's PATH; 126: cannot be started.
   */
  readonly exit: { readonly code: number } | { readonly signal: string };
  readonly ended: SandboxEnd;
  /** At most `limits.outputBytes` of each stream; the counts are of all that was read. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly usage: {
    readonly cpuMs: number;
    readonly wallMs: number;
    readonly memoryPeakBytes: number;
    readonly writtenBytes: number;
  };
  /** What the layer holds against the tree, sorted by path. */
  readonly changes: readonly Change[];
  /** What the layer holds and no settlement may apply, sorted by path. */
  readonly dropped: readonly Dropped[];
  /** What the program was seen to do, when that was asked for; null when it was more than can be written down. */
  readonly facts?: readonly Fact[] | null;
}

/** What a program was seen to do with a path that it was shown; `exec` and `folder` are told of any path. */
export type FactKind = "see" | "list" | "link" | "may" | "write" | "create" | "either" | "entry" | "exec" | "folder";

/** One thing that a program was seen to do: see `learn.pl` for what each kind means. */
export interface Fact {
  readonly kind: FactKind;
  /** Absolute, in the box, where every shown path stands at its own place; undefined when its name is not UTF-8. */
  readonly path: string | undefined;
  /** The deepest folder of the path whose name is UTF-8: the path itself, as a rule. */
  readonly folder: string;
}

/** Whether programs can be boxed here, and if not, what to do about it. */
export interface SandboxReport {
  readonly available: boolean;
  /** How the host was started: it decides how the box is made. */
  readonly startedBy: "root" | "user";
  readonly bubblewrap: { readonly path: string; readonly version: string } | null;
  /** Each reason why not, with its exact fix; empty when available. */
  readonly problems: readonly { readonly problem: string; readonly fix: string }[];
}

/**
 * Trouble outside the program's own doing: no sandbox here, a job that cannot be boxed, a layer that
 * cannot be read. `later` is set where the same job may work another time.
 */
export class SandboxFailure extends Error {
  override readonly name: "Failure" = "Failure";
  readonly code: "sandbox_unavailable" | "sandbox_job_invalid" | "sandbox_setup_failed" | "sandbox_layer_failed";
  readonly retry: "never" | "later";

  constructor(
    message: string,
    options: { readonly code: SandboxFailure["code"]; readonly retry: "never" | "later"; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = options.code;
    this.retry = options.retry;
  }
}
