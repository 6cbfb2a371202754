/** Bundles of tests: a family that counts, and ways to write one badly. */
import type { FamilyCalling } from "@toka/kernel";
import { engineVersion } from "../../src/families/engine.ts";

const program = "sha256:q6uXvPDZ8kjlFLyvnmjhyiLLHkN4yRYjlRSEoTOYVpk";

/** A bundle of the family `tally` whose decide has this body. */
export function tallyOf(
  decide: string,
  evolve = "rows.put(event.name, (rows.get(event.name) ?? 0) + event.by);",
): string {
  return `
const kept = { calls: 0 };
defineFamily({
  prefix: "tally",
  version: 1,
  operations: { add: { name: "name", by: "positive" } },
  events: { added: { name: "name", by: "integer" } },
  decide(rows, { type, body }, moment) { ${decide} },
  evolve(rows, event) { ${evolve} },
});`;
}

/** What counts. */
export const counting: string = tallyOf("return { events: [{ type: 'added', ...body }] };");

/** A call of `tally.add`, with rows that stand. */
export function callingOf(
  changes: Partial<FamilyCalling> = {},
  rows: Readonly<Record<string, string>> = {},
): FamilyCalling {
  return {
    family: "tally",
    version: 1,
    program: program,
    engine: engineVersion,
    bundle: { commitment: program, size: 1 },
    verb: "add",
    body: '{"by":2,"name":"a"}',
    timeMs: 1_790_000_000_000,
    position: 7,
    principal: "principal-1-1" as FamilyCalling["principal"],
    agent: null,
    read: (key) => rows[key],
    ...changes,
  };
}
