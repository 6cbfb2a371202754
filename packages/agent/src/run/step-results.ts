/** Reads what an agent's steps reported, from the payloads that the log names. */
import type { Agent, Content, MachinePort, Task } from "@toka/kernel";
import { isJson, jsonAt, type Json } from "../definition/template.ts";

/** Results that have been read, by commitment: a content never changes. */
export type ResultCache = Map<string, Json | undefined>;

/** Looks into the results of an agent's steps. */
export type ResultLookup = (step: string, path: readonly string[]) => Json | undefined;

/**
 * Reads the results of every step of an agent that has one.
 * @param cache kept by the caller from one call to the next
 * @returns a lookup over them; a result that was erased or is no JSON is absent
 * @throws what the machine fails with
 */
export async function readResults(
  machine: Pick<MachinePort, "payload">,
  { agent, tasks, cache }: { readonly agent: Agent; readonly tasks: readonly Task[]; readonly cache: ResultCache },
): Promise<ResultLookup> {
  const contents = new Map<string, Content>();
  for (const task of [...Object.values(agent.tasks), ...tasks]) {
    for (const [label, step] of Object.entries(task.steps)) if (step.result !== null) contents.set(label, step.result);
  }
  for (const content of contents.values()) {
    if (!cache.has(content.commitment)) cache.set(content.commitment, parse(await machine.payload(content)));
  }
  return (step, path) => {
    const content = contents.get(step);
    const value = content === undefined ? undefined : cache.get(content.commitment);
    return value === undefined ? undefined : jsonAt(value, path);
  };
}

function parse(bytes: Uint8Array | undefined): Json | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
