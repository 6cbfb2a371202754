/** Refusals of families. */
import { fixedLimits } from "../../src/index.ts";
import { inhabited } from "../furnished.ts";
import { type Draft, otherDigest, someContent, someDigest, World } from "../world.ts";
import { fields, stranger, type Table } from "./table.ts";

/** Enables `tally`. */
export function familyOf(changes: Partial<Draft> = {}): Draft {
  return {
    type: "family.enable",
    family: "tally",
    version: 1,
    bundle: someContent,
    program: someDigest,
    engine: "tally-1",
    ...changes,
  };
}

/** Asks `tally` to count one more. */
export function callOf(changes: Partial<Draft> = {}): Draft {
  return { type: "family.call", family: "tally", verb: "add", body: '{"by":1,"name":"a"}', ...changes };
}

const oneAnswer = "one bundle gives one answer";

/** One table for each operation of this area. */
export const familyTables: readonly Table[] = [
  {
    operation: "family.enable",
    scene: () => {
      const world = World.open();
      return { world, draft: familyOf(), by: world.person("admin", ["vault.admin:*"]) };
    },
    rows: [
      stranger("permission_denied"),
      {
        code: "family_version_passed",
        breaks: ({ world }) => void world.must(familyOf({ program: otherDigest })),
        not: [["limit_reached"], "a family that is there needs no room"],
      },
      {
        code: "limit_reached",
        last: true,
        breaks: ({ world }) => {
          for (let count = world.state.families.size; count < fixedLimits.familiesMax; count += 1)
            world.must(familyOf({ family: `f${count}` }));
        },
      },
    ],
  },
  {
    operation: "family.call",
    scene: () => {
      const { world } = inhabited();
      world.must(familyOf());
      return {
        world,
        draft: callOf(),
        by: world.spawn({ permissions: ["family.call:tally.*", "family.call:other.*"] }),
      };
    },
    rows: [
      fields("permission_denied", { family: "third" }),
      {
        code: "agent_suspended",
        breaks: ({ world }) => {
          for (const { id } of world.state.agents.values())
            world.must({ type: "agent.suspend", agent: id, reason: "other" });
        },
      },
      fields("family_unknown", { family: "other" }),
      fields("family_absent", { verb: "elsewhere" }, [["family_failed", "family_refused", "limit_reached"], oneAnswer]),
      fields("family_failed", { verb: "break" }, [["family_refused", "limit_reached"], oneAnswer]),
      fields("family_refused", { body: '{"by":2000,"name":"a"}' }, [["limit_reached"], oneAnswer]),
      {
        code: "limit_reached",
        breaks: (scene) => {
          for (let from = 0; from < 16; from += 1)
            scene.world.must(callOf({ verb: "fill", body: `{"by":${from * 256}}` }));
          scene.draft = callOf({ verb: "fill", body: '{"by":90000}' });
        },
      },
    ],
  },
];
