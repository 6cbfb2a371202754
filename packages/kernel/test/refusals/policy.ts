/** Refusals of policies. */
import { type Draft, root, World } from "../world.ts";
import { fields, stranger, type Table } from "./table.ts";

/** A policy about every request. */
export function policyOf(name: string, changes: Partial<Draft> = {}): Draft {
  const rule = { effect: "deny", source: "", when: null, withinMs: null, ...changes };
  return { type: "policy.set", name, rule };
}

/** One table for each operation of this area. */
export const policyTables: readonly Table[] = [
  {
    operation: "policy.set",
    scene: () => ({ world: World.open(), draft: policyOf("no-network"), by: root }),
    rows: [
      stranger("permission_denied", ["approval.answer:*"]),
      {
        code: "limit_reached",
        breaks: ({ world }) => {
          for (let count = 0; count < 64; count += 1) world.must(policyOf(`policy-${count}`));
        },
      },
    ],
  },
  {
    operation: "policy.set",
    when: "it repeals one",
    scene: () => {
      const world = World.open();
      world.must(policyOf("no-network"));
      return { world, draft: { type: "policy.set", name: "no-network", rule: null }, by: root };
    },
    rows: [stranger("permission_denied"), fields("policy_unknown", { name: "another" })],
  },
];
