/**
 * Files of what is supposed to have been otherwise: policies, an agent, or budgets.
 */
import { compile, readAgentFile, readBounded } from "@toka/agent";
import type { Amounts, Supposition } from "@toka/kernel";
import { readYaml, SourceFailure } from "@toka/runtime";

import { type AmountWords, amountsFrom } from "../amounts-from.ts";
import { ServiceFailure } from "../failure.ts";
import { outputFolder, type Places } from "../places.ts";
import { readPolicyFile } from "../policy-file.ts";

/** What a file holds, and the folders that an agent's file speaks of. */
export interface SuppositionFile {
  readonly type: Supposition["type"];
  readonly places: Places;
  /** Absolute folder of the deliverables; absent for that of a run of this file alone. */
  readonly output?: string;
}

/**
 * Reads a file of what is supposed.
 *
 * @param path - absolute
 * @param file - what it holds, and its folders
 * @returns what is supposed
 * @throws a failure `supposition_file_absent`; SourceFailure with every problem of the file
 */
export async function readSuppositionFile(
  path: string,
  { type, places, output }: SuppositionFile,
): Promise<Supposition> {
  if (type === "policy") return { type, policies: await readPolicyFile(path) };
  const bytes = await readBounded(path);
  if (bytes === undefined)
    throw new ServiceFailure("supposition_file_absent", {
      message: `Cannot read what is supposed: there is no file ${path}`,
    });
  if (type === "budget") return { type, amounts: readBudgets(bytes, path) };
  const read = readAgentFile(bytes, { file: path });
  if ("problems" in read) throw new SourceFailure("the agent", read.problems);
  const folders = { workspace: places.workspace, output: output ?? outputFolder(places, read.value.name) };
  return { type, part: compile(read.value, folders).part };
}

function readBudgets(bytes: Uint8Array, file: string): { readonly [holder: string]: Amounts } {
  const source = readYaml(bytes, { file });
  if (source.problems.length > 0) throw new SourceFailure("the budgets", source.problems);
  const given: unknown = source.value;
  const amiss = (path: readonly PropertyKey[], wanted: string): never => {
    const problem = { at: source.locate(path), message: `Cannot read the budgets: wanted ${wanted}` };
    throw new SourceFailure("the budgets", [problem]);
  };
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return amiss([], "amounts by name of an agent or id of a budget");
  const read = Object.entries(given).map(([name, words]: [string, unknown]) => {
    if (typeof words !== "object" || words === null) return amiss([name], "amounts such as {toolCalls: 5, wall: 1h}");
    for (const key of Object.keys(words))
      if (!amountWords.has(key)) return amiss([name, key], `one of ${[...amountWords].join(", ")}`);
    const texts: AmountWords = Object.fromEntries(Object.entries(words).map(([key, value]) => [key, String(value)]));
    const found = amountsFrom(texts);
    return "problem" in found ? amiss([name], found.problem) : ([name, found.amounts] as const);
  });
  return Object.fromEntries(read);
}

const amountWords: ReadonlySet<string> = new Set<keyof AmountWords>([
  "cpu",
  "wall",
  "memory",
  "disk",
  "toolCalls",
  "tokens",
  "money",
]);
