/** Registers the definitions of a crew's agents, those of them that the log does not already have as they are. */
import type { Caller, DefinitionId, MachinePort } from "@toka/kernel";
import type { Program } from "../compile.ts";
import { refused } from "./session-failure.ts";

/**
 * Makes each program's kernel part the active definition of its name.
 * @returns the definition's id by agent name
 * @throws SessionFailure when the kernel refuses one; a failure of the machine
 */
export async function registerDefinitions(
  programs: readonly Program[],
  { machine, operator }: { readonly machine: MachinePort; readonly operator: Caller },
): Promise<ReadonlyMap<string, DefinitionId>> {
  const ids = new Map<string, DefinitionId>();
  for (const { part, definition } of programs) {
    const known = await machine.view((state) => state.lookup.definition(part.name) ?? null);
    if (
      known !== null &&
      sameData(known.part, part) &&
      (await isSame(machine, { content: known.source, text: definition.source }))
    ) {
      ids.set(part.name, known.id);
      continue;
    }
    const source = machine.seal(definition.source);
    const receipt = await machine.submit(
      { type: "definition.register", part, source: source.content },
      { caller: operator, payloads: [source] },
    );
    if ("refusal" in receipt.outcome) throw refused(`register agent ${part.name}`, receipt.outcome.refusal);
    for (const event of receipt.outcome.events)
      if (event.type === "definition.registered") ids.set(part.name, event.definition);
  }
  return ids;
}

async function isSame(
  machine: MachinePort,
  { content, text }: { readonly content: Parameters<MachinePort["payload"]>[0]; readonly text: string },
): Promise<boolean> {
  const bytes = await machine.payload(content);
  return bytes !== undefined && new TextDecoder().decode(bytes) === text;
}

// The kernel keeps keys in its own order, so that texts cannot be compared as they are.
function sameData(left: unknown, right: unknown): boolean {
  return JSON.stringify(left, sortedKeys) === JSON.stringify(right, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
