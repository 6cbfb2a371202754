/** Refusals of payloads. */
import { inhabited } from "../furnished.ts";
import { otherDigest, root, someDigest } from "../world.ts";
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
];
