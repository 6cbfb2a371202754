/** Refusals of leases. */
import { fixedLimits } from "../../src/index.ts";
import { inhabited } from "../furnished.ts";
import { type Draft, one, root, World } from "../world.ts";
import { fields, stranger, type Row, type Scene, type Table } from "./table.ts";

/** Takes the lease on `deploy`. */
export function takeOf(changes: Partial<Draft> = {}): Draft {
  return { type: "lease.take", resource: "deploy", forMs: 60_000, ...changes };
}

/** A person owns `deploy` and asks. */
function ownedScene(type: string, more: Partial<Draft>): () => Scene {
  return () => {
    const world = World.open();
    const ann = world.person("ann", ["lease.take:*"]);
    const { epoch } = one(world.must(takeOf(), ann), "lease.taken");
    return { world, draft: { type, resource: "deploy", epoch, ...more }, by: ann };
  };
}

/** An agent owns `deploy` and asks. */
function agentsScene(type: string, more: Partial<Draft>): () => Scene {
  return () => {
    const { world } = inhabited();
    const by = world.spawn({ permissions: ["lease.take:*"] });
    const { epoch } = one(world.must(takeOf(), by), "lease.taken");
    return { world, draft: { type, resource: "deploy", epoch, ...more }, by };
  };
}

const suspended: Row = {
  code: "agent_suspended",
  breaks: ({ world }) => {
    for (const { id } of world.state.agents.values()) {
      world.must({ type: "agent.suspend", agent: id, reason: "other" });
    }
  },
};

const pass: Row = { code: "lease_expired", breaks: ({ world }) => void (world.timeMs += 60_001) };
const released: Row = {
  code: "lease_not_held",
  not: [["lease_expired"], "what has run out is not released"],
  breaks: ({ world, draft }) =>
    // Refused when a row below has let it run out.
    void world.ask({ type: "lease.release", resource: "deploy", epoch: draft["epoch"] }, root),
};
const elsewhere = fields("lease_not_held", { resource: "another" });
const older = fields("lease_not_held", { epoch: 900 });

/** One table for each operation of this area. */
export const leaseTables: readonly Table[] = [
  {
    operation: "lease.take",
    scene: () => {
      const { world } = inhabited();
      return { world, draft: takeOf(), by: world.spawn({ permissions: ["lease.take:deploy"] }) };
    },
    rows: [
      fields("permission_denied", { resource: "another" }),
      suspended,
      { code: "lease_held", breaks: ({ world }) => void world.must(takeOf()) },
      {
        code: "limit_reached",
        last: true,
        breaks: ({ world }) => {
          for (let count = world.state.leases.size; count < fixedLimits.leasesMax; count += 1)
            world.must(takeOf({ resource: `r${count}` }));
        },
      },
    ],
  },
  {
    operation: "lease.renew",
    scene: agentsScene("lease.renew", { forMs: 1_000 }),
    rows: [
      stranger("permission_denied"),
      suspended,
      {
        code: "lease_not_held",
        breaks: (scene) => {
          scene.by = scene.world.spawn({ name: "other", permissions: ["lease.take:*"] });
        },
      },
      elsewhere,
      older,
      released,
      pass,
    ],
  },
  {
    operation: "lease.release",
    scene: ownedScene("lease.release", {}),
    rows: [stranger("lease_not_held", ["lease.take:*"]), elsewhere, older, released, pass],
  },
];
