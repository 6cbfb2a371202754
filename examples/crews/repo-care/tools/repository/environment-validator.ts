/**
 * The tool `environment-validator`: what a repository says that it needs of a machine, whether that agrees with itself and with
 * what this machine shows, and which variables of the environment are asked for and not documented. Writes
 * `findings/environment-validator.json`. Nothing is run.
 */
import { listFiles } from "./catalogue/listing.ts";
import { contradictions, needRows, unmet } from "./environment/compare.ts";
import { type Machine, describedMachine, thisMachine } from "./environment/machine.ts";
import { EnvironmentReader, isExample, isWanted } from "./environment/reader.ts";
import { deliverFindings } from "./findings/deliver-findings.ts";
import { Findings } from "./findings/findings.ts";
import { Problems } from "./findings/problems.ts";
import { scanTree } from "./findings/scan-tree.ts";
import { type Arguments, ToolProblem, pathArgument, runTool } from "./invocation.ts";

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const machine = machineArgument(given);
  const listing = await listFiles(root, output);
  const problems = new Problems();
  const reader = new EnvironmentReader(machine, problems);
  // What examples name must be known when the others are read.
  scanTree({ root, listing, wanted: isExample }, (file) => reader.readExample(file));
  const scanned = scanTree({ root, listing, wanted: isWanted }, (file) => reader.read(file));
  reader.finish();
  for (const found of [...contradictions(reader.needs), ...unmet(reader.needs, machine)]) problems.add(found);
  const findings = new Findings();
  problems.deliver(findings, new Set());
  const file = findings.file(scanned, {
    tool: "environment-validator",
    version: "1.0.0",
    title: "Environment",
    about:
      "Versions, variables and programs that the repository needs, and whether they agree with each other and with this machine.",
    root,
    tables: [
      {
        title: "What is needed, and what the sandbox shows of it",
        columns: ["Needs", "Version", "Said in", "Found"],
        rows: needRows(reader.needs, machine),
      },
    ],
  });
  return deliverFindings(output, file);
});

function machineArgument(given: Arguments): Machine {
  const value = given["machine"] ?? [];
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string"))
    throw new ToolProblem(
      `Cannot use the argument "machine": found ${JSON.stringify(value).slice(0, 200)}, wanted a list of texts`,
    );
  const list = value.map(String);
  return list.length === 0 ? thisMachine() : describedMachine(list);
}
