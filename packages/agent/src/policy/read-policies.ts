/** Reads a policy file into what the kernel enacts, or says everything that is wrong with it. */
import { limitCeilings, type PolicyRule, type PolicySet } from "@toka/kernel";
import { arrangeProblems, type Problem, readYaml, type YamlSource } from "@toka/runtime";
import { readPolicyCondition } from "../cel/condition.ts";
import type { Read } from "../definition/agent-file.ts";
import { checkShape } from "../definition/check-shape.ts";
import { parseSpan } from "../definition/quantities.ts";
import { type PolicyEntry, policyFileSchema } from "./policy-schema.ts";

/**
 * Reads a policy file. Conditions are CEL, type-checked here and lowered to what the kernel itself decides.
 *
 * @param bytes the file
 * @param options `file`: the name that problems show
 * @returns one operation for each policy, in the order of the file, or every problem found
 */
export function readPolicies(bytes: Uint8Array, options: { readonly file: string }): Read<readonly PolicySet[]> {
  const source = readYaml(bytes, options);
  const shape = checkShape(source, policyFileSchema);
  if ("problems" in shape) return { problems: arrangeProblems(shape.problems) };
  const { policies } = shape.data;
  const problems: Problem[] = [];
  const names = policies.map(({ name }) => name);
  const operations = policies.map((entry, index): PolicySet => {
    if (names.indexOf(entry.name) !== index) {
      const at = source.locate(["policies", index, "name"]);
      problems.push({ at, message: `Cannot use policy "${entry.name}": another policy of the file has that name` });
    }
    return { type: "policy.set", name: entry.name, rule: readRule(entry, { source, problems, index }) };
  });
  return problems.length > 0 ? { problems: arrangeProblems(problems) } : { value: operations };
}

interface Reading {
  readonly source: YamlSource;
  readonly problems: Problem[];
  readonly index: number;
}

function readRule({ effect, when, within }: PolicyEntry, { source, problems, index }: Reading): PolicyRule | null {
  const path = ["policies", index];
  const read = readPolicyCondition(when);
  if ("problem" in read) {
    problems.push({ at: source.locateInText([...path, "when"], read.offset), message: read.problem });
    return null;
  }
  const withinMs = within === undefined ? null : (parseSpan(within) ?? 0);
  const at = source.locate([...path, "within"]);
  if (within !== undefined && effect !== "require-approval") {
    const message = `Cannot use "within": only a policy that requires an approval waits, found effect ${effect}`;
    problems.push({ at, message });
  }
  const { approvalMsMax } = limitCeilings;
  if (withinMs !== null && (withinMs < 1 || withinMs > approvalMsMax)) {
    const message = `Cannot wait ${within}: wanted 1ms to ${approvalMsMax / 86_400_000}d`;
    problems.push({ at, message });
  }
  return { effect, source: when, when: read.predicate, withinMs };
}
