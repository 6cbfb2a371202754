/**
 * How many bytes of the disk an entry takes, in the vault of the crew repo-care after so many sessions of it.
 *
 * Counted are whole pages of the files, with what is free in them: the table of entries, the checkpoints, and of the lookup
 * index all but the keys of payloads. Payloads are told apart, since what they hold is the user's. The snapshot has one size
 * whatever the log's, so it is told, and counted for no entry. Beside it stand the entry's own words: its operation and its
 * events as JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeRepository } from "./parts/git-repository.ts";
import { handOn } from "./parts/rows.ts";

const files = 200;
const commits = 20;
const sessions = 10;
/** What the design allows: so many times the words, and so many bytes more. */
const wanted = { times: 1.6, more: 250 } as const;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
const workspace = join(dir, "workspace");
const vault = join(workspace, ".toka");
try {
  makeRepository(workspace, { files, commits, home: dir });
  const one = run(1);
  const all = run(sessions - 1);
  tell("1 session", one);
  tell(`${sessions} sessions`, all);
  handOn([{ name: "bytes per entry over words", better: "less", samples: [all.disk / all.words] }]);
  process.exitCode = all.disk <= all.allowed ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Bytes for one entry, but of `payloads` for one byte of what users keep, and of `snapshot` for the file. */
interface Figures {
  readonly entries: number;
  readonly words: number;
  readonly disk: number;
  readonly allowed: number;
  readonly parts: string;
  readonly payloads: number;
  readonly snapshot: number;
}

function run(times: number): Figures {
  for (let time = 0; time < times; time += 1) toka(["up", "--once"]);
  // A question that takes the index: it has followed the log to its end when it is answered.
  toka(["log", "--kind", "vault.open"]);
  return count();
}

function toka(args: readonly string[]): void {
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir, TOKA_HOME: join(dir, "home") };
  execFileSync(join(import.meta.dirname, "../../toka"), [...args], { cwd: workspace, env, stdio: "pipe" });
}

function count(): Figures {
  const log = new DatabaseSync(join(vault, "log.db"), { readOnly: true });
  const lookup = new DatabaseSync(join(vault, "lookup.db"), { readOnly: true });
  let [entries, words] = [0, 0];
  for (const { bytes } of log.prepare("SELECT bytes FROM entries").iterate()) {
    entries += 1;
    words += wordsOf(String(bytes));
  }
  const inLog = pagesOf(log);
  const inLookup = pagesOf(lookup);
  const contents = Number(log.prepare("SELECT sum(length(bytes)) AS size FROM payloads").get()?.["size"]);
  log.close();
  lookup.close();
  const of = (pages: ReadonlyMap<string, number>, name: string): number => pages.get(name) ?? 0;
  const parts = [
    ["entries", of(inLog, "entries")],
    ["checkpoints", of(inLog, "checkpoints")],
    ["schema", of(inLog, "sqlite_schema") + of(inLookup, "sqlite_schema")],
    ["index", of(inLookup, "postings") + of(inLookup, "causes") + of(inLookup, "marks")],
  ] as const;
  const disk = parts.reduce((sum, [, bytes]) => sum + bytes, 0) / entries;
  return {
    entries,
    words: words / entries,
    disk,
    allowed: (wanted.times * words) / entries + wanted.more,
    parts: parts.map(([name, bytes]) => `${name} ${Math.round(bytes / entries)}`).join(", "),
    payloads: (of(inLog, "payloads") + of(inLookup, "payload_keys")) / contents,
    snapshot: statSync(join(vault, "snapshot")).size,
  };
}

/** Bytes of the pages of each table. */
function pagesOf(db: DatabaseSync): ReadonlyMap<string, number> {
  const rows = db.prepare("SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name").all();
  return new Map(rows.map(({ name, bytes }) => [String(name), Number(bytes)]));
}

/** What was asked, and what came of it: the events, or the refusal. */
function wordsOf(text: string): number {
  const entry: unknown = JSON.parse(text);
  const outcome = fieldOf(entry, "outcome");
  return sizeOf(fieldOf(entry, "operation")) + sizeOf(fieldOf(outcome, "events") ?? outcome);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : null;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function tell(after: string, { entries, words, disk, allowed, parts, payloads, snapshot }: Figures): void {
  const figure = (value: number): string => Math.round(value).toLocaleString("en");
  process.stdout.write(
    `repo-care after ${after}, ${figure(entries)} entries: ${figure(disk)} bytes of the disk each (${parts}), ` +
      `${figure(words)} of operation and events (allowed ${wanted.times} x ${figure(words)} + ${wanted.more} = ${figure(allowed)}); ` +
      `payloads ${payloads.toFixed(2)} bytes for each of theirs; snapshot ${figure(snapshot)}\n`,
  );
}
