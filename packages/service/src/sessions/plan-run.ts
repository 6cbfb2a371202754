/**
 * What running a crew would mean, before anything of it starts: what it asks for, what it can cost at most, where it can write, and
 * what this machine cannot do for it.
 */
import { compile, type AgentDefinition } from "@toka/agent";
import type { Amounts } from "@toka/kernel";
import { createToolCatalogue, type ToolCatalogue } from "@toka/runtime";

import { examineMachine } from "../doctor.ts";
import { outputFolder, type Places } from "../places.ts";
import { rememberedTools } from "../tools/remembered-tools.ts";
import { type CrewSource, crewOf } from "./crew-source.ts";

/** One agent of a plan. */
export interface PlannedAgent {
  readonly name: string;
  readonly dependsOn: readonly string[];
  /** Everything that it may be granted at most. */
  readonly permissions: readonly string[];
  /** What it may use at most in one life. */
  readonly allotment: Amounts;
  readonly tools: readonly { readonly name: string; readonly sideEffect: string }[];
}

/** What a session would be. */
export interface RunPlan {
  readonly name: string;
  readonly workspace: string;
  readonly output: string;
  /** Names of agents by wave. */
  readonly waves: readonly (readonly string[])[];
  readonly concurrencyMax: number;
  readonly restartsMax: number;
  readonly agents: readonly PlannedAgent[];
  /** What the whole session may use at most: the kernel refuses what is beyond it. */
  readonly allotment: Amounts;
  /** Paths that may be written, `/**` meaning everything below. */
  readonly writable: readonly string[];
  /** What this machine cannot do, each with what to do about it. */
  readonly lacks: readonly string[];
}

/**
 * Plans a run without touching the vault.
 *
 * @param source - the crew's files
 * @param places - of the call
 * @returns the plan
 * @throws SourceFailure with every problem of the files
 */
export async function planRun(source: CrewSource, places: Places): Promise<RunPlan> {
  const { crew, tools } = crewOf(source, await rememberedTools(places.vault));
  const folders = { workspace: places.workspace, output: outputFolder(places, crew.name) };
  const catalogue = createToolCatalogue(tools);
  const agents = crew.agents.map((agent) => planAgent(agent, { folders, catalogue }));
  const asked = new Set(agents.flatMap((agent) => agent.permissions));
  const { checks } = await examineMachine({ workspace: places.workspace });
  const missing = checks.filter((check) => !check.ok);
  return {
    name: crew.name,
    ...folders,
    waves: crew.waves,
    concurrencyMax: crew.concurrencyMax,
    restartsMax: crew.restartsMax,
    agents,
    allotment: crew.allotment,
    writable: [...asked].filter((one) => one.startsWith("fs.write:")).map((one) => one.slice("fs.write:".length)),
    lacks: [
      ...missing.map(
        ({ name, found, wanted, fix }) =>
          `${name}: found ${found}, wanted ${wanted}${fix === undefined ? "" : `; ${fix}`}`,
      ),
      ...[...asked]
        .filter((one) => one.startsWith("net.connect:"))
        .map((one) => `${one}: no network reaches a box yet, so that it is refused`),
    ],
  };
}

function planAgent(
  agent: AgentDefinition,
  {
    folders,
    catalogue,
  }: { readonly folders: Parameters<typeof compile>[1]; readonly catalogue: Pick<ToolCatalogue, "find"> },
): PlannedAgent {
  const { part } = compile(agent, folders);
  return {
    name: agent.name,
    dependsOn: agent.dependencies.filter((one) => one.required).map((one) => one.name),
    permissions: part.permissions,
    allotment: part.allotment,
    tools: part.tools.map((name) => ({ name, sideEffect: catalogue.find(name)?.sideEffect ?? "unknown" })),
  };
}
