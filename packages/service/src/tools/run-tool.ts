/**
 * One call of a tool by a caller, and the tools in a folder made known to the vault.
 */
import { statSync } from "node:fs";
import { realpath } from "node:fs/promises";

import { builtInToolsFolder, createToolCatalogue, loadTools, type Tool, type ToolCatalogue } from "@toka/runtime";

import { type ExecParts, runJob } from "../exec.ts";
import { ServiceFailure } from "../failure.ts";
import { rememberTools } from "./remembered-tools.ts";
import type { RunToolRequest, ToolOutcome } from "./tool-call.ts";

/**
 * Calls a tool as an effect of its own, under a grant that holds this call and nothing else.
 *
 * @param request - which tool, with which arguments
 * @param options - what ends it, the tools of this process, and the parts
 * @returns what became of it
 * @throws a failure `arguments_invalid` when the arguments are not what the tool takes, `tool_not_here` when this process has no such tool
 */
export async function runTool(
  request: RunToolRequest,
  options: { readonly signal: AbortSignal; readonly tools: ToolCatalogue; readonly parts: ExecParts },
): Promise<ToolOutcome> {
  const { tool } = request;
  if (options.tools.tool(tool) === undefined) {
    throw new ServiceFailure("tool_not_here", {
      message: `Cannot call the tool ${tool}: its program is not here as it was registered; toka tool register --discover FOLDER makes it known as it is now`,
    });
  }
  const plan = options.tools.plan(tool, request.arguments);
  if ("problem" in plan) {
    throw new ServiceFailure("arguments_invalid", { message: `Cannot call the tool ${tool}: ${plan.problem}` });
  }
  const { machine } = options.parts;
  const job = {
    kind: "tool",
    tool,
    label: "tool run",
    text: JSON.stringify(plan.arguments),
    claims: plan.claims,
    reserve: plan.reserve,
    timeoutMs: plan.timeoutMs,
  } as const;
  return runJob<ToolOutcome>(job, {
    ...options,
    onOutput: () => {},
    settled: async ({ outcome, changed, result }, position) => {
      const bytes = result === null ? undefined : await machine.payload(result);
      const text = bytes === undefined ? null : new TextDecoder().decode(bytes);
      return { type: "settled", outcome, position, changed, result: text };
    },
  });
}

/**
 * Makes the tools in a folder known to the vault, now and in the next process that performs effects.
 *
 * @param folder - absolute; each folder in it holds a program and its manifests
 * @param options - the vault folder, and how to make the log know tools
 * @returns names and versions of the tools
 * @throws SourceFailure with every problem of the manifests; a failure `no_tools`, `tool_differs`
 */
export async function registerToolFolder(
  folder: string,
  options: { readonly vault: string; readonly addTools: (tools: readonly Tool[]) => Promise<void> },
): Promise<readonly { readonly name: string; readonly version: string }[]> {
  const at = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? await realpath(folder) : folder;
  const tools = loadTools([at]);
  if (tools.length === 0) {
    throw new ServiceFailure("no_tools", {
      message: `Cannot register the tools in ${folder}: there are none; wanted folders in it with a tool.yaml or NAME.tool.yaml each`,
    });
  }
  // A built-in tool keeps its name, and two of one name are told with both their places.
  createToolCatalogue([...loadTools([builtInToolsFolder]), ...tools]);
  await options.addTools(tools);
  await rememberTools(options.vault, { folder: at, tools });
  return tools.map(({ description: { name, version } }) => ({ name, version }));
}
