/**
 * `toka tool`: registered tools, and calls of them.
 */
import { resolve } from "node:path";

import { askVault, refusalInWords, type StateRows, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showSpan } from "../output/amounts.ts";
import { showAsJson, showOnOneLine, showSafely } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { UsageError } from "../usage-error.ts";
import { asking, placesOf } from "./places.ts";
import { findRow, type NounOptions, reading, tellRows } from "./vault-rows.ts";

type ToolRow = StateRows["tools"];
type ToolOutcome = Awaited<ReturnType<VaultApi["runTool"]>>;

const heads = ["ID", "NAME", "VERSION", "SIDE EFFECT", "PROGRAM"] as const;
/** Characters of a digest that tell one program from another. */
const digestWidth = 19;

/**
 * Lists the registered tools.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listTools(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("tools"));
  const cells = answer.rows.map((tool) => [
    tool.id,
    tool.name,
    tool.version,
    tool.sideEffect,
    tool.program.slice(0, digestWidth),
  ]);
  const lines = (): readonly string[] => tableLines(cells, { heads, terminal: context.stdoutIsTerminal });
  return tellRows(answer, {
    options,
    context,
    area: "tools",
    none: "no tool is registered; whoever performs effects registers those that come with Toka",
    lines,
  });
}

/**
 * Shows one tool.
 *
 * @param options - its name or id
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such tool
 */
export async function showTool(
  options: NounOptions & { readonly name: string },
  context: CommandContext,
): Promise<number> {
  const { rows } = await reading({ options, context }, async (api) => api.state("tools"));
  const tool = findRow(options.name, { rows, what: "tool" });
  const lines = options.json ? [showAsJson(tool)] : tell(tool);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(tool: ToolRow): readonly string[] {
  return [
    `${tool.id} ${showOnOneLine(tool.name)} ${showOnOneLine(tool.version)}: ${tool.sideEffect}`,
    `  program ${tool.program}`,
    `  a call takes at most ${showSpan(tool.timeoutMsMax)}, and may claim at most:`,
    ...tool.permissions.map((permission) => `    ${showOnOneLine(permission)}`),
  ];
}

/**
 * Calls a tool.
 *
 * @param options - its name, and its arguments as JSON
 * @param context - streams, environment and signals
 * @returns 0 when it succeeded
 * @throws a failure when the arguments are not what it takes; UsageError when they are no JSON object
 */
export async function callTool(
  options: NounOptions & { readonly name: string; readonly with: string },
  context: CommandContext,
): Promise<number> {
  const given = argumentsFrom(options.with);
  const use = async (api: VaultApi): Promise<ToolOutcome> => {
    const { rows } = await api.state("tools");
    const { name } = findRow(options.name, { rows, what: "tool" });
    return api.runTool({ tool: name, arguments: given }, { signal: context.interrupted });
  };
  const outcome = await askVault(placesOf(options, context), { ...asking(context, "run"), use });
  const done = outcome.type === "settled" && outcome.outcome === "succeeded";
  if (options.json) await writeLine(context.stdout, showAsJson({ ok: done, ...outcome, ...resultOf(outcome) }));
  else if (done) await writeLine(context.stdout, showSafely(outcome.result ?? "").trimEnd());
  if (!done) await writeLine(context.stderr, `toka: ${showOnOneLine(complaint(options.name, outcome), 2000)}`);
  return done ? exitDone : exitFailed;
}

function argumentsFrom(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return Object.fromEntries(Object.entries(value));
  } catch {
    // Told below, with what was found.
  }
  throw new UsageError(`Cannot read the arguments ${text}: wanted a JSON object such as {"path": "/srv/data/a.txt"}`);
}

/** A tool's result is JSON; what cannot be read as such stays text. */
function resultOf(outcome: ToolOutcome): { readonly result?: unknown } {
  if (outcome.type !== "settled" || outcome.result === null) return {};
  try {
    return { result: JSON.parse(outcome.result) };
  } catch {
    return { result: outcome.result };
  }
}

function complaint(name: string, outcome: ToolOutcome): string {
  const what = `Cannot call the tool ${name}`;
  if (outcome.type === "refused") {
    const next = outcome.position === null ? "" : `; toka why ${outcome.position} explains`;
    return `${what}: refused, ${refusalInWords(outcome.refusal)}${next}`;
  }
  const why = outcome.type === "stopped" ? outcome.message : (outcome.result ?? "it said nothing");
  return `${what}: ${outcome.outcome}: ${why}; toka why ${outcome.position} explains`;
}

/**
 * Makes the tools in a folder known to the vault.
 *
 * @param options - the folder
 * @param context - streams and environment
 * @returns 0
 * @throws a failure with every problem of the manifests
 */
export async function registerTools(
  options: NounOptions & { readonly discover: string },
  context: CommandContext,
): Promise<number> {
  const folder = resolve(context.cwd, options.discover);
  const tools = await askVault(placesOf(options, context), {
    ...asking(context, "write"),
    create: true,
    use: async (api) => api.registerTools(folder),
  });
  const lines = options.json
    ? [showAsJson({ ok: true, tools })]
    : tools.map(({ name, version }) => `registered ${showOnOneLine(name)} ${showOnOneLine(version)}`);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}
