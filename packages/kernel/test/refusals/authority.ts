/** Refusals of the vault, of authority and of faults. */
import { genesisIds, newestFlag } from "../../src/index.ts";
import { inhabited } from "../furnished.ts";
import { forkOf } from "../generate/fork.ts";
import { genesis, host, one, root, World } from "../world.ts";
import { fields, noRoomFor, stranger, type Scene, type Table } from "./table.ts";

const unknownPrincipal = "principal-900-0";

function administrator(draft: Scene["draft"]): () => Scene {
  return () => ({ world: World.open(), draft, by: root });
}

function delegation(): Scene {
  const world = World.open();
  const ann = world.person("ann", ["fs.read:/a/**"], { expiresAtMs: world.timeMs + 10_000 });
  const expiresAtMs = world.timeMs + 5_000;
  const draft = { type: "grant.delegate", to: ann.principal, parent: ann.grant, permissions: ["fs.read:/a/b"] };
  return { world, draft: { ...draft, expiresAtMs }, by: ann };
}

/** One table for each operation of this area. */
export const authorityTables: readonly Table[] = [
  {
    operation: "vault.open",
    scene: () => ({ world: new World(), draft: genesis, by: host }),
    rows: [
      { code: "vault_already_open", breaks: ({ world }) => void world.must(genesis, host) },
      {
        code: "host_only",
        breaks: (scene) => {
          scene.by = { ...scene.by, principal: genesisIds.root };
        },
      },
      {
        code: "grant_not_held",
        breaks: (scene) => {
          scene.by = { ...scene.by, grant: genesisIds.rootGrant };
        },
      },
    ],
  },
  {
    operation: "vault.configure",
    scene: administrator({ type: "vault.configure", limits: { agentsMax: 3 } }),
    rows: [stranger("permission_denied")],
  },
  {
    operation: "vault.configure",
    scene: administrator({ type: "vault.configure", schema: 2, limits: {}, flags: newestFlag }),
    rows: [stranger("permission_denied")],
  },
  {
    operation: "vault.resume",
    scene: () => ({ world: World.open({ held: true }), draft: { type: "vault.resume" }, by: root }),
    rows: [
      stranger("permission_denied"),
      { code: "vault_not_held", breaks: ({ world }) => void world.must({ type: "vault.resume" }) },
    ],
  },
  {
    operation: "vault.fork",
    scene: () => {
      const { world } = inhabited();
      // Wherever the head is when it is asked.
      const draft = {
        ...forkOf(world.state),
        get position(): number {
          return world.state.head.position;
        },
      };
      return { world, draft, by: host };
    },
    rows: [
      fields("fork_mismatch", { parent: `vault-${"2".repeat(32)}` }),
      fields("fork_mismatch", { position: 900 }),
      fields("fork_of_itself", { vault: genesis["vault"] }),
    ],
  },
  {
    operation: "clock.accept",
    scene: () => {
      const world = World.open();
      return { world, draft: { type: "clock.accept", timeMs: world.timeMs }, by: root };
    },
    rows: [stranger("permission_denied"), fields("clock_not_confirmed", { timeMs: 1_000 })],
  },
  {
    operation: "principal.register",
    scene: administrator({ type: "principal.register", name: "ann", kind: "person" }),
    rows: [stranger("permission_denied"), noRoomFor("principalsMax")],
  },
  {
    operation: "grant.issue",
    scene: administrator({
      type: "grant.issue",
      holder: genesisIds.root,
      permissions: ["fs.read:/a"],
      expiresAtMs: null,
      depthMax: 1,
    }),
    rows: [
      stranger("permission_denied"),
      fields("holder_unknown", { holder: unknownPrincipal }),
      fields("expiry_passed", { expiresAtMs: 5 }),
      noRoomFor("grantsMax"),
    ],
  },
  {
    operation: "grant.delegate",
    scene: delegation,
    rows: [
      fields("grant_not_held", { parent: genesisIds.rootGrant }),
      {
        code: "grant_ended",
        // Asked under a grant that lives, of one below it that has expired.
        breaks: (scene) => {
          const { world, by } = scene;
          const permissions = ["fs.read:/a/**"];
          const issue = { type: "grant.issue", holder: by.principal, permissions, expiresAtMs: null, depthMax: 4 };
          const { grant: above } = one(world.must(issue), "grant.issued");
          scene.by = { ...by, grant: above };
          const expiresAtMs = world.timeMs + 10_000;
          const below = { type: "grant.delegate", to: by.principal, parent: above, permissions, expiresAtMs };
          const { grant: parent } = one(world.must(below, scene.by), "grant.delegated");
          if (scene.draft["parent"] !== genesisIds.rootGrant) scene.draft = { ...scene.draft, parent };
          world.timeMs += 20_000;
        },
      },
      fields("holder_unknown", { to: unknownPrincipal }),
      fields("authority_exceeds_parent", { permissions: ["fs.read:/b", "fs.read:/a/b"] }),
      fields("expiry_passed", { expiresAtMs: 5 }, [["expiry_exceeds_parent"], "both are about the one expiry"]),
      fields("expiry_exceeds_parent", { expiresAtMs: null }),
      {
        code: "delegation_too_deep",
        breaks: (scene) => {
          const { world } = scene;
          const ann = world.person("ann", ["fs.read:/a/**"], { depthMax: 0, expiresAtMs: world.timeMs + 10_000 });
          scene.by = ann;
          scene.draft = { ...scene.draft, parent: ann.grant };
        },
      },
      noRoomFor("grantsMax"),
    ],
  },
  {
    operation: "grant.revoke",
    scene: () => {
      const world = World.open();
      const ann = world.person("ann", ["fs.read:/a/**"]);
      return { world, draft: { type: "grant.revoke", grant: ann.grant }, by: root };
    },
    rows: [stranger("grant_not_revocable")],
  },
  {
    operation: "grant.revoke",
    when: "it is the root grant",
    scene: () => {
      const world = World.open();
      const ann = world.person("ann", []);
      return { world, draft: { type: "grant.revoke", grant: ann.grant }, by: root };
    },
    rows: [fields("grant_not_revocable", { grant: genesisIds.rootGrant })],
  },
  {
    operation: "key.record",
    scene: () => ({ world: World.open(), draft: { type: "key.record", publicKey: "k", purpose: "p" }, by: host }),
    rows: [
      {
        code: "limit_reached",
        breaks: ({ world, draft }) => {
          for (let count = 0; count < 64; count += 1) world.must(draft, host);
        },
      },
    ],
  },
  {
    operation: "secret.record",
    scene: administrator({ type: "secret.record", name: "token" }),
    rows: [
      stranger("permission_denied"),
      { code: "secret_exists", breaks: ({ world, draft }) => void world.must(draft) },
      {
        code: "limit_reached",
        last: true,
        breaks: ({ world }) => {
          for (let count = world.state.vault?.secrets.length ?? 0; count < 1_000; count += 1) {
            world.must({ type: "secret.record", name: `secret${count}` });
          }
        },
      },
    ],
  },
  {
    operation: "fault.record",
    scene: () => ({
      world: World.open(),
      draft: {
        type: "fault.record",
        category: "storage",
        code: 7,
        severity: "warning",
        component: "store",
        message: "slow",
        principal: null,
        count: 1,
      },
      by: host,
    }),
    rows: [],
  },
];
