/** Refusals of payloads. */
import { inhabited } from "../furnished.ts";
import { otherDigest, root, someContent, someDigest } from "../world.ts";
import { familyOf } from "./family.ts";
import { fields, stranger, type Table } from "./table.ts";

/** One table for each operation of this area. */
export const payloadTables: readonly Table[] = [
  {
    operation: "payload.erase",
    scene: () => {
      const { world } = inhabited();
      return { world, draft: { type: "payload.erase", payloads: [otherDigest], reason: "asked for" }, by: root };
    },
    rows: [
      stranger("permission_denied", ["fs.read:/**"]),
      // The source of every furnished definition, and a manifest.
      fields("payload_in_use", { payloads: [otherDigest, someDigest] }),
    ],
  },
  {
    operation: "payload.erase",
    when: "of a family's bundles",
    scene: () => {
      const { world } = inhabited();
      // A version that has been replaced needs its bundle no more.
      world.must(familyOf({ bundle: { ...someContent, commitment: otherDigest } }));
      world.must(familyOf({ version: 2 }));
      return { world, draft: { type: "payload.erase", payloads: [otherDigest], reason: "asked for" }, by: root };
    },
    rows: [
      stranger("permission_denied", ["fs.read:/**"]),
      {
        code: "payload_in_use",
        breaks: ({ world }) =>
          void world.must(familyOf({ version: 3, bundle: { ...someContent, commitment: otherDigest } })),
      },
    ],
  },
];
