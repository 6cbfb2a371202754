/**
 * What a run leaves for its caller: one payload that is small enough to read whole, with the guest's own bytes behind it where they are
 * not. Guests' bytes are never altered here; whoever shows them makes them safe to show.
 *
 * - A tool that succeeded: its JSON value, byte for byte. Text that is no JSON becomes a JSON string.
 * - Beyond `resultBytesMax`: `{"$excerpt": {text, bytes, whole}}`, where `whole` is the content of all the bytes.
 * - A tool that did not succeed: `{"$failure": {outcome, code, message, diagnostics, diagnosticsBytes, output, outputBytes, dropped}}`.
 * - A program of kind `code`: `{exit, ended, message, stdout, stderr, dropped}`, each stream `{text, bytes, whole}`; `whole` is null when
 *   `text` is all of it. A run that was to be learnt from and ended by itself has `learnt` besides: `{permissions, programs, widened}`,
 *   or null when it did more than can be written down.
 */
import type { Content, PayloadDraft } from "@toka/kernel";
import type { Learnt } from "../sandbox/learn-grant.ts";
import type { Dropped, SandboxResult } from "../sandbox/job.ts";

/** Bytes of a result that its caller reads whole; more becomes an excerpt. */
export const resultBytesMax = 65_536;
/** Characters of an excerpt from the beginning, where programs say what they do. */
const headChars = 3072;
/** Characters of an excerpt from the end, where programs say what went wrong. */
const tailChars = 1024;
/** Paths of dropped writes that a result names; the first shows the cause. */
const droppedMax = 32;

/** How to turn bytes into payload drafts. */
export type Seal = (bytes: Uint8Array | string, references?: readonly Content[]) => PayloadDraft;

/** A result as it is settled: its content, and every payload that must be stored with it. */
export interface SealedResult {
  readonly content: Content;
  readonly payloads: readonly PayloadDraft[];
}

/** Why a run counts as it does, in words for a person. */
export interface Verdict {
  readonly outcome: string;
  readonly code: string | null;
  readonly message: string | null;
}

/**
 * Seals what a tool that succeeded printed.
 * @returns its result
 */
export function sealToolValue(run: SandboxResult, seal: Seal): SealedResult {
  if (run.stdout.byteLength <= resultBytesMax) {
    const text = utf8(run.stdout);
    if (text !== undefined && isJson(text)) return alone(seal(run.stdout));
    if (text !== undefined && Buffer.byteLength(JSON.stringify(text)) <= resultBytesMax)
      return alone(seal(JSON.stringify(text)));
  }
  const whole = seal(run.stdout);
  const document = { $excerpt: { text: excerpt(run.stdout), bytes: run.stdoutBytes, whole: whole.content } };
  const result = seal(JSON.stringify(document), [whole.content]);
  return { content: result.content, payloads: [result, whole] };
}

/**
 * Seals what is to be said of a tool that did not succeed.
 * @param run - undefined when it was never started
 * @returns its result
 */
export function sealToolFailure(
  run: SandboxResult | undefined,
  { verdict, seal }: { readonly verdict: Verdict; readonly seal: Seal },
): SealedResult {
  const document = {
    $failure: {
      ...verdict,
      diagnostics: run === undefined ? "" : excerpt(run.stderr),
      diagnosticsBytes: run?.stderrBytes ?? 0,
      output: run === undefined ? "" : excerpt(run.stdout),
      outputBytes: run?.stdoutBytes ?? 0,
      dropped: named(run?.dropped),
    },
  };
  return alone(seal(JSON.stringify(document)));
}

/**
 * Seals what a program of kind `code` was.
 * @param run - undefined when it was never started
 * @returns its result
 */
export function sealCodeResult(
  run: SandboxResult | undefined,
  { verdict, learnt, seal }: { readonly verdict: Verdict; readonly learnt?: Learnt | null; readonly seal: Seal },
): SealedResult {
  const stdout = sealStream(run?.stdout ?? new Uint8Array(), { total: run?.stdoutBytes ?? 0, seal });
  const stderr = sealStream(run?.stderr ?? new Uint8Array(), { total: run?.stderrBytes ?? 0, seal });
  const document = {
    exit: run?.exit ?? null,
    ended: run?.ended ?? null,
    message: verdict.message,
    stdout: stdout.shown,
    stderr: stderr.shown,
    dropped: named(run?.dropped),
    ...(learnt === undefined ? {} : { learnt }),
  };
  const wholes = [...stdout.payloads, ...stderr.payloads];
  const result = seal(
    JSON.stringify(document),
    wholes.map((whole) => whole.content),
  );
  return { content: result.content, payloads: [result, ...wholes] };
}

interface SealedStream {
  readonly shown: { readonly text: string; readonly bytes: number; readonly whole: Content | null };
  readonly payloads: readonly PayloadDraft[];
}

function sealStream(bytes: Uint8Array, { total, seal }: { readonly total: number; readonly seal: Seal }): SealedStream {
  const text = bytes.byteLength <= resultBytesMax / 4 ? utf8(bytes) : undefined;
  if (text !== undefined) return { shown: { text, bytes: total, whole: null }, payloads: [] };
  const whole = seal(bytes);
  return { shown: { text: excerpt(bytes), bytes: total, whole: whole.content }, payloads: [whole] };
}

/**
 * Shortens bytes to a text that a caller can read: their beginning and their end.
 * @returns at most about 4,200 characters; bytes that are not UTF-8 appear as U+FFFD
 */
export function excerpt(bytes: Uint8Array): string {
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  if (bytes.byteLength <= headChars + tailChars) return lenient.decode(bytes);
  const head = lenient.decode(bytes.subarray(0, headChars));
  const tail = lenient.decode(bytes.subarray(bytes.byteLength - tailChars));
  return `${head}\n… ${bytes.byteLength - headChars - tailChars} bytes left out …\n${tail}`;
}

function alone(draft: PayloadDraft): SealedResult {
  return { content: draft.content, payloads: [draft] };
}

function named(dropped: readonly Dropped[] | undefined): readonly Dropped[] {
  return (dropped ?? []).slice(0, droppedMax);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
