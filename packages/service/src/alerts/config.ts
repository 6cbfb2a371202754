/**
 * Reads the file that says where alerts go: `toka up --alerts FILE`.
 *
 * It is never found by itself, neither in the workspace nor in the vault: a folder that somebody else made must not be able to have a
 * program started outside of the sandbox.
 */
import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";

import { parseSpan } from "@toka/agent";
import { type FaultSeverity, isName } from "@toka/kernel";
import {
  arrangeProblems,
  fileBytesMax,
  type Problem,
  readYaml,
  SourceFailure,
  suggestion,
  type YamlSource,
} from "@toka/runtime";

import { ServiceFailure } from "../failure.ts";
import { severities } from "./alert.ts";

/** Where alerts go beside the terminal. */
export interface SinkConfig {
  /** Unique in the file: what was delivered is remembered under it. */
  readonly name: string;
  readonly to: { readonly command: readonly string[] } | { readonly webhook: string };
  readonly timeoutMs: number;
}

/** What the file says. */
export interface AlertsConfig {
  /** Milder alerts are told to nobody. */
  readonly minimum: FaultSeverity;
  /** Whether alerts are lines of the live output. */
  readonly terminal: boolean;
  readonly sinks: readonly SinkConfig[];
}

/** What holds without a file: everything is told on the terminal. */
export const defaultAlerts: AlertsConfig = { minimum: "info", terminal: true, sinks: [] };

/** Sinks of one file: each follows the log on its own. */
const sinksMax = 16;
/** Words of a command. */
const wordsMax = 64;
const timeoutMsDefault = 10_000;
/** Shortest time that a sink can be given, ms. */
const timeoutMsMin = 100;
/** Longest, ms: a sink that takes longer is behind for ever. */
const timeoutMsMax = 300_000;

/**
 * Reads an alerts file.
 *
 * @param path - absolute
 * @returns what it says
 * @throws a failure `alerts_unreadable`, or a SourceFailure that lists every problem with file, line and column
 */
export function readAlertsFile(path: string): AlertsConfig {
  const bytes = bytesOf(path);
  const source = readYaml(bytes, { file: path });
  const problems: Problem[] = [...source.problems];
  const config = problems.length > 0 ? defaultAlerts : configOf(source, problems);
  if (problems.length > 0) throw new SourceFailure("the alerts file", arrangeProblems(problems));
  return config;
}

function bytesOf(path: string): Uint8Array {
  const stats = statSync(path, { throwIfNoEntry: false });
  const found = stats === undefined ? "there is none" : stats.isFile() ? undefined : "it is no regular file";
  const large = stats !== undefined && stats.size > fileBytesMax;
  if (found === undefined && !large) return readFileSync(path);
  throw new ServiceFailure("alerts_unreadable", {
    message: `Cannot read the alerts file ${path}: ${found ?? `it has more than ${fileBytesMax} bytes`}`,
  });
}

interface Reading {
  readonly source: YamlSource;
  readonly problems: Problem[];
}

type Path = readonly (string | number)[];

function configOf(source: YamlSource, problems: Problem[]): AlertsConfig {
  const reading = { source, problems };
  const { value } = source;
  if (!isRecord(value)) {
    complain(reading, { path: [], message: "Cannot use the file: wanted minimum, terminal and sinks" });
    return defaultAlerts;
  }
  knownKeys(reading, { value, path: [], known: ["minimum", "terminal", "sinks"] });
  const { minimum = "info", terminal = true, sinks = [] } = value;
  const least = severities.find((one) => one === minimum);
  if (least === undefined) {
    const hint = typeof minimum === "string" ? suggestion(minimum, severities) : "";
    const message = `Cannot use "minimum": wanted one of ${severities.join(", ")}${hint}`;
    complain(reading, { path: ["minimum"], message });
  }
  if (typeof terminal !== "boolean") {
    complain(reading, { path: ["terminal"], message: 'Cannot use "terminal": wanted true or false' });
  }
  return { minimum: least ?? "info", terminal: terminal === true, sinks: sinksOf(reading, sinks) };
}

function sinksOf(reading: Reading, value: unknown): readonly SinkConfig[] {
  if (!Array.isArray(value) || value.length > sinksMax) {
    complain(reading, { path: ["sinks"], message: `Cannot use "sinks": wanted a list of at most ${sinksMax}` });
    return [];
  }
  const names = new Set<string>();
  return value.flatMap((item: unknown, index) => {
    const path = ["sinks", index];
    if (!isRecord(item)) {
      complain(reading, { path, message: "Cannot use the sink: wanted a name and a command or a webhook" });
      return [];
    }
    knownKeys(reading, { value: item, path, known: ["name", "command", "webhook", "timeout"] });
    const { name } = item;
    if (typeof name !== "string" || !isName(name)) {
      const message = 'Cannot use the sink: "name" must be a name of letters, digits and _ . - + @, at most 64';
      complain(reading, { path: [...path, "name"], message });
      return [];
    }
    if (names.has(name)) {
      complain(reading, { path: [...path, "name"], message: `Cannot use sink "${name}": another has that name` });
    }
    names.add(name);
    const to = targetOf(reading, { item, path, name });
    return to === undefined ? [] : [{ name, to, timeoutMs: timeoutOf(reading, { item, path }) }];
  });
}

interface Item {
  readonly item: { readonly [key: string]: unknown };
  readonly path: Path;
}

function targetOf(
  reading: Reading,
  { item, path, name }: Item & { readonly name: string },
): SinkConfig["to"] | undefined {
  const { command, webhook } = item;
  if ((command === undefined) === (webhook === undefined)) {
    complain(reading, { path, message: `Cannot use sink "${name}": wanted a command or a webhook, one of them` });
    return undefined;
  }
  if (webhook !== undefined) {
    if (typeof webhook === "string" && isWebAddress(webhook)) return { webhook };
    const message = `Cannot use sink "${name}": "webhook" must be an http or https address`;
    complain(reading, { path: [...path, "webhook"], message });
    return undefined;
  }
  if (isWords(command)) return { command };
  const message = `Cannot use sink "${name}": "command" must be a list of 1 to ${wordsMax} words, the first an absolute path`;
  complain(reading, { path: [...path, "command"], message });
  return undefined;
}

function timeoutOf(reading: Reading, { item, path }: Item): number {
  const { timeout } = item;
  if (timeout === undefined) return timeoutMsDefault;
  const timeoutMs = typeof timeout === "string" ? parseSpan(timeout) : undefined;
  if (timeoutMs !== undefined && timeoutMs >= timeoutMsMin && timeoutMs <= timeoutMsMax) return timeoutMs;
  const message = 'Cannot use "timeout": wanted a span from 100ms to 5m, such as 10s';
  complain(reading, { path: [...path, "timeout"], message });
  return timeoutMsDefault;
}

function isWords(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > wordsMax) return false;
  const [program] = value;
  return (
    typeof program === "string" &&
    isAbsolute(program) &&
    value.every((word) => typeof word === "string" && !word.includes("\0"))
  );
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:");
}

function knownKeys(
  reading: Reading,
  { value, path, known }: { readonly value: object; readonly path: Path; readonly known: readonly string[] },
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const message = `Cannot use key "${key}": there is no such key${suggestion(key, known)}`;
    reading.problems.push({ at: reading.source.locateKey([...path, key]), message });
  }
}

function complain(
  { source, problems }: Reading,
  { path, message }: { readonly path: Path; readonly message: string },
): void {
  problems.push({ at: source.locate(path), message });
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
