/**
 * The arguments of an effect of kind `code`: one program to run in a box, as a person or a judge asks for it.
 *
 * They stand in the log as a commitment to these bytes, so they are written and read here and nowhere else.
 */
import type { Amounts } from "@toka/kernel";
import { z } from "zod";

/** One program to run. */
export interface CodeArguments {
  /** Program and arguments; the program is looked up on the box's PATH when it has no slash. */
  readonly argv: readonly string[];
  /** Absolute folder to start in; it must be among the claimed paths, or `/tmp`. */
  readonly cwd: string;
  /** All of its standard input. */
  readonly stdin: Uint8Array;
  /** Its environment, beside PATH, HOME, LANG and TMPDIR. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether to write down what it uses, so that a grant can be learnt from it. */
  readonly learn?: boolean;
}

/** Arguments on one command line. */
const argvMax = 4096;
/** Characters of the command line together; Linux allows about two million bytes with the environment. */
const argvCharsMax = 1_048_576;
/** Bytes of standard input that a run can be given: they are kept in the log's payloads. */
export const stdinBytesMax = 16_777_216;
/** Variables that a caller can set. */
const envMax = 256;

/** What one run of kind `code` may use when its reservation does not say. */
export const codeLimits: {
  readonly memoryBytes: number;
  readonly cpuMs: number;
  readonly processes: number;
  readonly outputBytes: number;
  readonly writtenBytes: number;
  readonly openFiles: number;
  readonly timeoutMs: number;
} = {
  memoryBytes: 2_147_483_648,
  cpuMs: 600_000,
  processes: 256,
  outputBytes: 67_108_864,
  writtenBytes: 268_435_456,
  openFiles: 1024,
  timeoutMs: 600_000,
};

const shape = z.strictObject({
  argv: z.array(z.string().max(argvCharsMax)).min(1).max(argvMax),
  cwd: z.string().min(1).max(4096),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u), z.string()),
  stdin: z.base64().optional(),
  learn: z.literal(true).optional(),
});

/**
 * Writes the arguments of an effect of kind `code`, to be sealed by whoever requests it.
 * @returns JSON text
 */
export function encodeCodeArguments({ argv, cwd, stdin, env, learn = false }: CodeArguments): string {
  const input = stdin.byteLength === 0 ? {} : { stdin: Buffer.from(stdin).toString("base64") };
  return JSON.stringify({ argv, cwd, env, ...input, ...(learn ? { learn } : {}) });
}

/**
 * Reads them back.
 * @returns the arguments, or what is wrong with them
 */
export function decodeCodeArguments(bytes: Uint8Array): CodeArguments | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { problem: "its arguments are no JSON text" };
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { problem: `its arguments do not fit: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim() };
  }
  const { argv, cwd, env } = parsed.data;
  const stdin = Buffer.from(parsed.data.stdin ?? "", "base64");
  if (stdin.byteLength > stdinBytesMax)
    return { problem: `its standard input has ${stdin.byteLength} bytes, at most ${stdinBytesMax} are allowed` };
  if (argv.join(" ").length > argvCharsMax)
    return { problem: `its command line has more than ${argvCharsMax} characters` };
  if (argv.some((part) => part.includes("\0")) || Object.values(env).some((part) => part.includes("\0")))
    return { problem: "its command line or environment holds a NUL character" };
  if (Object.keys(env).length > envMax) return { problem: `it sets more than ${envMax} variables` };
  return { argv, cwd, env, stdin, ...(parsed.data.learn === true ? { learn: true } : {}) };
}

/**
 * What to reserve for one run of kind `code`.
 * @param options - how long it may take, ms, and whether it claims to write
 * @returns the limits of such a run as amounts
 */
export function codeReservation({
  timeoutMs,
  writes,
}: {
  readonly timeoutMs: number;
  readonly writes: boolean;
}): Amounts {
  return {
    cpuMs: Math.min(codeLimits.cpuMs, timeoutMs),
    wallMs: timeoutMs,
    memoryBytes: codeLimits.memoryBytes,
    ...(writes ? { storedBytes: codeLimits.writtenBytes } : {}),
  };
}
