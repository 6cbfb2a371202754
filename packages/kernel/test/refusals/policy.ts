/** Refusals of policies. */
import { type Draft, one, root, World } from "../world.ts";
import { fields, type Row, stranger, type Table } from "./table.ts";

/** A policy about every request. */
export function policyOf(name: string, changes: Partial<Draft> = {}): Draft {
  const rule = { effect: "deny", source: "", when: null, withinMs: null, ...changes };
  return { type: "policy.set", name, rule };
}

/** An agent holds what administers the vault, and passes it on to a person who asks. */
const byAgent: Row = {
  code: "agent_sets_policy",
  breaks: (scene) => {
    const { world } = scene;
    const register = { type: "principal.register", name: "steward", kind: "agent" };
    const { principal } = one(world.must(register), "principal.registered");
    const permissions = ["vault.admin:*"];
    const issue = { type: "grant.issue", holder: principal, permissions, expiresAtMs: null, depthMax: 4 };
    const { grant } = one(world.must(issue), "grant.issued");
    const to = one(world.must({ ...register, name: "friend", kind: "person" }), "principal.registered").principal;
    const passOn = { type: "grant.delegate", to, parent: grant, permissions, expiresAtMs: null };
    const passed = one(world.must(passOn, { principal, grant }), "grant.delegated").grant;
    scene.by = { principal: to, grant: passed };
  },
};

/** One table for each operation of this area. */
export const policyTables: readonly Table[] = [
  {
    operation: "policy.set",
    scene: () => ({ world: World.open(), draft: policyOf("no-network"), by: root }),
    rows: [
      stranger("permission_denied", ["approval.answer:*"]),
      byAgent,
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
    rows: [stranger("permission_denied"), byAgent, fields("policy_unknown", { name: "another" })],
  },
];
