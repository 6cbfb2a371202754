/** The crew's own files: they load, their steps claim what their agents hold and no more, and their tools are whole. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CrewDefinition, readCrew, readCrewFolder } from "@toka/agent";
import { excess, type Permission } from "@toka/kernel";
import { builtInToolsFolder, createToolCatalogue, loadTools, type ToolCatalogue } from "@toka/runtime";
import { describe, expect, test } from "vitest";
import { crewFolder } from "./run-tool.ts";

const toolsFolder = join(crewFolder, "tools");
const programFolder = join(toolsFolder, "repository");
const folders = { workspace: "/home/ada/project", output: "/home/ada/project/.toka/out/repo-care" };

async function load(): Promise<{ readonly crew: CrewDefinition; readonly tools: ToolCatalogue }> {
  const tools = createToolCatalogue(loadTools([builtInToolsFolder, toolsFolder]));
  const read = readCrew(await readCrewFolder(crewFolder), { prefix: "", tools });
  if ("problems" in read) throw new Error(JSON.stringify(read.problems, undefined, 2));
  return { crew: read.value, tools };
}

function filled(text: string): string {
  return text
    .replaceAll("${workspace}", folders.workspace)
    .replaceAll("${output}", folders.output)
    .replaceAll("${steps.today.result.date}", "2026-01-31");
}

/** What a step claims beyond what its agent holds. */
async function beyond(agentName: string): Promise<readonly (readonly Permission[])[]> {
  const { crew, tools } = await load();
  const agent = crew.agents.find((each) => each.name === agentName);
  const held = (agent?.permissions ?? []).map((permission) => filled(permission.text));
  const steps = (agent?.tasks ?? []).flatMap((task) => task.steps);
  return steps.map((step) => {
    const plan = tools.plan(step.tool, JSON.parse(filled(JSON.stringify(step.arguments))) as Record<string, unknown>);
    if ("problem" in plan) throw new Error(plan.problem);
    return excess(held, plan.claims);
  });
}

describe("repo-care", () => {
  test("loads, with the report after what it is made from", async () => {
    const { crew } = await load();
    expect(crew.waves.map((wave) => wave.toSorted())).toEqual([
      [
        "build-validator",
        "curious",
        "date-validator",
        "environment-validator",
        "file-catalogue",
        "history-analyst",
        "link-checker",
        "secret-scanner",
      ],
      ["report-writer"],
    ]);
  });

  test.each([
    "file-catalogue",
    "history-analyst",
    "report-writer",
    "secret-scanner",
    "date-validator",
    "link-checker",
    "build-validator",
    "environment-validator",
  ])("gives %s all that its steps claim", async (name) => {
    expect((await beyond(name)).flat()).toEqual([]);
  });

  test("gives curious nothing of what it asks for", async () => {
    expect(await beyond("curious")).toEqual([["fs.read:/etc/passwd"], ["net.connect:example.com:443"]]);
  });

  test("lets no tool write outside the output folder, nor reach the network", async () => {
    const { crew, tools } = await load();
    const wanted = [`fs.write:${folders.output}/**`];
    for (const agent of crew.agents.filter((each) => each.name !== "curious")) {
      expect(
        agent.permissions
          .map((permission) => filled(permission.text))
          .filter((text) => /^(?:fs\.write|net\.)/u.test(text)),
      ).toEqual(wanted);
      for (const step of agent.tasks.flatMap((task) => task.steps)) {
        expect(tools.find(step.tool)?.permissions.filter((text) => text.startsWith("net."))).toEqual([]);
      }
    }
  });

  test("has tools that are whole: they import nothing but Node's own modules and files of their own folder", () => {
    const names = readdirSync(programFolder, { recursive: true, encoding: "utf8" }).filter((each) =>
      /\.[jt]s$/u.test(each),
    );
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const imports = readFileSync(join(programFolder, name), "utf8").matchAll(
        /^(?:import|export) [^;]*?from "([^"]+)";/gmu,
      );
      for (const [, from = ""] of imports) {
        const own = from.startsWith(".") && names.includes(join(dirname(name), from));
        expect(from.startsWith("node:") || own, `${name}: ${from}`).toBe(true);
      }
    }
  });
});
