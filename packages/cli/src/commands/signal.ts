/**
 * `toka observation` and `toka alert`: what was noticed, read from the log, and noted by the operator.
 */
import { showOnOneLine } from "../output/plain.ts";
import type { RecordedEntry, VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { tellNone } from "../output/told.ts";
import { UsageError } from "../usage-error.ts";
import { contentFrom, contentOf } from "./contents.ts";
import { findRow, type NounOptions, operateOn, reading } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

/** Entries that a list shows; the log itself shows all. */
const shownMax = 1000;

/** Observations whose text is read in one answer; each takes a call. */
const textsMax = 200;

const severities = ["info", "warning", "error", "critical"] as const;

type Entry = RecordedEntry["entry"];
type Operation = Exclude<Entry["operation"], { readonly type: "batch" }>;
type Emitted = Extract<Operation, { readonly type: "observation.emit" }>;
type Raised = Extract<Operation, { readonly type: "alert.raise" }>;

interface Noted<Kind> {
  readonly entry: Entry;
  readonly operation: Kind;
}

type ListOptions = NounOptions & { readonly agent?: string };

/**
 * Lists observations, the newest last.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listObservations(options: ListOptions, context: CommandContext): Promise<number> {
  const noted = await reading({ options, context }, async (api) => {
    const all = await notedOf<Emitted>("observation.emit", { api, options, context });
    const first = Math.max(0, all.length - textsMax);
    const texts = await Promise.all(
      all
        .slice(first)
        .map(async ({ entry: { position }, operation: { content } }) =>
          contentOf(api, { id: `entry-${position}`, commitment: content.commitment }),
        ),
    );
    return all.map((one, index) => ({ ...one, says: texts[index - first] ?? null }));
  });
  if (options.json) {
    await writeLine(
      context.stdout,
      showAsJson({ observations: noted.map((one) => ({ ...asRow(one), says: one.says })) }),
    );
    return exitDone;
  }
  const rows = noted.map(({ entry, operation, says }) => [
    String(entry.position),
    operation.kind,
    `${operation.confidencePermille / 10}%`,
    operation.agent ?? entry.stamp.principal,
    operation.metadata.map(({ name, value }) => `${name}=${String(value)}`).join(" "),
    says?.text ?? (says?.base64 === null ? "(erased)" : `(${operation.content.size} bytes)`),
  ]);
  const heads = ["ENTRY", "KIND", "CONFIDENCE", "OF", "METADATA", "SAYS"];
  return tellTable(rows, { heads, context, none: "no observations" });
}

/**
 * Lists alerts, the newest last.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listAlerts(options: ListOptions, context: CommandContext): Promise<number> {
  const noted = await reading({ options, context }, async (api) =>
    notedOf<Raised>("alert.raise", { api, options, context }),
  );
  if (options.json) {
    await writeLine(context.stdout, showAsJson({ alerts: noted.map(asRow) }));
    return exitDone;
  }
  const rows = noted.map(({ entry, operation }) => [
    String(entry.position),
    new Date(entry.stamp.timeMs).toISOString(),
    operation.severity,
    operation.code,
    operation.title,
  ]);
  return tellTable(rows, { heads: ["ENTRY", "TIME", "SEVERITY", "CODE", "TITLE"], context, none: "no alerts" });
}

function asRow({ entry, operation }: Noted<Operation>): object {
  const { position, stamp } = entry;
  return { position, timeMs: stamp.timeMs, principal: stamp.principal, ...operation };
}

async function tellTable(
  rows: readonly (readonly string[])[],
  {
    heads,
    context,
    none,
  }: { readonly heads: readonly string[]; readonly context: CommandContext; readonly none: string },
): Promise<number> {
  if (rows.length === 0) return tellNone(context, none);
  for (const line of tableLines(rows, { heads, terminal: context.stdoutIsTerminal }))
    await writeLine(context.stdout, line);
  return exitDone;
}

/** The accepted operations of one kind, those in a batch included. */
async function notedOf<Kind extends Emitted | Raised>(
  kind: Kind["type"],
  {
    api,
    options,
    context,
  }: { readonly api: VaultApi; readonly options: ListOptions; readonly context: CommandContext },
): Promise<readonly Noted<Kind>[]> {
  const query = { after: 0, kind, agent: options.agent ?? null, follow: false };
  const noted: Noted<Kind>[] = [];
  for await (const { entry } of api.log(query, { signal: context.interrupted })) {
    if ("refusal" in entry.outcome) continue;
    const operations = entry.operation.type === "batch" ? entry.operation.operations : [entry.operation];
    for (const operation of operations) if (isOf<Kind>(operation, kind)) noted.push({ entry, operation });
    if (noted.length > shownMax) noted.splice(0, noted.length - shownMax);
  }
  return noted;
}

function isOf<Kind extends Operation>(operation: Operation, kind: Kind["type"]): operation is Kind {
  return operation.type === kind;
}

/**
 * Notes an observation.
 *
 * @param options - what is observed, how surely, and of which agent
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent; UsageError when a number or a pair cannot be read
 */
export async function emitObservation(
  options: ListOptions & {
    readonly kind: string;
    readonly text: string;
    readonly confidence: string;
    readonly meta: readonly string[];
  },
  context: CommandContext,
): Promise<number> {
  const confidencePermille = permilleOf(options.confidence);
  const metadata = options.meta.map(pairOf);
  const content = await contentFrom(options.text, context);
  return operateOn(
    async (api) => {
      const agent = await agentOf(options.agent, api);
      const operation = { type: "observation.emit", agent, kind: options.kind, confidencePermille, metadata };
      return { operation, contents: { content } };
    },
    { options, context, doing: `note the observation ${showOnOneLine(options.kind, 80)}` },
  );
}

/**
 * Raises an alert.
 *
 * @param options - its code, its title, how bad it is, and of which agent
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent
 */
export async function raiseAlert(
  options: ListOptions & {
    readonly code: string;
    readonly title: string;
    readonly severity: string;
    readonly text?: string;
  },
  context: CommandContext,
): Promise<number> {
  const { code, title, text } = options;
  const severity = wordAmong(options.severity, severities);
  const content = text === undefined ? undefined : await contentFrom(text, context);
  return operateOn(
    async (api) => {
      const agent = await agentOf(options.agent, api);
      const operation = { type: "alert.raise", agent, severity, code, title };
      return content === undefined
        ? { operation: { ...operation, content: null }, contents: {} }
        : { operation, contents: { content } };
    },
    { options, context, doing: `raise the alert ${showOnOneLine(code, 80)}` },
  );
}

async function agentOf(given: string | undefined, api: VaultApi): Promise<string | null> {
  if (given === undefined) return null;
  const { rows } = await api.state("agents");
  return findRow(given, { rows, what: "agent" }).id;
}

function permilleOf(text: string): number {
  const confidence = Number(text);
  if (!/^(?:0(?:\.\d{1,3})?|1(?:\.0{1,3})?)$/u.test(text))
    throw new UsageError(`Cannot use the confidence ${text}: wanted a number from 0 to 1, such as 0.9`);
  return Math.round(confidence * 1000);
}

/** `count=3` is a number and `open=true` a boolean; everything else is text. */
function pairOf(text: string): { readonly name: string; readonly value: string | number | boolean } {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`Cannot use --meta ${text}: wanted NAME=VALUE`);
  const [name, word] = [text.slice(0, at), text.slice(at + 1)];
  if (word === "true" || word === "false") return { name, value: word === "true" };
  return { name, value: /^-?(?:0|[1-9]\d{0,14})$/u.test(word) ? Number(word) : word };
}
