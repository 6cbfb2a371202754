/**
 * Policy files as the kernel takes them.
 */
import { readBounded, readPolicies } from "@toka/agent";
import { parseOperation, type PolicySet } from "@toka/kernel";
import { SourceFailure } from "@toka/runtime";

import { ServiceFailure } from "./failure.ts";

/**
 * Reads a policy file.
 *
 * @param path - absolute
 * @returns one operation for each policy, in the order of the file
 * @throws a failure `policy_file_absent`; SourceFailure with every problem of the file
 */
export async function readPolicyFile(path: string): Promise<readonly PolicySet[]> {
  const bytes = await readBounded(path);
  if (bytes === undefined)
    throw new ServiceFailure("policy_file_absent", { message: `Cannot read the policies: there is no file ${path}` });
  const read = readPolicies(bytes, { file: path });
  if ("problems" in read) throw new SourceFailure("the policies", read.problems);
  // As it will stand in the log, keys in their order, so that it can be compared with what is in force.
  return read.value.map((one) => {
    const operation = parseOperation(one);
    return operation.type === "policy.set" ? operation : one;
  });
}
