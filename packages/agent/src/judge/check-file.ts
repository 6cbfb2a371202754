/** Checks of files: that one is there, and that it says what it must. Pure, given the bytes. */
import { hash } from "node:crypto";
import type { ContentCheck } from "../definition/agent-definition.ts";
import { jsonAt, isJson, type Json } from "../definition/template.ts";
import { deliverableBytesMax, excerptCharsMax, type Deliverable } from "./deliverable.ts";

/** What a check came to. */
export interface CheckResult {
  readonly met: boolean;
  /** What was looked at and found; kept as evidence. */
  readonly found: { readonly [name: string]: Json };
  /** Why it is not met; null when it is. */
  readonly why: string | null;
}

/** What a file shows, whatever the check. */
interface Seen {
  readonly [name: string]: Json;
  readonly path: string;
}

/**
 * Checks that a file is there and has at least so many bytes.
 * @returns the verdict with what was seen of the file
 */
export function checkFile(
  file: Deliverable | undefined,
  { path, minBytes }: { readonly path: string; readonly minBytes: number },
): CheckResult {
  const seen = describe(file, path);
  if (file === undefined) return { met: false, found: seen, why: `there is no file ${path}` };
  if (file.size < minBytes)
    return { met: false, found: seen, why: `it has ${file.size} bytes, wanted at least ${minBytes}` };
  return { met: true, found: seen, why: null };
}

/** A content check with its `${...}` filled in. */
export type FilledContentCheck = Omit<ContentCheck, "type">;

/**
 * Checks what a file says.
 * @returns the verdict; the first thing that does not hold is the reason
 */
export function checkContent(file: Deliverable | undefined, check: FilledContentCheck): CheckResult {
  const seen = describe(file, check.path);
  const no = (why: string, more: { readonly [name: string]: Json } = {}): CheckResult => ({
    met: false,
    found: { ...seen, ...more },
    why,
  });
  if (file === undefined) return no(`there is no file ${check.path}`);
  if (file.size > deliverableBytesMax)
    return no(`it has ${file.size} bytes, at most ${deliverableBytesMax} are looked into`);
  const digest = hash("sha256", file.bytes);
  if (check.sha256 !== null && check.sha256.toLowerCase().replace(/^sha256:/u, "") !== digest)
    return no(`its SHA-256 is ${digest}, wanted ${check.sha256}`);
  const text = new TextDecoder("utf-8").decode(file.bytes);
  const lines = countLines(file.bytes);
  const { min = null, max = null } = check.lines ?? {};
  if (min !== null && lines < min) return no(`it has ${lines} lines, wanted at least ${min}`);
  if (max !== null && lines > max) return no(`it has ${lines} lines, wanted at most ${max}`);
  const missing = check.contains.find((part) => !text.includes(part));
  if (missing !== undefined) return no(`it does not contain ${JSON.stringify(missing)}`);
  const values: Record<string, Json> = {};
  if (check.json.length > 0) {
    const document = parse(text);
    if (document === undefined) return no("it is no JSON");
    for (const { pointer, value } of check.json) {
      const there = jsonAt(document, pointerPath(pointer));
      values[pointer] = there === undefined ? null : isScalar(there) ? there : "a list or map";
      if (there !== value)
        return no(`${pointer} is ${there === undefined ? "absent" : brief(there)}, wanted ${brief(value)}`, {
          json: values,
        });
    }
  }
  return { met: true, found: { ...seen, lines, ...(check.json.length > 0 ? { json: values } : {}) }, why: null };
}

function describe(file: Deliverable | undefined, path: string): Seen {
  if (file === undefined) return { path, present: false };
  const excerpt = new TextDecoder("utf-8")
    .decode(file.bytes.subarray(0, excerptCharsMax * 4))
    .slice(0, excerptCharsMax)
    .toWellFormed();
  const digest = file.size === file.bytes.byteLength ? { sha256: hash("sha256", file.bytes) } : {};
  return { path, present: true, bytes: file.size, ...digest, excerpt };
}

// Counted as wc counts them, and one more for a last line that does not end in a line break.
function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 10) lines += 1;
  return bytes.byteLength > 0 && bytes.at(-1) !== 10 ? lines + 1 : lines;
}

// RFC 6901: "" is the document, "~1" stands for a slash and "~0" for a tilde.
function pointerPath(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isScalar(value: Json): boolean {
  return value === null || typeof value !== "object";
}

function brief(value: Json): string {
  return JSON.stringify(value).slice(0, 200);
}
