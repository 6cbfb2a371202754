/**
 * Fields of the original's agent files that are understood and that nothing acts on yet. Accepting one silently would
 * promise what does not happen, so each is refused by its name.
 */

/** Path of a field (dots between keys, `[]` for any element) to what it would need. */
export const unactedFields: Readonly<Record<string, string>> = {
  "metadata.created": "no part of Toka reads a file's date",
  "metadata.workstream": "agents are grouped by their crew",
  "metadata.branch": "no agent works on a branch yet",
  "objectives[].priority": "all objectives are judged",
  "tasks.conditional": "give a task in tasks.default a when",
  "tasks.default[].estimated_duration": "nothing plans by estimates; timeout sets a bound",
  "security.resource_limits.max_network_bandwidth": "no network reaches an agent yet",
  reporting: "every step is in the log, and nothing sends reports yet",
  behavioral_directives: "they need a model, and no agent has one yet",
  risk_mitigation: "nothing watches risks yet",
  success_criteria: "give the objectives a validation",
  github_integration: "no network reaches an agent yet",
};

/**
 * Looks up a field that stands at `path` in a file.
 * @returns why nothing acts on it, or undefined when it is not such a field
 */
export function whyUnacted(path: readonly PropertyKey[]): string | undefined {
  let name = "";
  for (const part of path) name += typeof part === "number" ? "[]" : `${name === "" ? "" : "."}${String(part)}`;
  return Object.hasOwn(unactedFields, name) ? unactedFields[name] : undefined;
}
